"""Substitutes at home: whom one stands in for, and who stands in for oneself."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from facilitation.cohorts import Lead
from facilitation.ids import CoverId, PersonId, SeriesId
from facilitation.people import Role
from facilitation.recurrence import Every, Recurrence
from facilitation.schedule import Cover, Series, SeriesKind
from facilitation.timebase import Instant
from server.schedule.shelves import Shelves
from server.store.register import put_all
from tests.support.evening import CODY, FAY, SUE, ZONE
from tests.support.homes import TUESDAY_6_PM, House

TUESDAY, THURSDAY = date(2026, 11, 24), date(2026, 11, 26)


def cover(name: str, away: PersonId, by: PersonId, first: date, last: date, **more: Any) -> Cover:
    return Cover(id=CoverId(f"v-{name}"), away=away, by=by, first=first, last=last, **more)


async def told(person: PersonId, *covers: Cover) -> dict[str, Any] | None:
    house = House(now=TUESDAY_6_PM)
    for each, name in ((FAY, "Fay Example"), (CODY, "Cody Example"), (SUE, "Sue Example")):
        await house.add(each, Role.FACILITATOR, name=name)
    shelves = Shelves(house.store.register)
    series = Series(
        id=SeriesId("w-1"),
        title="Morning group",
        kind=SeriesKind.INDIVIDUAL,
        plan_id="individual",
        zone=ZONE,
        recurrence=Recurrence(every=Every.WEEK, days=(1,)),
        first=TUESDAY,
        starts=time(10),
        people=(PersonId("p-1"),),
        leads=(Lead(person=FAY, role=Role.FACILITATOR),),
    )
    drafts = [shelves.series.draft(series, upon=0), *(shelves.covers.draft(each, upon=0) for each in covers)]
    await put_all(house.store.register, drafts, by=SUE, at=Instant(TUESDAY_6_PM))
    return await house.card("covers", person, Role.FACILITATOR)


async def test_both_sides_find_it_at_home() -> None:
    one = cover("1", FAY, CODY, TUESDAY, THURSDAY, series=SeriesId("w-1"))
    row = {"meetings": "Morning group", "first": "Tuesday, November 24", "last": "Thursday, November 26"}
    assert await told(CODY, one) == {
        "name": "covers",
        "more": 0,
        "covers": [{"taken": True, "name": "Fay Example", **row}],
    }
    given = await told(FAY, one)
    assert given is not None and given["covers"] == [{"taken": False, "name": "Cody Example", **row}]


async def test_it_is_nobody_elses() -> None:
    assert await told(SUE, cover("1", FAY, CODY, TUESDAY, THURSDAY)) is None


async def test_what_is_over_or_taken_back_is_not_told_and_the_nearest_comes_first() -> None:
    shown = await told(
        FAY,
        cover("1", FAY, CODY, date(2026, 11, 20), date(2026, 11, 23)),
        cover("2", FAY, CODY, THURSDAY, THURSDAY, taken_back=True),
        cover("3", SUE, FAY, date(2026, 12, 3), date(2026, 12, 3)),
        cover("4", FAY, CODY, THURSDAY, THURSDAY),
    )
    assert shown is not None
    assert [(each["first"], each["taken"], each["last"]) for each in shown["covers"]] == [
        ("Thursday, November 26", False, None),
        ("Thursday, December 3", True, None),
    ]
