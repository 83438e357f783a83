"""One person's page of their week, over a real ledger: what it says of hours that say less than the log."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from facilitation import commands as c
from facilitation.people import Role
from server.books.weeks import WeekBook
from server.catalog import load_catalog
from server.projections.meters import Meters
from server.projections.verify import verify
from server.web.words import IN_ENGLISH
from tests.support.consents import releases_of
from tests.support.diary import diary_of, practice_of
from tests.support.evening import FAY, Evening
from tests.support.week import ROBIN, WEDNESDAY_NOON, week
from tests.unit.books.test_exports import rows
from tests.unit.books.test_statements import Desk, _identity


async def monday_of(*evenings: Evening) -> tuple[Desk, dict[str, Any]]:
    """Monday on Robin's page of their week."""
    desk = await Desk(*evenings, now=WEDNESDAY_NOON).fill()
    meters = Meters(desk.store, catalog=load_catalog(), clock=desk.clock)
    book = WeekBook(
        desk.store,
        meters=meters,
        releases=releases_of(desk.store, clock=desk.clock),
        skills=partial(
            practice_of(desk.store, clock=desk.clock).for_staff, diary=diary_of(desk.store, clock=desk.clock)
        ),
        clock=desk.clock,
    )
    reader = _identity(FAY, Role.FACILITATOR, evenings[0].scheduled.session, 1)
    told = await book.person(ROBIN, IN_ENGLISH, reader=reader)
    assert told is not None
    return desk, told["parts"][0]


@pytest.mark.parametrize("when", ["never", "linked after signing", "posted anew"])
async def test_a_make_up_linked_after_signing_asks_to_be_posted_and_then_stands_everywhere(when: str) -> None:
    monday, *others = week()
    missed = others[0].scheduled.session
    if when != "never":
        monday.do(c.LinkMakeUp(person=ROBIN, missed_session=missed), FAY)
    if when == "posted anew":
        monday.do(c.AmendHours(person=ROBIN, reason="Makes up for Tuesday."), FAY)
    desk, row = await monday_of(monday, *others)
    assert row["unsaid"] is (when == "linked after signing")
    assert row["record_url"] == f"/s/s-monday/record#{ROBIN}"
    entries = await rows(desk, ROBIN)
    assert [each["makes_up_session"] for each in entries] == (["", "", missed] if when == "posted anew" else [""])
    assert sum(int(each["countable_min"]) for each in entries) == 180
    [this_week] = (await desk.statement(ROBIN))["weeks"]
    told = [each["makes_up"] for each in this_week["entries"]]
    assert told == ([None, None, "Evening group, Tuesday, November 24"] if when == "posted anew" else [None])
    assert (await verify(desk.store)).right
