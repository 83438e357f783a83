"""What statement pages tell, from evenings that were really held."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from facilitation import commands as c
from facilitation.events import SessionOpened
from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.room import replay
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server.books import meter_words
from server.books.statements import ClinicBooks
from server.catalog import load_catalog
from server.clock import FakeClock
from server.projections.meters import Meters
from server.projections.worker import HoursProjection
from server.rooms.ports import CorruptLog
from server.store import memory
from server.store.clinic import Person
from server.store.ports import Store
from server.web.auth import Identity
from server.web.words import IN_ENGLISH
from tests.support.evening import FAY, Evening, usual

TUESDAY_6_PM = 1_795_561_200_000  # 2026-11-24 in New York
DAY_MS = 24 * HOUR_MS


class Desk:
    """Books over evenings, read by a clock that stands where the test puts it."""

    def __init__(self, *evenings: Evening, now: int) -> None:
        self.evenings = evenings
        self.clock = FakeClock(now)
        self.store: Store = memory.connect()
        self.books = ClinicBooks(self.store, catalog=load_catalog(), clock=self.clock)

    async def fill(self, *, track: str = "adult") -> Desk:
        for evening in self.evenings:
            scheduled = evening.scheduled
            await self.store.clinic.put_session(scheduled)
            for each in scheduled.roster:
                person = Person(
                    person=each.person, name=each.name, role=each.role, track=track, zone="America/New_York"
                )
                await self.store.clinic.put_person(person)
            if evening.lived:
                epoch = await self.store.leases.acquire(scheduled.session, node="n")
                await self.store.log.append(scheduled.session, evening.records, epoch=epoch)
        await HoursProjection(self.store.log, self.store.ledger, self.clock).catch_up()
        return self

    async def statement(
        self, person: PersonId, *, reader: PersonId = FAY, number: int = 1, as_of: date | None = None
    ) -> dict[str, Any]:
        role = Role.FACILITATOR if reader == FAY else Role.PARTICIPANT
        identity = _identity(reader, role, SessionId("s-1"), number)
        told = await self.books.statement(person, IN_ENGLISH, reader=identity, as_of=as_of)
        assert told is not None
        return told


def _identity(person: PersonId, role: Role, session: SessionId, number: int) -> Identity:
    return Identity(person=person, role=role, session=session, name=str(person), number=number)


def evening(*, session: str = "s-1", days: int = 0, plan: str = "adult") -> Evening:
    return Evening(session=session, starts_at=TUESDAY_6_PM + days * DAY_MS, people=3, plan=plan, title="Evening group")


def signed(held: Evening, *people: PersonId) -> Evening:
    """With the notes of these people, or of all, written and signed."""
    for person in people or held.people:
        held.at(210).write(person, "Took part.")
        held.sign(person)
    return held


# --------------------------------------------------------------------------- statements


async def test_a_statement_says_what_the_ledger_says() -> None:
    held = signed(usual(evening()))
    desk = await Desk(held, now=TUESDAY_6_PM + DAY_MS).fill()
    for person in held.people:
        [entry] = (await desk.store.ledger.account(person)).entries()
        told = await desk.statement(person)
        [week] = told["weeks"]
        [row] = week["entries"]
        counted = entry.facts.countable_min
        assert counted > 0
        assert (row["minutes"], week["minutes"], told["total"]["minutes"]) == (counted,) * 3
        assert (row["hash"], row["previous"], row["number"]) == (entry.hash, entry.previous, 1)
        assert sum(day["minutes"] for day in week["days"]) == counted
        assert [day["label"] for day in week["days"] if day["minutes"]] == ["Tue"]
        assert (week["target"], week["target_text"], week["reached"]) == (540, "9 h", False)
        assert week["fraction"] == pytest.approx(counted / 540)
        assert row["signer"] == "Dr. Fay Facilitator"
        assert row["date"] == "Tuesday, November 24"
        assert row["rules"] == "Exact minutes, breaks excluded (version 2026-01)"
        assert [share["counted"] for share in row["segments"] if share["title"] == "Break"] == [False, False]
        assert row["record_url"] == "/s/s-1/record"


async def test_weeks_are_the_newest_first_and_this_week_is_there_without_an_entry() -> None:
    held = signed(usual(evening()))
    desk = await Desk(held, now=TUESDAY_6_PM + 15 * DAY_MS).fill()
    told = await desk.statement(held.people[0])
    assert [(week["label"], week["current"], len(week["entries"])) for week in told["weeks"]] == [
        ("This week", True, 0),
        ("November 23 – 29", False, 1),
    ]


async def test_several_sessions_of_a_week_add_up_to_its_floor() -> None:
    held = [signed(usual(evening(session=f"s-{n}", days=n))) for n in range(4)]
    desk = await Desk(*held, now=TUESDAY_6_PM + 4 * DAY_MS).fill()
    told = await desk.statement(held[0].people[0])
    [week] = told["weeks"]
    assert week["minutes"] == sum(row["minutes"] for row in week["entries"])
    assert week["reached"] and week["fraction"] == 1.0
    assert told["total"]["sessions"] == 4


async def test_a_statement_as_of_a_day_holds_what_was_posted_by_its_end_where_the_session_was_held() -> None:
    first, second = signed(usual(evening())), evening(session="s-2", days=1)
    desk = await Desk(first, second, now=TUESDAY_6_PM + 5 * HOUR_MS + 59 * MINUTE_MS).fill()  # 11:59 PM
    usual(second)
    signed(second)
    epoch = await desk.store.leases.acquire(second.scheduled.session, node="n")
    await desk.store.log.append(second.scheduled.session, second.records, epoch=epoch)
    desk.clock.advance(minutes=1)  # midnight in New York
    await HoursProjection(desk.store.log, desk.store.ledger, desk.clock).catch_up()
    person = first.people[0]

    def minutes(told: dict[str, Any]) -> list[tuple[str, int, int]]:
        return [(week["label"], week["minutes"], len(week["entries"])) for week in told["weeks"]]

    now = await desk.statement(person)
    each = now["weeks"][0]["entries"][0]["minutes"]
    assert now["as_of"] is None and now["today"] == "2026-11-25"
    assert minutes(now) == [("This week", 2 * each, 2)]
    then = await desk.statement(person, as_of=date(2026, 11, 24))
    assert then["as_of"] == {"date": "2026-11-24", "text": "Tuesday, November 24, 2026"}
    assert minutes(then) == [("November 23 – 29", each, 1)]
    assert then["total"]["minutes"] == each
    assert minutes(await desk.statement(person, as_of=date(2026, 11, 23))) == [("November 23 – 29", 0, 0)]
    assert minutes(await desk.statement(person, as_of=date(2027, 1, 1)))[-1] == ("November 23 – 29", 2 * each, 2)


async def under(rules_id: str, *days: int, now: int, minutes: int = 201) -> Desk:
    """Evenings of Robin's so many days after the Tuesday, signed, in a clinic that goes by these rules."""
    evenings = []
    for number, day in enumerate(days):
        held = evening(session=f"s-{number}", days=day)
        held.scheduled = replace(held.scheduled, rules_id=rules_id)
        opened = held.records[0]
        assert isinstance(opened.event, SessionOpened)
        rules = load_catalog().rules[rules_id]
        held.records[0] = replace(opened, event=replace(opened.event, rules=rules))
        held.state = replay(held.records)
        evenings.append(signed(brief(held, minutes)))
    return await Desk(*evenings, now=now).fill()


def brief(held: Evening, minutes: int) -> Evening:
    """Robin is there for so long, all of it in the check-in."""
    held.at(-5).come(FAY)
    held.come(PersonId("p-1"))
    held.at(0).do(c.StartSession(), FAY)
    held.at(minutes).do(c.EndSession(), FAY)
    return held


async def test_a_statement_and_a_meter_have_the_same_week_whatever_day_it_begins_on() -> None:
    sunday, monday = 5, 6  # after that Tuesday
    desk = await under("california-sunday-week", 0, sunday, monday, now=TUESDAY_6_PM + 7 * DAY_MS)
    told = await desk.statement(PersonId("p-1"))
    assert [(week["label"], week["from"], week["minutes"]) for week in told["weeks"]] == [
        ("This week", "2026-11-29", 402),
        ("Last week", "2026-11-22", 201),
    ]
    assert [day["label"] for day in told["weeks"][0]["days"]][:2] == ["Sun", "Mon"]
    robin = await desk.store.clinic.get_person("p-1")
    assert robin is not None
    meter = await Meters(desk.store, catalog=load_catalog(), clock=desk.clock).of(robin)
    same = ("from", "to", "minutes", "target", "reached")
    ring = meter_words.ring(meter.week, IN_ENGLISH)
    assert {key: ring[key] for key in same} == {key: told["weeks"][0][key] for key in same}
    then = await desk.statement(PersonId("p-1"), as_of=date(2026, 11, 28))
    assert [(week["label"], week["from"]) for week in then["weeks"]] == [("November 22 – 28", "2026-11-22")]


async def test_minutes_of_days_too_short_to_count_are_told_beside_the_week_and_not_in_it() -> None:
    desk = await under("north-carolina-saiop", 0, 1, now=TUESDAY_6_PM + 2 * DAY_MS, minutes=100)
    [week] = (await desk.statement(PersonId("p-1")))["weeks"]
    assert (week["minutes"], len(week["entries"])) == (0, 2)
    assert week["aside"] == "3 h 20 min more on days of less than 3 h, which do not count towards the week."


async def test_a_week_that_nothing_is_asked_of_is_never_reached() -> None:
    desk = await under("family-50-midpoint", 0, now=TUESDAY_6_PM + DAY_MS)
    [week] = (await desk.statement(PersonId("p-1")))["weeks"]
    assert (week["target"], week["reached"], week["fraction"]) == (0, False, 0.0)


async def test_a_teens_week_reaches_for_six_hours() -> None:
    held = signed(usual(evening()))
    desk = await Desk(held, now=TUESDAY_6_PM + DAY_MS).fill(track="teen")
    assert (await desk.statement(held.people[0]))["weeks"][0]["target_text"] == "6 h"


async def test_a_participant_is_not_led_to_records() -> None:
    held = signed(usual(evening()))
    desk = await Desk(held, now=TUESDAY_6_PM + DAY_MS).fill()
    told = await desk.statement(held.people[0], reader=held.people[0])
    assert told["weeks"][0]["entries"][0]["record_url"] is None


async def test_nobody_of_that_id_has_no_statement() -> None:
    desk = await Desk(evening(), now=TUESDAY_6_PM).fill()
    reader = _identity(FAY, Role.FACILITATOR, SessionId("s-1"), 1)
    assert await desk.books.statement(PersonId("p-nobody"), IN_ENGLISH, reader=reader) is None


async def test_a_ledger_that_was_tampered_with_is_not_shown_as_if_it_were_right() -> None:
    held = signed(usual(evening()))
    desk = await Desk(held, now=TUESDAY_6_PM + DAY_MS).fill()
    account = await desk.store.ledger.account(held.people[0])

    async def forged(person: str) -> object:
        row = account.rows[0]
        line = row.line.replace(b'"countable_min":', b'"countable_min":9')
        assert line != row.line
        return type(account)(
            person=account.person,
            rows=(type(row)(id=row.id, line=line, hash=row.hash),),
            weeks=account.weeks,
            posted=account.posted,
        )

    desk.store.ledger.account = forged
    with pytest.raises(CorruptLog, match="hash chain broken"):
        await desk.statement(held.people[0])


# --------------------------------------------------------------------------- a week under other rules


async def test_the_choice_of_rule_sets_alone_reads_no_log() -> None:
    desk = await Desk(evening(), now=TUESDAY_6_PM).fill()
    told = await desk.books.what_if(desk.evenings[0].people[0], IN_ENGLISH, rules=None, day=None)
    assert told is not None and (told["result"], told["day"]) == (None, None)
    assert [choice["id"] for choice in told["choices"]] == list(load_catalog().rules)
    assert not any(choice["chosen"] for choice in told["choices"])


async def test_a_week_under_other_rules_stands_beside_what_is_posted() -> None:
    held = signed(usual(evening()))
    desk = await Desk(held, now=TUESDAY_6_PM + DAY_MS).fill()
    told = await desk.books.what_if(held.people[0], IN_ENGLISH, rules="new-york-ios", day=None)
    assert told is not None
    result = told["result"]
    assert (told["day"], result["range"]) == ("2026-11-25", "Monday, November 23 – Sunday, November 29")
    assert result["title"].endswith("example, to be checked by the clinic")
    [posted] = [entry.facts.countable_min for entry in (await desk.store.ledger.account(held.people[0])).entries()]
    assert (result["days"][0]["posted"], result["days"][0]["minutes"]) == (posted, posted)
    assert "nothing is changed" in result["nothing_changes"]


async def test_nobody_and_no_rule_set_give_no_week() -> None:
    desk = await Desk(evening(), now=TUESDAY_6_PM).fill()
    assert await desk.books.what_if(desk.evenings[0].people[0], IN_ENGLISH, rules="generous", day=None) is None
    assert await desk.books.what_if(PersonId("p-nobody"), IN_ENGLISH, rules=None, day=None) is None


# --------------------------------------------------------------------------- amendments


async def test_a_statement_shows_what_was_taken_back_what_stands_instead_and_why() -> None:
    held = signed(usual(evening()))
    robin = held.people[0]
    start, end = Instant(held.now - 200 * MINUTE_MS), Instant(held.now - 190 * MINUTE_MS)
    held.do(
        c.CorrectAttendance(person=robin, start=start, end=end, present=False, reason="Somebody else sat there."), FAY
    )
    held.do(c.AmendHours(person=robin, reason="Somebody else sat there."), FAY)
    told = await (await Desk(held, now=held.now + HOUR_MS).fill()).statement(robin)
    first, back, instead = told["weeks"][0]["entries"]
    assert (first["kind"], back["kind"], instead["kind"]) == ("session", "reversal", "session")
    assert (first["corrects"], back["corrects"], instead["corrects"]) == (None, 1, 1)
    assert (first["stands"], back["stands"], instead["stands"]) == (False, False, True)
    assert first["minutes"] + back["minutes"] == 0
    assert [part["minutes_text"] for part in back["segments"]] == [
        "0 min" if part["minutes_text"] == "0 min" else f"−{part['minutes_text']}" for part in first["segments"]
    ]
    assert instead["minutes"] == first["minutes"] - 10
    assert (instead["reason"], instead["corrected_text"]) == ("Somebody else sat there.", "−10 min")
    assert instead["signer"] == "Dr. Fay Facilitator"
    assert told["total"] == {
        "minutes": instead["minutes"],
        "minutes_text": told["total"]["minutes_text"],
        "sessions": 1,
    }
