"""Keys of media on their way between browsers (PROTOCOL.md §6): all learn who holds keys, nobody in between reads."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from facilitation.people import Expected
from server.clock import RoomClock
from server.rooms import ring
from server.rooms.silent_media import SilentMedia
from server.store import memory
from server.store.ports import Store
from tests.wire.browser import Browser, arrive, seat
from tests.wire.example import FACILITATOR, ROBIN, SAM, SESSION
from tests.wire.node import Node, running

Members = dict[str, dict[str, Any]]


def a_key() -> str:
    """Bytes of the right length; whether they are a point of the curve is the browsers' matter."""
    return base64.urlsafe_b64encode(b"\x04" + secrets.token_bytes(64)).decode().rstrip("=")


class Place:
    def __init__(self, *, sealed_only: bool = False) -> None:
        self.store: Store = memory.connect()
        self.clock = RoomClock()
        self.node = Node(self.store.log, self.store.leases, self.clock, media=SilentMedia(self.clock))
        self.node.rooms._sealed_only = sealed_only
        self.fran = Browser(self.node, FACILITATOR)

    async def seated(self, person: Expected) -> Browser:
        browser = await Browser(self.node, person).connect()
        await seat(self.fran, browser)
        return browser


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Place]:
    place = Place()
    async with running(place.node), place.fran:
        yield place


def connection(browser: Browser) -> str:
    return str([m for m in browser.messages if m["type"] == "welcome"][-1]["connection"])


async def ring_of(browser: Browser, *, size: int) -> Members:
    """The members as they were told last, by person, once there are so many."""

    def last() -> list[dict[str, Any]]:
        told = [m for m in browser.messages if m["type"] == "key_ring"]
        return told[-1]["members"] if told else []

    await browser.until(lambda: len(last()) == size)
    return {member["person"]: member for member in last()}


async def test_everybody_in_the_room_learns_who_holds_keys_and_gets_their_boxes(place: Place) -> None:
    robin = await place.seated(ROBIN)
    keys = {browser: a_key() for browser in (place.fran, robin)}
    for browser, key in keys.items():
        await browser.say(type="announce_key", key=key)
    for browser in keys:
        members = await ring_of(browser, size=2)
        assert members["p-fran"]["key"] == keys[place.fran]
        assert members["p-robin"]["key"] == keys[robin]
    await place.fran.say(type="seal_keys", boxes={connection(robin): "first", "c-nobody": "lost"})
    told = await robin.message(lambda m: m["type"] == "sealed_keys")
    assert told == {"type": "sealed_keys", "member": connection(place.fran), "box": "first"}
    await robin.close()


async def test_nobody_outside_the_room_holds_keys_or_gets_any(place: Place) -> None:
    robin = await place.seated(ROBIN)
    sam = await Browser(place.node, SAM).connect()
    record = await Browser(place.node, FACILITATOR, mode="record").connect()
    await arrive(sam)
    for outsider in (sam, record):
        await outsider.say(type="announce_key", key=a_key())
    await robin.say(type="announce_key", key=a_key())
    assert list(await ring_of(robin, size=1)) == ["p-robin"]
    await robin.say(type="seal_keys", boxes={connection(sam): "box", connection(record): "box"})
    await sam.say(type="seal_keys", boxes={connection(robin): "box"})  # not a member: nothing is passed on
    await robin.ask("raise_hand")
    for browser in (sam, record):
        assert [m for m in browser.messages if m["type"] in ("key_ring", "sealed_keys")] == []
    assert [m for m in robin.messages if m["type"] == "sealed_keys"] == []
    for browser in (robin, sam, record):
        await browser.close()


async def test_who_agrees_media_without_a_key_is_a_member_who_cannot_encrypt(place: Place) -> None:
    robin = await place.seated(ROBIN)
    await place.fran.say(type="announce_key", key=a_key())
    await robin.say(type="offer", offer_id="o", peer=None, sdp="v=0")
    members = await ring_of(place.fran, size=2)
    assert members["p-robin"]["key"] is None
    await robin.say(type="announce_key", key=a_key())  # a page that was only slow
    await place.fran.until(
        lambda: place.fran.messages[-1]["type"] == "key_ring" and place.fran.messages[-1]["members"][-1]["key"]
    )
    await robin.close()


async def test_who_is_sent_out_is_out_of_the_ring_at_once(place: Place) -> None:
    robin = await place.seated(ROBIN)
    for browser in (place.fran, robin):
        await browser.say(type="announce_key", key=a_key())
    await ring_of(place.fran, size=2)
    await place.fran.ask("move_to_waiting", person=ROBIN.person)
    assert list(await ring_of(place.fran, size=1)) == ["p-fran"]
    await robin.close()


async def test_who_comes_back_with_the_same_key_is_the_same_member_in_another_turn(place: Place) -> None:
    robin = await place.seated(ROBIN)
    key = a_key()
    await place.fran.say(type="announce_key", key=a_key())
    await robin.say(type="announce_key", key=key)
    before = (await ring_of(place.fran, size=2))["p-robin"]
    await robin.vanish()
    await robin.connect()
    told = len(place.fran.messages)
    await robin.say(type="announce_key", key=key)
    await place.fran.message(lambda m: m["type"] == "key_ring", after=told)
    members = await ring_of(place.fran, size=2)
    assert members["p-robin"]["key"] == key
    assert members["p-robin"]["turn"] > before["turn"]
    assert members["p-robin"]["member"] == connection(robin) != before["member"]
    await robin.close()


async def test_who_does_not_come_back_is_forgotten_after_a_while(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "KEPT_S", 0.05)
    robin = await place.seated(ROBIN)
    for browser in (place.fran, robin):
        await browser.say(type="announce_key", key=a_key())
    await ring_of(place.fran, size=2)
    await robin.vanish()
    assert list(await ring_of(place.fran, size=1)) == ["p-fran"]


async def test_a_copied_public_key_does_not_push_its_owner_out(place: Place) -> None:
    robin = await place.seated(ROBIN)
    key = a_key()
    await place.fran.say(type="announce_key", key=key)
    await ring_of(place.fran, size=1)
    await robin.say(type="announce_key", key=key)
    await robin.ask("raise_hand")
    assert list(await ring_of(place.fran, size=1)) == ["p-fran"]
    await robin.close()


async def test_nothing_of_keys_reaches_the_log(place: Place) -> None:
    robin = await place.seated(ROBIN)
    key = a_key()
    for browser in (place.fran, robin):
        await browser.say(type="announce_key", key=key if browser is robin else a_key())
    await ring_of(robin, size=2)
    await place.fran.say(type="seal_keys", boxes={connection(robin): "secretbox"})
    await robin.message(lambda m: m["type"] == "sealed_keys")
    await robin.ask("raise_hand")
    written = repr(await place.store.log.read(SESSION))
    assert key not in written
    assert "secretbox" not in written
    await robin.close()


async def test_where_encryption_is_required_media_is_agreed_with_key_holders_only() -> None:
    place = Place(sealed_only=True)
    async with running(place.node), place.fran:
        robin = await place.seated(ROBIN)
        for key, kind, code in ((None, "refused", "encryption_needed"), (a_key(), "answer", None)):
            await robin.say(type="announce_key", key=key)
            await robin.say(type="offer", offer_id=f"o-{kind}", peer=None, sdp="v=0")
            told = await robin.message(lambda m: f"o-{kind}" in (m.get("offer_id"), m.get("command_id")))  # noqa: B023
            assert (told["type"], told.get("code")) == (kind, code)
        await robin.close()


@pytest.mark.parametrize(
    "rubbish",
    [
        {"type": "announce_key"},
        {"type": "announce_key", "key": ""},
        {"type": "announce_key", "key": "A" * 88},
        {"type": "announce_key", "key": "+" * 87},
        {"type": "seal_keys", "boxes": []},
        {"type": "seal_keys", "boxes": {"c": ""}},
        {"type": "seal_keys", "boxes": {"c": "A" * 257}},
        {"type": "seal_keys", "boxes": {str(n): "A" for n in range(201)}},
    ],
)
async def test_rubbish_in_place_of_keys_ends_the_connection_and_nothing_else(
    place: Place, rubbish: dict[str, Any]
) -> None:
    robin = await place.seated(ROBIN)
    await robin.send(json.dumps(rubbish))
    assert await robin.ended() == 4400
    await place.fran.ask("raise_hand")
