"""Pages of measures: whose results who is shown, and in which words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from facilitation.commands import Advance, AnswerItem, HandInMeasure, OfferMeasures, StartSession
from facilitation.events import MeasureHandedIn
from facilitation.ids import ItemId, MeasureId, PersonId, SegmentId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, Instant
from server.clock import FakeClock
from server.measures.page import MeasureBook
from server.progress import ProgressBook
from server.store import memory
from server.store.clinic import Person
from server.store.ports import Store
from server.web.auth import Visitor
from server.web.catalogues import ENGLISH
from server.web.words import words_in
from tests.support.evening import FAY, ZONE, Evening

FIRST = 1_793_667_600_000
WEEK_MS = 7 * 24 * HOUR_MS
PHQ9, CLIMATE = MeasureId("phq-9"), MeasureId("group-climate")
WORDS = words_in(ENGLISH)


def held(number: int, values: list[int], measure: MeasureId = PHQ9) -> Evening:
    """A week's evening at which each of these ticked the same answer throughout."""
    evening = Evening(
        session=f"s-{number}", starts_at=FIRST + number * WEEK_MS, people=len(values), programme="adult-iop"
    )
    evening.at(-5).come(FAY)
    for person in evening.people:
        evening.come(person)
    evening.at(0).do(StartSession(), FAY)
    if measure == CLIMATE:
        while evening.state.agenda.position != "wrap-up":
            evening.do(Advance(from_segment=SegmentId(str(evening.state.agenda.position))), FAY)
    for person, value in zip(evening.people, values, strict=True):
        evening.do(OfferMeasures(person=person, measures=(measure,)))
        for item in next(each for each in evening.state.measuring.measures if each.id == measure).items:
            evening.do(AnswerItem(measure=measure, item=item.id, value=value), person)
        evening.do(HandInMeasure(measure=measure), person)
    return evening


async def clinic(*evenings: Evening, now: int = FIRST + 3 * WEEK_MS) -> tuple[Store, MeasureBook]:
    store = memory.connect()
    people = {each.person: each for evening in evenings for each in evening.scheduled.roster}
    for each in people.values():
        await store.clinic.put_person(
            Person(person=each.person, name=each.name, role=each.role, track="adult", zone=ZONE)
        )
    for evening in evenings:
        await store.clinic.put_session(evening.scheduled)
        epoch = await store.leases.acquire(evening.scheduled.session, node="n")
        await store.log.append(evening.scheduled.session, evening.records, epoch=epoch)
    clock = FakeClock(Instant(now))
    return store, MeasureBook(store, progress=ProgressBook(store.log), clock=clock)


def reader(role: Role, person: PersonId = FAY) -> Visitor:
    return Visitor(person=person, role=role, name="Reader Example", teen=False, number=1)


async def test_one_persons_results_stand_in_order_with_bands_and_changes() -> None:
    evenings = held(0, [2, 0]), held(2, [0, 1])
    _, book = await clinic(*evenings)
    page = await book.person(evenings[0].people[0], WORDS, reader=reader(Role.FACILITATOR))
    assert page is not None
    [measure] = page["measures"]
    assert [(row["score"], row["band"], row["difference"], row["change"]) for row in measure["rows"]] == [
        (0, "minimal", -18, "reliably lower"),
        (18, "moderately severe", None, ""),
    ]
    assert [answer["answer"] for answer in measure["rows"][1]["answers"] if answer["alert"]] == [
        "More than half the days"
    ]
    assert "From 18 on" in measure["told"] and len(measure["points"]) == 2
    assert await book.person(PersonId("p-nobody"), WORDS, reader=reader(Role.FACILITATOR)) is None
    assert await book.person(FAY, WORDS, reader=reader(Role.FACILITATOR)) is None


async def test_a_form_that_was_answered_in_another_language_than_its_page_says_so() -> None:
    evening = held(0, [1, 2])
    at = next(n for n, each in enumerate(evening.records) if isinstance(each.event, MeasureHandedIn))
    before = evening.records[at]
    evening.records[at] = replace(before, event=replace(before.event, page_language="es"))
    _, book = await clinic(evening)
    pages = [await book.person(each, WORDS, reader=reader(Role.FACILITATOR)) for each in evening.people]
    said = [page["measures"][0]["rows"][0]["answered_in"] for page in pages if page]
    assert said == ["answered in English, on a page in Spanish", ""]
    spanish = await book.person(evening.people[0], words_in("es"), reader=reader(Role.FACILITATOR))
    assert spanish
    [row] = spanish["measures"][0]["rows"]
    assert row["answered_in"] == "contestado en inglés, en una página en español"


async def test_an_anonymous_answer_is_on_nobodys_page() -> None:
    evening = held(0, [3, 1], CLIMATE)
    _, book = await clinic(evening)
    for person in evening.people:
        page = await book.person(person, WORDS, reader=reader(Role.FACILITATOR))
        assert page is not None and page["measures"] == []


@pytest.mark.parametrize(("people", "shown"), [(4, False), (5, True)])
async def test_a_group_is_told_of_as_means_of_five(people: int, shown: bool) -> None:
    _, book = await clinic(held(0, [1] * people))
    page = await book.groups(WORDS, reader=reader(Role.ADMINISTRATOR))
    [group] = page["groups"]
    assert bool(group["trends"][0]["points"]) is shown
    assert ("9.0" in json.dumps(page)) is shown
    assert page["people"] == [] and "Robin" not in json.dumps(page)


@pytest.mark.parametrize(("hours", "shown"), [(4, False), (22, False), (28, True)])
async def test_a_mean_is_shown_once_nobody_anywhere_can_still_be_answering(hours: int, shown: bool) -> None:
    """Of a Sunday’s evening in New York: two readings must never differ by one answer."""
    sunday = held(0, [1] * 5)
    sunday.scheduled = replace(sunday.scheduled, starts_at=Instant(FIRST + 6 * 24 * HOUR_MS))
    _, book = await clinic(sunday, now=sunday.scheduled.starts_at + hours * HOUR_MS)
    assert ("9.0" in json.dumps(await book.groups(WORDS, reader=reader(Role.ADMINISTRATOR)))) is shown


async def test_clinicians_find_whose_results_there_are() -> None:
    evening = held(0, [1, 2])
    _, book = await clinic(evening)
    page = await book.groups(WORDS, reader=reader(Role.SUPERVISOR))
    assert [each["url"] for each in page["people"]] == [f"/measures/{person}" for person in evening.people]


async def test_ones_own_scores_are_shown_where_the_programme_says_so_alone() -> None:
    evening = held(0, [1, 2])
    _, book = await clinic(evening)
    me = reader(Role.PARTICIPANT, evening.people[0])
    assert await book.own(WORDS, reader=me) == {"told": False, "measures": []}
    opened = evening.records[0].event
    kind = replace(opened, programme=replace(opened.programme, own_scores=True))
    evening.records[0] = replace(evening.records[0], event=kind)
    _, book = await clinic(evening)
    page = await book.own(WORDS, reader=me)
    assert [row["score"] for measure in page["measures"] for row in measure["rows"]] == [9]
    assert not {"moderate", "mild", "band"} & set(json.dumps(page).replace('"', " ").split())
    assert ItemId("9") not in page
