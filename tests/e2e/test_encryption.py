"""End-to-end encryption with real browsers: what the server forwards is looked at, packet by packet."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import av
import pytest
from playwright.async_api import Browser, expect

from server.bots.participant import Participant
from server.bots.picture import encoded_loop
from server.rooms.ports import KeyHolder, KeyRing, Viewer
from server.rooms.ring import Ring
from server.sfu.rtp.rtcp import write_keyframe_request
from server.sfu.rtp.vp8 import Vp8
from tests.media.rawpeer import AUDIO, VIDEO, RawPeer
from tests.support.browser import barriers, pictures
from tests.support.call import SESSION, Call, call
from tests.support.seats import WITHIN_MS, SeatAtBrowser

pytestmark = pytest.mark.timeout(300)

MARK = b"MLU1"
TRAILER = 16
NOISE_MAX = 400
"""Six deviations above what noise has: no run in a hundred million of honest noise comes so far."""
CURVES_BASE_POINT = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
"""A public key whose private half everybody knows: 1."""
AN_OLD_BROWSER = "delete window.RTCRtpScriptTransform"


def sounds(spy: RawPeer, since: int = 0) -> list[bytes]:
    return [packet.payload for packet in spy.packets[since:] if packet.payload_type == AUDIO]


def frames(spy: RawPeer, since: int = 0) -> list[bytes]:
    """Whole pictures of the first video stream, put together from packets as a decoder would."""
    found: list[bytes] = []
    part, expected = b"", -1
    stream = next((p.ssrc for p in spy.packets[since:] if p.payload_type == VIDEO), 0)
    for packet in spy.packets[since:]:
        if packet.ssrc != stream or not packet.payload:
            continue
        vp8 = Vp8(packet.payload)
        if vp8.starts_frame:
            part = b""
        elif packet.sequence != expected:
            part = b"?" * 10_000  # a packet is missing: no frame
        expected = packet.sequence + 1 & 0xFFFF
        part += packet.payload[vp8.size :]
        if packet.marker and not part.startswith(b"?"):
            found.append(part)
    return found


def decoded(data: list[bytes]) -> int:
    """How many of these are pictures to a VP8 decoder.

    Some sealed ones are: noise is a picture of noise to it, for the header of a keyframe stays in the clear and any
    bits can follow. Of thirty sealed frames a decoder makes none in most cases, and more than two in hardly any.
    """
    decoder = av.CodecContext.create("vp8", "r")
    count = 0
    for frame in data:
        try:
            count += len(decoder.decode(av.Packet(frame)))
        except av.FFmpegError:
            pass
    return count


def structure(data: list[bytes], *, clear: Callable[[bytes], int]) -> float:
    """What tells these bytes from noise: χ² of how often each value comes (255 ± 23 for noise, however much of it).

    Left out are each one's first `clear` bytes and a trailer's length at its end.
    """
    body = b"".join(each[clear(each) : -TRAILER] for each in data)
    assert len(body) > 2_000, "too little to tell"
    counts = Counter(body)
    expected = len(body) / 256
    return sum((counts[value] - expected) ** 2 for value in range(256)) / expected


def assert_sealed(pictures_seen: list[bytes], sounds_heard: list[bytes]) -> None:
    assert all(each.endswith(MARK) for each in pictures_seen), "every picture is sealed"
    assert all(each.endswith(MARK) for each in sounds_heard), "every sound is sealed"
    assert structure(pictures_seen, clear=header) < NOISE_MAX
    assert structure(sounds_heard, clear=lambda sound: 0) < NOISE_MAX
    assert decoded(pictures_seen) < len(pictures_seen) / 4


def header(frame: bytes) -> int:
    """How much of a VP8 frame stays in the clear (ENCRYPTION.md)."""
    return 1 if frame[0] & 1 else 10


def key_ids(spy: RawPeer, since: int = 0) -> set[tuple[bytes, int]]:
    """(sender, key) of the sealed sounds."""
    return {(p[-10:-6], p[-6]) for p in sounds(spy, since) if p.endswith(MARK)}


async def spied(spy: RawPeer) -> int:
    """Wait for some seconds of pictures and sounds that begin with a keyframe; returns where they begin."""
    since = len(spy.packets)
    for ssrc in spy.slots.values():
        spy.send_control(write_keyframe_request(ssrc=1, media=ssrc))
    async with asyncio.timeout(60):
        while True:
            await asyncio.sleep(0.5)
            seen = frames(spy, since)
            keyframes = [index for index, frame in enumerate(seen) if not frame[0] & 1]
            if keyframes and len(seen) - keyframes[0] > 25 and len(sounds(spy, since)) > 50:
                return since


async def says(seat: SeatAtBrowser, word: str) -> None:
    await expect(seat.page.locator(".dock-shelter")).to_have_text(word, timeout=WITHIN_MS)


async def code_of(seat: SeatAtBrowser) -> str:
    """The numbers that this person would read out."""
    await seat.page.locator(".dock-shelter").click()
    code = seat.page.locator("[data-code]")
    await expect(code).to_have_text(re.compile(r"^\s*(\d{4} ){4}\d{4}\s*$"), timeout=WITHIN_MS)
    text = await code.inner_text()
    await seat.page.get_by_role("button", name="Close").click()
    return text.strip()


async def test_what_the_server_forwards_is_no_picture_and_no_sound_to_anybody_else(
    chromium: Browser, tmp_path: Path
) -> None:
    async with call(tmp_path) as room:
        fay = await room.enter(chromium, "fay")
        robin = await room.enter(chromium, "robin", by=fay, roams=True)
        await fay.sees_and_hears(1)
        await robin.sees_and_hears(1)
        for seat in (fay, robin):
            await says(seat, "Locked")
            assert await seat.roams() == (seat is robin), "it is the same by either kind of connection"

        spy = await room.spy()
        since = await spied(spy)
        assert_sealed(frames(spy, since), sounds(spy, since))

        codes = [await code_of(seat) for seat in (fay, robin)]
        assert codes[0] == codes[1]
        await fay.page.locator(".dock-shelter").click()
        assert await barriers(fay.page) == []
        await pictures(fay.page, "privacy-locked", themes=("light",))
        await fay.page.get_by_role("button", name="Close").click()

        # A browser that cannot seal: the room says so, and goes on for everybody.
        old = await room.enter(chromium, "kim", by=fay, script=AN_OLD_BROWSER)
        for seat in (fay, robin, old):
            await says(seat, "Not locked")
            await seat.sees_and_hears(2)
        await expect(robin.page.get_by_text("not locked from end to end just now")).to_be_visible()
        since = await spied(spy)
        assert decoded(frames(spy, since)) > 10, "the same eyes that saw nothing before"
        assert structure(frames(spy, since), clear=header) > NOISE_MAX
        await robin.page.get_by_role("button", name="What this means").click()
        await expect(robin.page.get_by_role("dialog")).to_contain_text("the browser of Kim Pattern cannot do that")
        await pictures(robin.page, "privacy-open", themes=("light",))
        await robin.page.get_by_role("button", name="Close").click()

        # It leaves: sealed again, by itself, without a gap that anybody has to mend.
        await old.page.get_by_role("button", name="Leave", exact=True).click()
        await old.page.get_by_role("dialog").get_by_role("button", name="Leave").click()
        for seat in (fay, robin):
            await says(seat, "Locked")
            await seat.sees_and_hears(1)
        gone = fay.page.get_by_text("For a while, sound and pictures were not locked")
        await expect(gone).to_be_visible()
        await fay.page.get_by_role("button", name="All right").click()
        await expect(gone).to_be_hidden()
        await expect(robin.page.get_by_text("were not locked")).to_be_hidden()  # who took note while it was so
        since = await spied(spy)
        assert_sealed(frames(spy, since), sounds(spy, since))
        for seat in (fay, robin):
            assert seat.mistakes == [], seat.name


async def test_who_comes_or_goes_makes_everybody_take_new_keys(chromium: Browser, tmp_path: Path) -> None:
    async with call(tmp_path) as room:
        fay = await room.enter(chromium, "fay")
        robin = await room.enter(chromium, "robin", by=fay)
        await robin.sees_and_hears(1)
        spy = await room.spy()
        alone = key_ids(spy, await spied(spy))
        code = await code_of(fay)

        sam = await room.enter(chromium, "sam", by=fay)
        await sam.sees_and_hears(2)
        await fay.sees_and_hears(2)
        with_sam = key_ids(spy, await spied(spy))
        assert len(with_sam) == 2, "two slots for sound, one key each"
        assert not alone & with_sam, "what Sam has opens nothing from before"
        assert await code_of(fay) == await code_of(sam) != code

        await sam.page.get_by_role("button", name="Leave", exact=True).click()
        await sam.page.get_by_role("dialog").get_by_role("button", name="Leave").click()
        await fay.sees_and_hears(1)
        await asyncio.sleep(1)  # the new keys are on their way for a quarter of a second
        after = key_ids(spy, await spied(spy))
        assert not with_sam & after, "what Sam has opens nothing from after"
        await robin.sees_and_hears(1)


async def test_a_simulated_participant_holds_keys_like_everybody(chromium: Browser, tmp_path: Path) -> None:
    async with call(tmp_path) as room:
        fay = await room.enter(chromium, "fay")
        living = asyncio.create_task(Participant(room.link("robin"), 0).live())
        try:
            row = fay.page.get_by_role("listitem").filter(has_text="Robin Example")
            await row.get_by_role("button", name="Admit").first.click(timeout=WITHIN_MS)
            await fay.sees(1)
            await says(fay, "Locked")
            spy = await room.spy()
            await spy.until(lambda: len(spy.packets) > 100, 60)
            assert frames(spy)
            assert all(frame.endswith(MARK) for frame in frames(spy))
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)


async def test_a_line_that_drops_and_comes_back_loses_no_key(chromium: Browser, tmp_path: Path) -> None:
    async with call(tmp_path) as room:
        fay = await room.enter(chromium, "fay")
        robin = await room.enter(chromium, "robin", by=fay)
        await robin.sees_and_hears(1)
        live = await room.rooms.open(SESSION)
        for viewer in live._audience:
            await viewer._websocket.close(1012)
        for seat in (fay, robin):
            await says(seat, "Locked")
            await seat.sees_and_hears(1)


async def test_without_keys_nothing_leaves_a_browser(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ring, "_tell", lambda self: None)  # a server that keeps quiet about who is there
    async with call(tmp_path) as room:
        fay = await room.enter(chromium, "fay")
        spy = await room.spy()
        await expect(fay.page.locator(".dock-shelter")).to_have_text("Locking…")
        await asyncio.sleep(5)
        assert spy.packets == []
        assert packets_of(room) == 0


def packets_of(room: Call) -> int:
    """How many packets of anybody's media reached the server."""
    peers = room.sfu._rooms[SESSION].peers.values()
    return sum(layer.core.figures().received for peer in peers for layer in peer.uplink.layers())


async def test_a_server_that_puts_its_own_keys_in_between_is_found_out_by_the_code(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    false_key = CURVES_BASE_POINT
    tell = told_by(lambda viewer, holder: false_key if viewer.expected.person != holder.person else holder.key)
    monkeypatch.setattr(Ring, "_tell", tell)
    async with call(tmp_path) as room:
        fay = await room.enter(chromium, "fay")
        robin = await room.enter(chromium, "robin", by=fay)
        for seat in (fay, robin):
            await says(seat, "Locked")
        assert await code_of(fay) != await code_of(robin)


def told_by(key_for: Callable[[Viewer, KeyHolder], str | None]) -> Callable[[Any], None]:
    """A ring that tells everybody something else."""

    def tell(ring: Any) -> None:
        for connection in ring._members:
            viewer = ring._audience.get(connection)
            if viewer is None:
                continue
            holders = [
                KeyHolder(member=name, person=member.person, key=member.key, turn=member.turn)
                for name, member in ring._members.items()
            ]
            viewer.tell(
                KeyRing(
                    members=[
                        KeyHolder(member=h.member, person=h.person, key=key_for(viewer, h), turn=h.turn)
                        for h in holders
                    ]
                )
            )

    return tell


def test_these_eyes_tell_a_picture_from_noise() -> None:
    """Else the tests above would prove nothing."""
    plain = encoded_loop(1)
    assert decoded(plain) == len(plain) > 10
    assert structure(plain, clear=header) > NOISE_MAX
    dice = Random(1)
    noise = [frame[: header(frame)] + dice.randbytes(len(frame)) for frame in plain]
    assert structure(noise, clear=header) < NOISE_MAX
