"""Hours handed out as a file, from evenings that were really held (server/books/exports.py)."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from typing import Any

import pytest

from facilitation import commands as c
from facilitation.crediting import credit
from facilitation.disclosures import PART_2_NOTICE, Purpose
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.timebase import MINUTE_MS, Instant
from server.books.exports import CLAIM_COLUMNS, COLUMNS, HoursExports
from server.catalog import load_catalog
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.web import words
from server.web.exports import Asked
from tests.support.consents import releases_of
from tests.support.evening import FAY, usual
from tests.unit.books.test_statements import DAY_MS, TUESDAY_6_PM, Desk, _identity, evening, signed

FAYS = _identity(FAY, Role.FACILITATOR, evening().scheduled.session, 1)


def asked(**changed: Any) -> Asked:
    given: dict[str, Any] = {"first": None, "last": None, "purpose": Purpose.PAYMENT, "reason": "", "form": "f-1"}
    return Asked(**(given | changed))


async def held(*days: int) -> Desk:
    evenings = [signed(usual(evening(session=f"s-{day}", days=day))) for day in days]
    return await Desk(*evenings, now=TUESDAY_6_PM + (max(days) + 1) * DAY_MS).fill()


def exports_of(desk: Desk) -> HoursExports:
    releases = releases_of(desk.store, clock=desk.clock)
    return HoursExports(desk.store, releases=releases, clock=desk.clock, payers=load_catalog().payers)


async def rows(desk: Desk, person: str | None, **changed: Any) -> list[dict[str, str]]:
    exports = exports_of(desk)
    found = PersonId(person) if person else None
    handout = await exports.hours(found, by=FAYS, asked=asked(**changed))
    assert handout.filename == f"hours-{words.local(desk.clock.now(), 'UTC').date()}.csv"
    return list(csv.DictReader(io.StringIO(b"".join(handout.chunks).decode("utf-8-sig"), newline="")))


async def logged(desk: Desk) -> list[tuple[Purpose, tuple[PersonId, ...]]]:
    return [(each.purpose, each.about) async for each in desk.store.disclosures.all()]


async def test_a_row_says_what_the_ledger_and_the_signed_note_say() -> None:
    desk = await held(0)
    [person, *_] = desk.evenings[0].people
    [entry] = (await desk.store.ledger.account(person)).entries()
    [row] = await rows(desk, person)
    assert tuple(row) == COLUMNS
    assert row["session"] == "s-0" and row["person"] == person and row["name"] == "Robin"
    assert (row["date"], row["zone"]) == ("2026-11-24", "America/New_York")
    assert row["scheduled"] == "2026-11-24T18:00:00-05:00"
    attended = credit(desk.evenings[0].state, person)
    assert attended.first is not None and attended.last is not None
    for column, instant in (("joined", attended.first), ("left", attended.last)):
        assert row[column].startswith("2026-11-24T") and row[column].endswith("-05:00")
        assert datetime.fromisoformat(row[column]).timestamp() == instant // 1_000
    assert row["countable_min"] == str(entry.facts.countable_min)
    assert float(row["present_min"]) == pytest.approx(entry.facts.present_ms / MINUTE_MS, abs=0.01)
    on_breaks = sum(share.present_ms for share in entry.facts.by_segment if share.kind == "break")
    assert float(row["break_min"]) == pytest.approx(on_breaks / MINUTE_MS, abs=0.01)
    assert (row["units"], row["rules_version"]) == ("", "exact-floor 2026-01")
    assert (row["correction_reason"], row["signer"], row["notice"]) == ("", "Dr. Fay Facilitator", PART_2_NOTICE)


async def test_days_are_those_of_the_sessions_both_included() -> None:
    desk = await held(0, 1, 2)
    [person, *_] = desk.evenings[0].people
    found = await rows(desk, person, first=date(2026, 11, 25), last=date(2026, 11, 26))
    assert [row["session"] for row in found] == ["s-1", "s-2"]
    assert [row["session"] for row in await rows(desk, person, last=date(2026, 11, 24))] == ["s-0"]


async def test_everybodys_hours_are_a_row_each_and_in_everybodys_account() -> None:
    desk = await held(0, 1)
    found = await rows(desk, None, first=date(2026, 11, 1), last=date(2026, 11, 30))
    people = sorted(desk.evenings[0].people)
    assert [(row["session"], row["person"]) for row in found] == [
        (session, person) for session in ("s-0", "s-1") for person in people
    ]
    assert await logged(desk) == [(Purpose.PAYMENT, tuple(people))]
    for person in people:
        [shown] = (await desk.statement(person, reader=person))["disclosures"]
        assert shown["by"] == "Dr. Fay Facilitator"
        assert shown["what"] == "Hours, from November 1, 2026 to November 30, 2026"
        assert shown["why"] == "Payment"


async def test_it_is_logged_before_the_first_byte_and_not_handed_out_if_it_cannot_be() -> None:
    desk = await held(0)
    [person, *_] = desk.evenings[0].people
    exports = exports_of(desk)
    handout = await exports.hours(person, by=FAYS, asked=asked())
    assert len(await logged(desk)) == 1  # nothing of it was read yet
    assert next(handout.chunks)

    async def away(disclosure: object) -> object:
        raise StoreUnavailable("away")

    desk.store.disclosures.record = away
    with pytest.raises(StoreUnavailable):
        await exports.hours(person, by=FAYS, asked=asked())


async def test_the_same_form_twice_gives_two_files_and_one_line_in_the_account() -> None:
    desk = await held(0)
    [person, *_] = desk.evenings[0].people
    assert await rows(desk, person) == await rows(desk, person)
    assert len(await logged(desk)) == 1
    desk.clock.advance(minutes=10)
    await rows(desk, person)
    await rows(desk, person, form="f-2")
    assert len(await logged(desk)) == 3


async def test_ones_own_copy_is_in_ones_account_too() -> None:
    desk = await held(0)
    [person, *_] = desk.evenings[0].people
    me = _identity(person, Role.PARTICIPANT, desk.evenings[0].scheduled.session, 1)
    await exports_of(desk).hours(person, by=me, asked=asked(purpose=Purpose.OWN))
    [shown] = (await desk.statement(person, reader=person))["disclosures"]
    assert (shown["by"], shown["what"], shown["why"]) == ("You", "Hours, all", "A copy of one’s own")
    assert (await desk.statement(person, reader=person, as_of=date(2026, 11, 24)))["disclosures"] == []


@pytest.mark.parametrize(
    ("person", "changed", "told"),
    [
        (None, {}, "first and the last day"),
        (None, {"first": date(2026, 11, 1)}, "first and the last day"),
        (None, {"first": date(2026, 9, 1), "last": date(2026, 12, 2)}, "At most 92 days"),
        (None, {"first": date(2026, 11, 1), "last": date(2026, 11, 2)}, "nothing to download"),
        ("p-1", {"first": date(2026, 11, 30), "last": date(2026, 11, 1)}, "nothing to download"),
        ("p-1", {"purpose": Purpose.OTHER}, "Say in a few words"),
        ("p-nobody", {}, "nothing to download"),
    ],
)
async def test_what_cannot_be_handed_out_is_refused_and_not_logged(
    person: str | None, changed: dict[str, Any], told: str
) -> None:
    desk = await held(0)
    with pytest.raises(Refusal, match=told):
        await rows(desk, person, **changed)
    assert await logged(desk) == []


async def test_more_than_a_file_should_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.books.exports.ROWS_MAX", 1)
    desk = await held(0, 1)
    with pytest.raises(Refusal, match="more than 1 entries; choose fewer days"):
        await rows(desk, desk.evenings[0].people[0])


async def test_hours_without_the_log_they_rest_on_are_not_handed_out() -> None:
    desk = await held(0)

    async def nothing(session: str, *, after: int = 0) -> Any:
        for record in ():
            yield record

    desk.store.log.linked = nothing
    with pytest.raises(CorruptLog, match="there is no log of session s-0"):
        await rows(desk, desk.evenings[0].people[0])
    assert await logged(desk) == []


async def test_amended_hours_are_rows_that_add_up_and_say_why() -> None:
    held = signed(usual(evening()))
    robin = held.people[0]
    start, end = Instant(held.now - 200 * MINUTE_MS), Instant(held.now - 190 * MINUTE_MS)
    held.do(c.CorrectAttendance(person=robin, start=start, end=end, present=False, reason="Somebody else."), FAY)
    held.do(c.AmendHours(person=robin, reason="Somebody else sat there."), FAY)
    first, back, instead = await rows(await Desk(held, now=held.now + DAY_MS).fill(), robin)
    assert [row["correction_reason"] for row in (first, back, instead)] == ["", *["Somebody else sat there."] * 2]
    for column in ("present_min", "credited_min", "break_min", "countable_min"):
        assert float(first[column]) + float(back[column]) == 0, column
    assert int(instead["countable_min"]) == int(first["countable_min"]) - 10


async def test_claim_ready_rows_rest_on_the_entries_that_stand_and_are_logged_as_such() -> None:
    desk = await held(0)
    [person, *_] = desk.evenings[0].people
    [entry] = (await desk.store.ledger.account(person)).entries()
    exports = exports_of(desk)
    handout = await exports.hours(person, by=FAYS, asked=asked(payer="example-quarter-hours"))
    [row] = csv.DictReader(io.StringIO(b"".join(handout.chunks).decode("utf-8-sig"), newline=""))
    assert tuple(row) == CLAIM_COLUMNS
    full, rest = divmod(entry.facts.countable_min, 15)
    assert row["service_code"] == "H0004" and row["units"] == str(full + (rest >= 8))
    assert (row["minutes"], row["entries"]) == (str(entry.facts.countable_min), "1")
    assert row["notice"] == PART_2_NOTICE and "check before use" in row["remark"]
    assert [each.what async for each in desk.store.disclosures.all()] == ["claim-ready rows"]
    with pytest.raises(Refusal, match="no table"):
        await exports.hours(person, by=FAYS, asked=asked(payer="nobody's"))
