"""People whose networks let nothing through but one TCP connection: a real coturn carries their call, configured as the
README says."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from aioice import stun
from aioice.turn import TurnTransport, create_turn_endpoint
from playwright.async_api import Browser
from pydantic import SecretStr

from facilitation.timebase import Instant
from server.clock import RoomClock
from server.commands._relays import troubles
from server.relay import ice_servers
from tests.support.browser import open_chromium
from tests.support.call import call
from tests.support.turn import SECRET, Turn, documented, installed, turn_server

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


async def test_pictures_move_and_sound_is_heard_through_a_relay_alone(tmp_path: Path) -> None:
    async with (
        turn_server(tmp_path) as turn,
        call(tmp_path, turn_urls=(turn.tls_url,), turn_secret=SecretStr(SECRET)) as room,
        open_chromium(flags=[f"--ignore-certificate-errors-spki-list={turn.pinned}"]) as chromium,
    ):
        fay = await room.enter(chromium, "fay")
        robin = await room.enter(chromium, "robin", by=fay, script=RELAY_ONLY, roams=True)
        await robin.sees_and_hears(1)
        assert await robin.roams()
        await fay.sees_and_hears(1)
        pairs = await robin.page.evaluate(PAIR)
        assert pairs and all(pair == ["relay", "tls"] for pair in pairs)  # two while ICE is made anew
        assert (await fay.page.evaluate(PAIR))[0][0] != "relay"
        assert turn.said("ALLOCATE processed, success") >= 1
        assert "p-robin" not in "".join(turn.lines), "the relay learns of nobody who they are"

        # The network changes: the way by the relay is made anew.
        await robin.page.evaluate("() => window.dispatchEvent(new Event('online'))")
        await robin.sees_and_hears(1)


async def said_of(url: str, *, secret: str = SECRET, media: str = "127.0.0.1") -> list[str]:
    """What `python -m server check` says of a TURN server."""
    return [each async for each in troubles(url, secret, media=[(media, 8421)], now=RoomClock().now())]


async def test_what_is_wrong_with_a_relay_is_told_before_anybody_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.commands._relays.REFUSAL_S", 0.5)
    async with turn_server(tmp_path) as turn:
        assert await said_of(turn.url) == []
        (untrusted,) = await said_of(turn.tls_url)
        assert untrusted == f"{turn.tls_url} cannot be reached: self-signed certificate."
        monkeypatch.setenv("SSL_CERT_FILE", str(turn.certificate))
        assert await said_of(turn.tls_url) == []
        (wrong,) = await said_of(turn.url, secret="w" * 40)
        assert wrong.endswith("its secret is another than MILIEU_TURN_SECRET.")
        (elsewhere,) = await said_of(turn.url, media="203.0.113.7")
        assert elsewhere.endswith("it needs allowed-peer-ip=203.0.113.7.")
    (gone,) = await said_of(turn.url)
    assert "cannot be reached" in gone
    async with turn_server(tmp_path, without=("denied-peer-ip",)) as turn:
        (open_to_all,) = await said_of(turn.url)
        assert "carries to any address" in open_to_all


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


class Echo(asyncio.DatagramProtocol):
    """Says everything back, and keeps what it heard; at either end of a relay."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.refused: asyncio.Queue[Exception] = asyncio.Queue()
        self._closed = asyncio.Event()
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.heard.put_nowait(data)
        if not isinstance(self._transport, TurnTransport):
            self._transport.sendto(data, addr)

    def error_received(self, exc: Exception) -> None:
        self.refused.put_nowait(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._transport.get_extra_info("sockname")
        return host, port

    async def close(self) -> None:
        self._transport.close()
        await asyncio.wait_for(self._closed.wait(), 10)


def named(*, now: Instant) -> dict[str, str]:
    """A name and its password, as our welcome hands them out."""
    (server,) = ice_servers(["turns:localhost"], SECRET, now=now)
    return {"username": server["username"], "password": server["credential"]}


async def relayed(turn: Turn, **name: str) -> tuple[TurnTransport, Echo]:
    """A relay as a browser gets one that trusts nobody but the clinic, over TLS."""
    trusted = ssl.create_default_context(cafile=str(turn.certificate))
    return await create_turn_endpoint(Echo, ("localhost", turn.tls_port), ssl=trusted, transport="tcp", **name)


async def test_a_relay_carries_to_our_media_address_and_nowhere_else(tmp_path: Path) -> None:
    """Else anybody who holds a link could reach what stands inside of the clinic."""
    loop = asyncio.get_running_loop()
    async with turn_server(tmp_path) as turn:
        _, media = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
        _, inside = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.2", 0))
        name = named(now=RoomClock().now())
        relay, end = await relayed(turn, **name)
        relay.sendto(b"to the media port", media.address)
        assert await asyncio.wait_for(end.heard.get(), 10) == b"to the media port"
        for forbidden in (inside.address, ("10.0.0.1", 80), ("169.254.169.254", 80), ("192.168.1.1", 443)):
            relay.sendto(b"into the clinic", forbidden)
            assert "403" in str(await asyncio.wait_for(end.refused.get(), 10)), forbidden
        assert inside.heard.empty()

        quota, ends = int(documented()["user-quota"][0]), [end]
        with pytest.raises(stun.TransactionFailed, match="486"):
            while len(ends) <= quota:
                ends.append((await relayed(turn, **name))[1])
        assert len(ends) == quota, "so many for one name, and no more"
        for each in (media, inside, *ends):
            await each.close()
        with pytest.raises(stun.TransactionFailed, match="401"):
            await relayed(turn, **named(now=Instant(0)))  # one of long ago
