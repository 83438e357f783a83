"""Simulated participants at a real server: they arrive, take part by the written protocol alone, and come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.bots.participant import Participant
from server.bots.seat import Message, Refused, Seat
from tests.support.process import milieu

pytestmark = pytest.mark.timeout(240)
WITHIN_S = 90.0


@asynccontextmanager
async def seated(link: str) -> AsyncIterator[Seat]:
    seat = Seat(link)
    holding = asyncio.create_task(seat.run())
    try:
        await seat.until(lambda view: True, within_s=WITHIN_S)
        yield seat
    finally:
        await seat.close()
        await holding


def participants(view: Message, place: str) -> list[Message]:
    return [each for each in view["staff"]["people"] if each["role"] == "participant" and each["place"] == place]


async def test_a_demo_has_people_at_the_door_who_take_part_when_they_are_let_in(tmp_path: Path) -> None:
    async with milieu(tmp_path / "data", "--demo") as server, seated(server.link("Dr. Fay Facilitator")) as fay:
        await fay.until(lambda view: len(participants(view, "waiting")) == 7, within_s=WITHIN_S)
        await fay.command("admit_all")
        await fay.command("start_session")

        await fay.until(
            lambda view: all(each["camera"] for each in view["room"]["people"] if each["role"] == "participant"),
            within_s=WITHIN_S,
        )
        view = await fay.until(
            lambda view: any(each["forms"]["check-in"]["status"] == "submitted" for each in participants(view, "room")),
            within_s=WITHIN_S,
        )
        assert view["staff"]["flags"] == [], "nobody simulated looks like a person in danger"

        await fay.command("open_exercise", exercise="word-cloud")
        await fay.until(lambda view: (view["room"]["exercise"] or {"sent": 0})["sent"] >= 5, within_s=WITHIN_S)
        await fay.command("show_results", run="exercise-1", to_group=True)
        view = await fay.until(lambda view: view["room"]["exercise"]["results"], within_s=WITHIN_S)
        assert sum(count for _, count in view["room"]["exercise"]["results"]["words"]) >= 10


async def test_who_drops_off_comes_back_to_the_same_seat_without_a_question(tmp_path: Path) -> None:
    async with milieu(tmp_path / "data") as server, seated(server.link("Dr. Fay Facilitator")) as fay:
        robin = Participant(server.link("Robin Example"), 0, media=False)
        living = asyncio.create_task(robin.live())
        await fay.until(lambda view: len(participants(view, "waiting")) == 1, within_s=WITHIN_S)
        await fay.command("admit_all")
        await robin.seat.until(lambda view: view["you"]["place"] == "room", within_s=WITHIN_S)
        connections = robin.seat.connections

        await robin.seat.drop()

        await robin.seat.until(
            lambda view: robin.seat.connections > connections and view["you"]["place"] == "room", within_s=WITHIN_S
        )
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)


async def test_a_refusal_keeps_the_seat_and_a_bad_link_takes_none(tmp_path: Path) -> None:
    async with milieu(tmp_path / "data") as server, seated(server.link("Robin Example")) as robin:
        with pytest.raises(Refused) as refused:
            await robin.command("start_session")
        assert refused.value.code == "not_allowed"
        assert robin.connections == 1

        with pytest.raises(Refused) as unknown:
            await Seat(f"{server.url}/j/nobody").run()
        assert unknown.value.code == "bad_link"
