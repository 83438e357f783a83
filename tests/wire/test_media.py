"""Agreeing media over the wire (PROTOCOL.md §6), with a media plane that carries nothing and keeps what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from facilitation.events import MediaConnected as WrittenConnected
from facilitation.events import MediaLost as WrittenLost
from facilitation.people import Expected
from server.clock import RoomClock
from server.rooms import runner
from server.rooms.ports import LayersNeeded, QualityChanged, SlotsChanged, SpeakersChanged, Wish
from server.rooms.silent_media import SilentMedia
from server.store import memory
from server.store.ports import Store
from tests.wire.browser import Browser, arrive, seat
from tests.wire.example import FACILITATOR, ROBIN, SAM, SESSION
from tests.wire.node import Node, running


class Place:
    """A node with its media plane and its store, and the facilitator in the room."""

    def __init__(self) -> None:
        self.store: Store = memory.connect()
        self.clock = RoomClock()
        self.media = SilentMedia(self.clock)
        self.node = Node(self.store.log, self.store.leases, self.clock, media=self.media)
        self.fran = Browser(self.node, FACILITATOR)

    async def seated(self, person: Expected) -> Browser:
        browser = await Browser(self.node, person).connect()
        await seat(self.fran, browser)
        return browser

    def gates(self, person: Expected) -> tuple[bool, bool]:
        return self.media.rooms[SESSION].gates.get(person.person, (False, False))

    async def written(self, kind: type[Any]) -> list[Any]:
        return [record.event for record in await self.store.log.read(SESSION) if isinstance(record.event, kind)]


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Place]:
    place = Place()
    async with running(place.node), place.fran:
        yield place


async def offer(browser: Browser, peer: str | None = None, sdp: str = "v=0") -> dict[str, Any]:
    before = len(browser.messages)
    await browser.say(type="offer", offer_id="o", peer=peer, sdp=sdp)
    return await browser.message(lambda m: m.get("offer_id") == "o" or m.get("command_id") == "o", after=before)


async def agreed(place: Place, browser: Browser) -> str:
    """The id of a new peer that is connected."""
    answer = await offer(browser)
    assert answer["type"] == "answer"
    before = len(await place.written(WrittenConnected))
    place.media.connect(room=SESSION, peer=answer["peer"])
    await browser.ask("raise_hand" if browser.person != FACILITATOR else "lower_hand")  # a turn after the fact
    assert len(await place.written(WrittenConnected)) == before + 1
    return str(answer["peer"])


async def test_nobody_outside_the_room_has_media(place: Place) -> None:
    async with Browser(place.node, ROBIN) as robin, Browser(place.node, FACILITATOR, mode="record") as record:
        assert (await offer(robin))["code"] == "not_in_room"
        await arrive(robin)
        assert (await offer(robin))["code"] == "not_in_room"
        assert (await offer(record))["code"] == "not_in_room"
    assert SESSION not in place.media.rooms


async def test_an_offer_is_answered_and_connecting_is_written_down(place: Place) -> None:
    robin = await place.seated(ROBIN)
    peer = await agreed(place, robin)
    assert peer.startswith("m")
    assert (await place.written(WrittenConnected))[0] == WrittenConnected(peer=peer, person="p-robin")
    await robin.close()


async def test_what_is_no_session_description_is_refused_in_words(place: Place) -> None:
    robin = await place.seated(ROBIN)
    refused = await offer(robin, sdp="rubbish")
    assert (refused["type"], refused["code"]) == ("refused", "bad_sdp")
    assert (await offer(robin))["type"] == "answer"
    await robin.close()


async def test_a_mistake_of_the_media_plane_is_not_the_rooms_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    robin = await place.seated(ROBIN)

    async def broken(**_: Any) -> str:
        raise ZeroDivisionError

    def broken_too(**_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(place.media, "join", broken)
    monkeypatch.setattr(place.media, "forward", broken_too)
    assert (await offer(robin))["code"] == "media_failed"
    await robin.ask("set_media", microphone=True, camera=True)
    assert robin.closed is None
    await robin.close()


async def test_nothing_is_forwarded_that_is_not_wanted(place: Place) -> None:
    robin = await place.seated(ROBIN)
    await agreed(place, robin)
    assert place.gates(ROBIN) == (False, False)
    await robin.ask("set_media", microphone=True, camera=True)
    assert place.gates(ROBIN) == (True, True)
    await place.fran.ask("mute_person", person="p-robin")
    assert place.gates(ROBIN) == (False, True)
    await robin.message(lambda message: message == {"type": "nudge", "kind": "muted"})
    await robin.ask("shield", on=True)
    assert place.gates(ROBIN) == (False, False)
    await robin.close()


async def test_being_sent_out_takes_the_media_away(place: Place) -> None:
    robin = await place.seated(ROBIN)
    await robin.ask("set_media", microphone=True, camera=True)
    peer = await agreed(place, robin)
    await place.fran.ask("move_to_waiting", person="p-robin")
    assert place.media.rooms[SESSION].sources == {}
    assert place.gates(ROBIN) == (False, False)
    assert (await offer(robin, peer))["code"] == "not_in_room"
    await place.fran.ask("admit", person="p-robin")
    assert (await offer(robin, peer))["code"] == "no_media"
    assert (await offer(robin))["type"] == "answer"
    await robin.close()


async def test_a_peer_belongs_to_one_person(place: Place) -> None:
    robin, sam = await place.seated(ROBIN), await place.seated(SAM)
    peer = await agreed(place, robin)
    await sam.say(type="wish", peer=peer, heights={"p-fran": 720})
    assert (await sam.message(lambda message: message["type"] == "no_media")) == {"type": "no_media", "peer": peer}
    assert (await offer(sam, peer))["code"] == "no_media"
    assert place.media.rooms[SESSION].wishes == {}
    await robin.say(type="wish", peer=peer, heights={"p-fran": 720}, mode="low_data")
    await robin.ask("lower_hand")
    assert place.media.rooms[SESSION].wishes == {peer: Wish(heights={"p-fran": 720}, mode="low_data")}
    await robin.close()
    await sam.close()


async def test_a_browser_that_reconnects_keeps_its_media(place: Place) -> None:
    robin = await place.seated(ROBIN)
    peer = await agreed(place, robin)
    place.node.rooms.media_fact(SlotsChanged(room=SESSION, peer=peer, audio={"2": "p-fran"}, video={}))
    slots = {"type": "slots", "peer": peer, "audio": {"2": "p-fran"}, "video": {}, "screen": {}}
    await robin.message(lambda message: message == slots)
    for video in (3, 1):
        place.node.rooms.media_fact(LayersNeeded(room=SESSION, peer=peer, video=video))
    layers = {"type": "send_layers", "peer": peer, "video": 1}
    await robin.message(lambda message: message == layers)
    await robin.vanish()
    await robin.connect()
    before = len(robin.messages)
    await robin.say(type="wish", peer=peer, heights={})
    await robin.message(lambda message: message == slots, after=before)
    await robin.message(lambda message: message == layers, after=before)
    assert (await offer(robin, peer))["peer"] == peer
    assert place.media.rooms[SESSION].sources == {peer: "p-robin"}
    await robin.close()


async def test_a_peer_that_nobody_comes_back_for_is_let_go(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "ORPHAN_S", 0.3)
    robin = await place.seated(ROBIN)
    peer = await agreed(place, robin)
    await robin.vanish()
    place.media.packet(room=SESSION, peer=peer)
    heard = place.media.heard(room=SESSION)[peer]
    await place.fran.view(
        lambda view: not next(p for p in view["staff"]["people"] if p["person"] == "p-robin")["connected"]
    )
    assert (await place.written(WrittenLost)) == [WrittenLost(peer=peer, heard=heard)]
    assert place.media.rooms[SESSION].sources == {}


async def test_lost_media_may_come_back_and_if_not_a_new_offer_is_asked_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "ORPHAN_S", 0.3)
    robin = await place.seated(ROBIN)
    peer = await agreed(place, robin)
    place.media.lose(room=SESSION, peer=peer)
    place.media.connect(room=SESSION, peer=peer)
    await robin.ask("lower_hand")
    assert len(await place.written(WrittenConnected)) == 2 and len(await place.written(WrittenLost)) == 1
    place.media.lose(room=SESSION, peer=peer)
    assert await robin.message(lambda message: message["type"] == "no_media") == {"type": "no_media", "peer": peer}
    assert place.media.rooms[SESSION].sources == {}
    await robin.close()


async def test_after_a_restart_the_gates_are_as_people_left_them(place: Place) -> None:
    robin = await place.seated(ROBIN)
    await robin.ask("set_media", microphone=True, camera=False)
    old = await agreed(place, robin)
    await place.node.crash()
    await robin.ended()
    again = Node(place.store.log, place.store.leases, place.clock, media=SilentMedia(place.clock), port=place.node.port)
    async with running(again):
        robin.node = again
        await robin.connect()
        before = len(robin.messages)
        await robin.say(type="wish", peer=old, heights={})
        await robin.message(lambda message: message == {"type": "no_media", "peer": old}, after=before)
        assert (await offer(robin))["type"] == "answer"
        assert isinstance(again.media, SilentMedia)
        assert again.media.rooms[SESSION].gates["p-robin"] == (True, False)
        await robin.close()


async def test_signals_reach_those_they_are_for(place: Place) -> None:
    robin, sam = await place.seated(ROBIN), await Browser(place.node, SAM).connect()
    await arrive(sam)
    peer = await agreed(place, robin)
    fact = place.node.rooms.media_fact
    fact(SpeakersChanged(room=SESSION, levels={"p-fran": 63}))
    fact(QualityChanged(room=SESSION, source="p-robin", peer=peer, quality="poor"))
    fact(SpeakersChanged(room="s-nowhere", levels={}))
    await robin.message(lambda message: message == {"type": "speaking", "levels": {"p-fran": 63}})
    mine = {"type": "quality", "peer": peer, "quality": "poor", "direction": ""}
    await robin.message(lambda message: message == mine)
    await place.fran.message(lambda message: message == {"type": "qualities", "people": {"p-robin": "poor"}})
    await sam.view(lambda view: view["you"]["place"] == "waiting")
    assert {message["type"] for message in sam.messages} == {"welcome", "accepted"}
    assert not any(message["type"] == "qualities" for message in robin.messages)
    await robin.close()
    await sam.close()


async def test_the_end_of_the_session_closes_the_media(place: Place) -> None:
    robin = await place.seated(ROBIN)
    await place.fran.ask("start_session")
    await agreed(place, robin)
    await place.fran.ask("end_session")
    assert await robin.ended() == 1000
    assert robin.messages[-1] == {"type": "bye", "reason": "ended"}
    assert SESSION not in place.media.rooms
    assert place.fran.closed is None
