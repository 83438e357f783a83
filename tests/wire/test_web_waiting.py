"""A waiting list from both sides: a full group, a seat that opens, the offer at home, and the yes that enrols."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest_asyncio

from facilitation.facts import zone_of
from facilitation.ids import PersonId
from facilitation.plan import SegmentKind
from facilitation.schedule import instant_of
from server import demo, demo_week
from server.app import schedule_of
from server.clock import FakeClock
from tests.support.clinic import ADA, SAL, Clinic, clinic, typed

NOW = instant_of(date(2026, 11, 30), time(9, 0), zone_of(demo.ZONE))
PIP, KIM = PersonId("p-pip"), PersonId("p-kim")


@pytest_asyncio.fixture
async def full(tmp_path: Path) -> AsyncIterator[Clinic]:
    """The evening group has its eight people, and room for no more."""
    async with clinic(tmp_path, FakeClock(NOW)) as place:
        schedule = schedule_of(place.store, catalog=place.catalog, clock=place.clock)
        held = await schedule.shelves.cohorts.get(demo_week.EVENING)
        assert held is not None
        small = replace(held.value, caps={kind.value: 8 for kind in SegmentKind})
        await schedule.put([schedule.shelves.cohorts.draft(small, upon=held.revision)], by=ADA)
        yield place


async def test_a_seat_that_opens_is_offered_at_home_and_a_yes_enrols(full: Clinic) -> None:
    sal, _ = await full.begin(SAL)
    pip, _ = await full.begin(PIP)
    assert (await typed(sal, "/waiting", person=PIP, cohort=demo_week.EVENING)).status == 303
    assert "You wait for a seat in Evening group." in (await pip.get("/home")).text
    early = await typed(pip, f"/waiting/{PIP}", cohort=demo_week.EVENING, answer="yes")
    assert early.status == 422 and "not offered any more" in early.text

    page = (await sal.get(f"/schedule/people/{KIM}")).text
    enrolment, revision = re.search(
        r'name="form" value="end"><input type="hidden" name="enrolment" value="([^"]+)">\s*'
        r'<input type="hidden" name="revision" value="(\d+)"',
        page,
    ).groups()
    ended = await typed(
        sal,
        f"/schedule/people/{KIM}",
        form="end",
        enrolment=enrolment,
        revision=revision,
        until="2026-11-30",
        do="keep",
    )
    assert ended.status == 303, ended.text
    full.clock.advance(minutes=24 * 60)
    sal, _ = await full.begin(SAL)
    assert "Offered a seat until December 3, 9:00 AM" in (await sal.get("/waiting")).text
    assert "A seat is free in Evening group. Please answer by December 3, 9:00 AM." in (await pip.get("/home")).text
    assert (await typed(pip, f"/waiting/{PIP}", cohort=demo_week.EVENING, answer="yes")).status == 303
    assert "Took the seat" in (await sal.get("/waiting")).text
    assert "Pip Sample" in (await sal.get(f"/schedule/cohorts/{demo_week.EVENING}")).text
    assert "Evening group" in (await pip.get("/home")).text
