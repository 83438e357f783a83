"""Which measures a session offers to whom, from what people handed in before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from facilitation.commands import AnswerItem, HandInMeasure, OfferMeasures, StartSession
from facilitation.enrolment import Discharge, Ending
from facilitation.ids import MeasureId, PersonId, SessionId
from facilitation.timebase import HOUR_MS, Instant
from server.catalog import load_catalog
from server.measures.offers import Offers
from server.progress import ProgressBook
from server.schedule.shelves import Shelves
from server.store import memory
from server.store.ports import Store
from tests.support.evening import FAY, Evening

DAY_MS = 24 * HOUR_MS
FIRST = 1_793_142_000_000
"""2026-10-27, 6 PM in New York: a Tuesday."""
CATALOG = load_catalog()
PHQ9, GAD7, CLIMATE = MeasureId("phq-9"), MeasureId("gad-7"), MeasureId("group-climate")


def evening(number: int, *, people: int = 2) -> Evening:
    return Evening(session=f"s-{number}", starts_at=FIRST + number * DAY_MS, people=people, programme="adult-iop")


async def keep(store: Store, *evenings: Evening) -> None:
    for each in evenings:
        await store.clinic.put_session(each.scheduled)
        epoch = await store.leases.acquire(each.scheduled.session, node="n")
        await store.log.append(each.scheduled.session, each.records, epoch=epoch)


def answered(number: int, measure: MeasureId, value: int = 1, *, whole: bool = True) -> Evening:
    """An evening at which its first person handed this in."""
    held = evening(number)
    [first, *_] = held.people
    held.at(-5).come(FAY)
    held.come(first)
    held.at(0).do(StartSession(), FAY)
    held.do(OfferMeasures(person=first, measures=(measure,)))
    for item in CATALOG.measures[measure].items[: None if whole else 3]:
        held.do(AnswerItem(measure=measure, item=item.id, value=value if item.alert_at is None else 0), first)
    held.do(HandInMeasure(measure=measure), first)
    return held


async def offers(store: Store, number: int) -> dict[PersonId, OfferMeasures]:
    book = Offers(store, catalog=CATALOG, progress=ProgressBook(store.log))
    found = await book.of(SessionId(f"s-{number}"))
    return {each.person: each for each in found if isinstance(each, OfferMeasures)}


async def test_at_the_beginning_all_of_the_programmes_measures_are_due_for_each() -> None:
    store = memory.connect()
    await store.clinic.put_session(evening(0).scheduled)
    found = await offers(store, 0)
    assert {person: each.measures for person, each in found.items()} == dict.fromkeys(
        evening(0).people, (PHQ9, GAD7, CLIMATE)
    )


async def test_what_was_handed_in_is_due_again_two_weeks_later_with_the_figure_from_then() -> None:
    store = memory.connect()
    await keep(store, answered(0, PHQ9))
    [robin, sam] = evening(0).people
    for number, measures in ((13, (GAD7, CLIMATE)), (14, (PHQ9, GAD7, CLIMATE))):
        await store.clinic.put_session(evening(number).scheduled)
        found = await offers(store, number)
        assert found[robin].measures == measures
        assert [(each.measure, each.score) for each in found[robin].earlier] == [(PHQ9, 8)]
        assert found[sam].measures == (PHQ9, GAD7, CLIMATE) and found[sam].earlier == ()


async def test_what_was_only_begun_is_still_due_and_what_had_gaps_has_no_figure() -> None:
    store = memory.connect()
    await keep(store, answered(0, PHQ9, whole=False))
    await store.clinic.put_session(evening(14).scheduled)
    assert (await offers(store, 14))[evening(0).people[0]].earlier == ()


async def test_the_last_answer_counts_and_not_the_first() -> None:
    store = memory.connect()
    await keep(store, answered(0, PHQ9, 0), answered(14, PHQ9, 2))
    await store.clinic.put_session(evening(20).scheduled)
    found = (await offers(store, 20))[evening(0).people[0]]
    assert PHQ9 not in found.measures
    assert [each.score for each in found.earlier] == [16]


async def test_whoever_leaves_soon_is_asked_once_more() -> None:
    store = memory.connect()
    await keep(store, answered(0, PHQ9), answered(1, GAD7))
    [robin, _] = evening(0).people
    await store.clinic.put_session(evening(8).scheduled)
    assert PHQ9 not in (await offers(store, 8))[robin].measures
    discharge = Discharge(person=robin, day=date(2026, 11, 6), ending=Ending.COMPLETED, aftercare="")
    shelf = Shelves(store.register).discharges
    await shelf.put(discharge, upon=0, by=FAY, at=Instant(FIRST))
    assert PHQ9 in (await offers(store, 8))[robin].measures
    await shelf.put(replace(discharge, taken_back=True), upon=1, by=FAY, at=Instant(FIRST))
    assert PHQ9 not in (await offers(store, 8))[robin].measures


async def test_a_session_of_no_programme_asks_nothing() -> None:
    store = memory.connect()
    await store.clinic.put_session(replace(evening(0).scheduled, programme_id=""))
    assert await offers(store, 0) == {}
    assert await offers(store, 5) == {}
