"""Who speaks for how long, for facilitators alone; and which way of a connection is weak, for its owner."""

from __future__ import annotations

import pytest

from server.rooms import talktime
from server.rooms.ports import QualityChanged, SpeakersChanged
from tests.wire.browser import Browser
from tests.wire.example import FACILITATOR, OBSERVER, ROBIN, SESSION
from tests.wire.test_media import Place, agreed, place

__all__ = ["place"]


async def test_facilitators_alone_learn_how_long_people_spoke_and_no_log_does(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talktime, "TOLD_EVERY_MS", 0)
    robin = await place.seated(ROBIN)
    observer = await Browser(place.node, OBSERVER).connect()
    await place.fran.ask("start_session")
    for levels in ({"p-robin": 40}, {}):
        place.node.rooms.media_fact(SpeakersChanged(room=SESSION, levels=levels))
        await robin.message(lambda m, levels=levels: m.get("levels") == levels)
    told = await place.fran.message(lambda m: m["type"] == "talk" and "p-robin" in m["ms"])
    assert 0 <= told["ms"]["p-robin"] < 60_000
    again = await Browser(place.node, FACILITATOR).connect()
    assert (await again.message(lambda m: m["type"] == "talk"))["ms"].keys() == {"p-robin"}, "a reload forgets nothing"
    await again.close()
    await robin.ask("raise_hand")
    for other in (robin, observer):
        assert [m for m in other.messages if m["type"] == "talk"] == []
        await other.close()
    _, *since = await place.store.log.read(SESSION)  # the first has the words of plans and exercises
    assert since and "talk" not in repr(since)


async def test_each_room_is_told_who_speaks_in_it_and_nothing_of_the_others(place: Place) -> None:
    robin = await place.seated(ROBIN)
    observer = await Browser(place.node, OBSERVER).connect()
    await place.fran.ask("open_side_room", person="p-robin")
    await robin.view(lambda view: view["room"]["small_room"] is not None)
    assert set(place.media.rooms[SESSION].parts.values()) == {"small-1"}
    place.node.rooms.media_fact(SpeakersChanged(room=SESSION, levels={"p-robin": 40}))
    for inside in (robin, place.fran):
        assert (await inside.message(lambda m: m["type"] == "speaking"))["levels"] == {"p-robin": 40}
    assert (await observer.message(lambda m: m["type"] == "speaking"))["levels"] == {}
    assert not any(each["person"] == "p-robin" for each in observer.views[-1]["room"]["people"])
    await robin.close()
    await observer.close()


async def test_the_owner_of_a_weak_connection_learns_which_way_is_weak(place: Place) -> None:
    robin = await place.seated(ROBIN)
    peer = await agreed(place, robin)
    place.node.rooms.media_fact(
        QualityChanged(room=SESSION, source="p-robin", peer=peer, quality="poor", direction="up")
    )
    told = await robin.message(lambda m: m["type"] == "quality")
    assert told == {"type": "quality", "peer": peer, "quality": "poor", "direction": "up"}
    qualities = await place.fran.message(lambda m: m["type"] == "qualities")
    assert qualities["people"] == {"p-robin": "poor"}
    again = await Browser(place.node, FACILITATOR).connect()
    assert (await again.message(lambda m: m["type"] == "qualities"))["people"] == {"p-robin": "poor"}, "a reload too"
    await again.close()
    await robin.close()


async def test_nobody_is_called_weak_for_what_is_over(place: Place) -> None:
    robin = await place.seated(ROBIN)
    peer = await agreed(place, robin)

    def fares(quality: str) -> None:
        fact = QualityChanged(room=SESSION, source="p-robin", peer=peer, quality=quality, direction="both")
        place.node.rooms.media_fact(fact)

    async def struggling(*, after: int) -> dict[str, str]:
        told = await place.fran.message(lambda m: m["type"] == "qualities", after=after)
        people: dict[str, str] = told["people"]
        return people

    # An outage, and back by the same way: that begins as good, for both.
    at = len(place.fran.messages)
    fares("poor")
    assert await struggling(after=at) == {"p-robin": "poor"}
    at, mine = len(place.fran.messages), len(robin.messages)
    place.media.lose(room=SESSION, peer=peer)
    assert await struggling(after=at) == {}
    place.media.connect(room=SESSION, peer=peer)
    good = {"type": "quality", "peer": peer, "quality": "good", "direction": ""}
    await robin.message(lambda m: m == good, after=mine)

    # What was told while the line was down is told with the next one.
    await robin.vanish()
    at = len(place.fran.messages)
    fares("weak")
    assert await struggling(after=at) == {"p-robin": "weak"}
    await robin.connect()
    before = len(robin.messages)
    await robin.say(type="wish", peer=peer, heights={})
    await robin.message(lambda m: m == good | {"quality": "weak", "direction": "both"}, after=before)

    # Whoever goes takes it along.
    at = len(place.fran.messages)
    await place.fran.ask("move_to_waiting", person="p-robin")
    assert await struggling(after=at) == {}
    await robin.close()
