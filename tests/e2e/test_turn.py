"""People whose networks let nothing through but one TCP connection: a real coturn carries their call."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser
from pydantic import SecretStr

from tests.support.call import call
from tests.support.turn import SECRET, installed, turn_server

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(not installed(), reason="coturn is not installed. As root: apt-get install coturn"),
]

RELAY_ONLY = """(() => {
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(settings) { super({ ...settings, iceTransportPolicy: "relay" }); }
    setConfiguration(settings) { super.setConfiguration({ ...settings, iceTransportPolicy: "relay" }); }
  };
})();"""

PAIR = """async () => {
  const found = [];
  for (const peer of window.watchedPeers) {
    const stats = await peer.getStats();
    for (const pair of stats.values()) {
      if (pair.type !== "candidate-pair" || !pair.nominated) continue;
      const local = stats.get(pair.localCandidateId);
      found.push([local.candidateType, local.relayProtocol]);
    }
  }
  return found;
}"""


async def test_pictures_move_and_sound_is_heard_through_a_relay_alone(chromium: Browser, tmp_path: Path) -> None:
    async with (
        turn_server(tmp_path) as turn,
        call(tmp_path, turn_urls=(turn.url,), turn_secret=SecretStr(SECRET)) as room,
    ):
        fay = await room.enter(chromium, "fay")
        robin = await room.enter(chromium, "robin", by=fay, script=RELAY_ONLY)
        await robin.sees_and_hears(1)
        await fay.sees_and_hears(1)
        pairs = await robin.page.evaluate(PAIR)
        assert pairs and all(pair == ["relay", "tcp"] for pair in pairs)  # two while ICE is made anew
        assert (await fay.page.evaluate(PAIR))[0][0] != "relay"
        assert turn.said("ALLOCATE processed, success") >= 1
        assert "p-robin" not in "".join(turn.lines), "the relay learns of nobody who they are"

        # The network changes: the way by the relay is made anew.
        await robin.page.evaluate("() => window.dispatchEvent(new Event('online'))")
        await robin.sees_and_hears(1)


async def test_with_another_secret_the_relay_carries_nobody(chromium: Browser, tmp_path: Path) -> None:
    wrong = SecretStr("w" * 40)
    async with turn_server(tmp_path) as turn, call(tmp_path, turn_urls=(turn.url,), turn_secret=wrong) as room:
        fay = await room.enter(chromium, "fay", script=RELAY_ONLY)
        for _ in range(300):
            if turn.said("check_stun_auth: Cannot find credentials"):
                break
            await fay.page.wait_for_timeout(100)
        else:
            raise AssertionError(f"nobody was turned away: {turn.lines}")
        assert turn.said("ALLOCATE processed, success") == 0
