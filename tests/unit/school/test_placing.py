"""A week for everybody: searched beside the rooms, proposed against today, given, refused and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from facilitation.enrolment import step_on
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.placement import ALIVE_MS, State
from facilitation.school import School
from facilitation.timebase import HOUR_MS
from server.catalog import load_catalog
from server.schedule.apart import WentWrong, apart
from server.school.form import school_of
from server.school.placing import Placing
from server.school.shelves import LATEST, Shelves
from server.store.register import Held
from server.web.words import IN_ENGLISH
from tests.support.afternoons import EARLY
from tests.support.everything import beside
from tests.support.school import MONDAY, TYPED
from tests.unit.school.test_away import ASH, BAY, BY_FAY, House

FIRST = MONDAY + timedelta(days=7)
BAND = {
    "activity_0_name": "Band",
    "activity_0_weekday": "monday",
    "activity_0_start": "17:00",
    "activity_0_end": "18:00",
}


async def never(work: Callable[..., Any], given: object, told: Callable[[Any], Awaitable[None]]) -> Any:
    await asyncio.Event().wait()


class Clinic(House):
    """Ash comes on three days of the four o'clock group, Bay on one: that is not enough."""

    def __init__(self, folder: Path, *, apart: Any = beside, **seats: int) -> None:
        super().__init__(folder, **seats)
        self.shelves = Shelves(self.store.register)
        self.placing = self.another(apart)

    def another(self, apart: Any = beside) -> Placing:
        return Placing(
            self.store, schedule=self.schedule, catalog=load_catalog(), clock=self.clock, seats_max=16, apart=apart
        )

    async def search(self, *, keeps: bool = True) -> dict[str, Any]:
        await self.placing.start(FIRST, 2, keeps, by=BY_FAY)
        await self.placing.finished()
        return await self.result()

    async def result(self) -> dict[str, Any]:
        search = (await self.placing.page(IN_ENGLISH, reader=BY_FAY))["search"]
        assert isinstance(search, dict)
        return search

    async def says(self, person: PersonId, **more: str) -> None:
        held = await self.shelves.schools.get(person)
        one: School = school_of(TYPED | more, person)
        await self.shelves.schools.put(one, upon=held.revision if held else 0, by=person, at=self.clock.now())

    async def days(self, person: PersonId) -> dict[str, tuple[int, ...]]:
        """On the first day of the plan."""
        held = [each.value for each in (await self.schedule.shelves.enrolments.all()).values()]
        return {each.cohort: step.days for each in held if each.person == person and (step := step_on(each, FIRST))}

    async def enrolment(self, person: PersonId) -> Held[Any]:
        held = await self.schedule.shelves.enrolments.get(f"e-{EARLY}-{person}")
        assert held is not None
        return held


@pytest_asyncio.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    clinic = Clinic(tmp_path)
    await clinic.fill()
    yield clinic
    await clinic.placing.close()
    await clinic.rooms.close()


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


async def test_whoever_lacks_hours_is_given_a_week_and_whoever_has_them_stays(clinic: Clinic) -> None:
    found = await clinic.search()
    assert (found["state"], found["proven"]) == ("done", True)
    assert (names(found["moving"]), names(found["staying"])) == (["Bay Example"], ["Ash Example"])
    (bay,) = found["moving"]
    assert bay["move_text"] == "Moves" and sum(len(each["days"]) for each in bay["after"]) == 3
    assert await clinic.days(BAY) == {EARLY: (2,)}, "nothing changes before it is given"


async def test_without_keeping_everybody_is_looked_at_anew(clinic: Clinic) -> None:
    await clinic.says(ASH, **BAND)
    found = await clinic.search(keeps=False)
    assert "Ash Example" in names(found["moving"]), "Monday is band"


async def test_it_is_given_from_the_first_day_on_and_taken_back(clinic: Clinic) -> None:
    found = await clinic.search()
    before = await clinic.days(BAY)
    assert await clinic.placing.give(found["id"], BAY, by=BY_FAY) == (1, [])
    after = await clinic.days(BAY)
    assert sum(map(len, after.values())) == 3
    found = await clinic.result()
    assert (found["open"], found["given"], found["moving"][0]["since"]) == (0, 1, "November 23, 2026")
    assert await clinic.placing.take_back(found["id"], "", by=BY_FAY) == (1, [])
    assert await clinic.days(BAY) == before
    assert (await clinic.result())["open"] == 1


async def test_a_new_place_in_a_group_taken_back_never_was(clinic: Clinic) -> None:
    held = await clinic.enrolment(BAY)
    gone = replace(held.value, until=held.value.since)
    await clinic.schedule.put([clinic.schedule.shelves.enrolments.draft(gone, upon=held.revision)], by="")
    await clinic.says(BAY)
    found = await clinic.search()
    assert found["moving"][0]["move_text"] == "New place"
    await clinic.placing.give(found["id"], "", by=BY_FAY)
    assert await clinic.days(BAY)
    await clinic.placing.take_back(found["id"], BAY, by=BY_FAY)
    assert await clinic.days(BAY) == {}


async def test_what_changed_meanwhile_is_refused_and_nothing_else_of_it_is_done(clinic: Clinic) -> None:
    found = await clinic.search()
    await clinic.says(BAY, **BAND)
    assert [said.message for said in (await clinic.placing.give(found["id"], BAY, by=BY_FAY))[1]] == [
        "{name}’s school week was changed meanwhile."
    ]
    found = await clinic.search()
    held = await clinic.enrolment(BAY)
    other = replace(held.value, steps=(replace(held.value.steps[0], days=(3,)),))
    await clinic.schedule.put([clinic.schedule.shelves.enrolments.draft(other, upon=held.revision)], by="")
    count, why = await clinic.placing.give(found["id"], "", by=BY_FAY)
    assert (count, [said.values["name"] for said in why]) == (0, ["Bay Example"])
    assert await clinic.days(BAY) == {EARLY: (3,)}


async def test_a_seat_that_was_taken_meanwhile_is_refused(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, early_seats=2)
    await clinic.fill()
    found = await clinic.search()
    held = await clinic.enrolment(ASH)
    cal = replace(
        held.value, id="e-cal", person=PersonId("p-cal"), steps=(replace(held.value.steps[0], days=(0, 1, 2, 3)),)
    )
    await clinic.schedule.put([clinic.schedule.shelves.enrolments.draft(cal, upon=0)], by="")
    count, why = await clinic.placing.give(found["id"], "", by=BY_FAY)
    assert count == 0 and why[0].message.startswith("A seat of {name}’s week is taken")
    await clinic.rooms.close()


async def test_what_was_changed_after_it_was_given_or_has_begun_is_not_taken_back(clinic: Clinic) -> None:
    found = await clinic.search()
    await clinic.placing.give(found["id"], "", by=BY_FAY)
    held = await clinic.enrolment(BAY)
    ends = replace(held.value, until=FIRST + timedelta(days=100))
    await clinic.schedule.put([clinic.schedule.shelves.enrolments.draft(ends, upon=held.revision)], by="")
    count, why = await clinic.placing.take_back(found["id"], "", by=BY_FAY)
    assert (count, len(why)) == (0, 1)
    clinic.clock.advance(ms=9 * 24 * HOUR_MS)
    _, why = await clinic.placing.take_back(found["id"], "", by=BY_FAY)
    assert why[0].message.startswith("{name}’s new days have begun")


async def test_who_has_no_week_is_named_with_the_smallest_change_that_would_help(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, early_seats=1, late_seats=0)
    await clinic.fill()
    await clinic.says(BAY)
    found = await clinic.search()
    (bay,) = found["left_out"]
    assert bay["name"] == "Bay Example" and bay["today"] == ["The four o’clock group, Wednesday"]
    assert bay["helps"] and "one more seat" in bay["helps"][0]
    await clinic.rooms.close()


# --------------------------------------------------------------- while it runs


async def test_a_search_is_stopped_also_from_another_server_and_nothing_comes_of_it(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, apart=never)
    await clinic.fill()
    await clinic.placing.start(FIRST, 2, True, by=BY_FAY)
    assert (await clinic.placing.progress(IN_ENGLISH))["running"]
    with pytest.raises(Refusal) as refusal:
        await clinic.another().start(FIRST, 2, True, by=BY_FAY)
    assert refusal.value.code == "already_running"
    await clinic.another().stop((await clinic.result())["id"], by=BY_FAY)
    await clinic.placing.finished()
    found = await clinic.result()
    assert (found["state"], found["moving"]) == ("stopped", [])
    await clinic.rooms.close()


@pytest.mark.parametrize("trouble", [WentWrong("the process ended"), ZeroDivisionError()])
async def test_a_search_that_goes_wrong_says_so_at_once(tmp_path: Path, trouble: Exception) -> None:
    async def fails(work: Callable[..., Any], given: object, told: Callable[[Any], Awaitable[None]]) -> Any:
        raise trouble

    clinic = Clinic(tmp_path, apart=fails)
    await clinic.fill()
    assert (await clinic.search())["state"] == "failed"
    await clinic.rooms.close()


async def test_a_search_whose_server_died_can_be_begun_again(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, apart=never)
    await clinic.fill()
    await clinic.placing.start(FIRST, 2, True, by=BY_FAY)
    await clinic.placing.close()
    clinic.clock.advance(ms=ALIVE_MS)
    assert (await clinic.result())["state"] == "failed"
    clinic.placing = clinic.another()
    assert (await clinic.search())["state"] == "done"
    await clinic.rooms.close()


async def test_it_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, apart=apart)
    await clinic.fill()
    assert names((await clinic.search())["moving"]) == ["Bay Example"]
    held = await clinic.shelves.placement.get(LATEST)
    assert held is not None and held.value.state is State.DONE
    await clinic.rooms.close()


@pytest.mark.parametrize(
    ("first", "weeks", "code"),
    [(MONDAY - timedelta(days=9), 2, "bad_days"), (FIRST, 0, "bad_days"), (FIRST, 13, "bad_days"),
     (FIRST + timedelta(days=400), 2, "bad_days")],
)  # fmt: skip
async def test_rubbish_starts_nothing(clinic: Clinic, first: Any, weeks: int, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        await clinic.placing.start(first, weeks, True, by=BY_FAY)
    assert refusal.value.code == code
    assert (await clinic.placing.page(IN_ENGLISH, reader=BY_FAY))["search"] is None


async def test_nothing_is_given_of_another_search_or_to_nobody(clinic: Clinic) -> None:
    found = await clinic.search()
    for id, person, code in (("other", "", "another_search"), (found["id"], ASH, "unknown_person")):
        with pytest.raises(Refusal) as refusal:
            await clinic.placing.give(id, person, by=BY_FAY)
        assert refusal.value.code == code
    with pytest.raises(Refusal):
        await clinic.placing.take_back(found["id"], "", by=BY_FAY)
