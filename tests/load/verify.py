"""How long `ledger verify` takes over a year of a clinic of 200 people, beside a bare read of the same bytes.

    python -m tests.load.verify

Two clinics on one real Valkey. The *year*: 20 groups of 10, three evenings a week for 50 weeks, with all that a server
writes of them: people come with sound and picture, drop and return, check in and out, chat, raise hands; every note is
typed, a draft each two seconds, and signed; now and then a server is killed, or hours are amended.
The *week*: one week of thinner evenings as servers wrote them before proofs of life were kept beside the log, with a
pulse every two seconds. Both are filled by copying evenings that the room itself decided, with other people on another
day. Every figure is of one run.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from redis.asyncio import Redis
from rich.console import Console

from facilitation import commands as c
from facilitation.events import HoursAmended, NoteSigned
from facilitation.ids import FormId, PersonId, SourceId
from facilitation.timebase import MINUTE_MS, Instant
from server import logs
from server.clock import RoomClock
from server.commands._log_pool import quick_reader_of
from server.projections.verify import Report, verify
from server.projections.worker import HoursProjection
from server.store import chain, codec
from server.store.connect import connect, open_client
from server.store.embedded import EmbeddedValkey
from server.store.keys import Keys
from server.store.ports import Store
from tests.support.evening import FAY, PERSON_TEXTS, Evening, usual

GROUPS, GROUP_PEOPLE, WEEK_DAYS, WEEKS = 20, 10, (0, 2, 4), 50
AMENDED_EVERY = 40
KILLED_EVERY = 10
DAY_MS = 86_400_000
CHECK_IN, WRAP_UP = FormId("check-in"), FormId("wrap-up")
BEGAN = 1_764_025_200_000
"""A Monday evening in New York, November 2025."""
PULSE_MS = 2_000
TYPED_EVERY_MS, TYPED_AT_ONCE = 2_000, 12
"""A browser sends what is typed every two seconds, in which a good typist writes so many letters."""
LINES_AT_ONCE = 2_000

_INSTANT = re.compile(rb"\b17\d{11}\b")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One evening's lines. `posts`: `seq` of the last that posts hours, with and without the amendment at its end."""

    lines: list[bytes]
    posts: tuple[int, int]


class Pulsed(Evening):
    """An evening of which every proof of life went into the log."""

    def at(self, minutes: float, seconds: float = 0) -> Evening:
        until = round(self.scheduled.starts_at + minutes * MINUTE_MS + seconds * 1_000)
        while self.now + PULSE_MS < until and self.state.phase != "ended":
            self.now = Instant(self.now + PULSE_MS)
            self.do(c.Pulse(heard=dict.fromkeys(map(str, self.state.attendance.owners), self.now)))
        return super().at(minutes, seconds)


class Lively(Evening):
    """An evening on which people do what people do. `killed`: the server is, once."""

    def __init__(self, *, killed: bool, **fields: Any) -> None:
        self._killed = killed
        self._minute = 0
        super().__init__(**fields)

    def at(self, minutes: float, seconds: float = 0) -> Evening:
        until = round(self.scheduled.starts_at + minutes * MINUTE_MS + seconds * 1_000)
        while self.now + MINUTE_MS < until and self.state.phase == "running":
            self.now = Instant(self.now + MINUTE_MS)
            self._minute += 1
            self._live()
        return super().at(minutes, seconds)

    def come(self, person: PersonId) -> None:
        super().come(person)
        self.do(c.ConnectMedia(peer=SourceId(f"m-{len(self.records)}"), person=person))
        self.do(c.SetMedia(microphone=True, camera=True), person)

    def outage(self, seconds: float) -> None:
        if self._killed:
            super().outage(seconds)

    def write(self, subject: str, text: str) -> None:
        """As it is typed."""
        for end in range(TYPED_AT_ONCE, len(text) + TYPED_AT_ONCE, TYPED_AT_ONCE):
            self.now = Instant(self.now + TYPED_EVERY_MS)
            super().write(subject, text[:end])

    def _live(self) -> None:
        """What happens in a minute."""
        there = [person for person in self.people if self.state.attendance.of(person).present]
        if not there:
            return
        who = there[self._minute % len(there)]
        self.do(c.SetMedia(microphone=self._minute % 2 == 0, camera=True), who)
        if self._minute % 3 == 0:
            self.do(c.SendChat(text="That is how it was for me too, and walking helped."), who)
        if self._minute % 4 == 0:
            self.do(c.RaiseHand(), who)
            self.do(c.LowerHand(), who)
        if self._minute % 5 == 0:
            self.do(c.React(reaction="heart"), who)
        if self._minute <= len(there):
            self._fill_in(CHECK_IN, who)
        if self.state.agenda.position == self.state.agenda.plan.segments[-1].id:
            for person in there:
                if self.state.checkin.sheet(person, WRAP_UP).submitted_at is None:
                    self._fill_in(WRAP_UP, person)

    def _fill_in(self, form: FormId, person: PersonId) -> None:
        """Question by question; nothing in it raises a flag."""
        questions = next(each for each in self.state.checkin.forms if each.id == form).questions
        answers: dict[str, bool | int | str | None] = {}
        for question in questions:
            if question.kind in ("scale", "number"):
                answers[question.id] = question.low
            elif question.kind == "yes_no":
                answers[question.id] = "yes" not in question.flag_values
            elif question.choices:
                calm = [each.value for each in question.choices if each.value not in question.flag_values]
                answers[question.id] = calm[0]
            else:
                continue
            self.do(c.SaveForm(form=form, answers=dict(answers)), person)
        self.do(c.SubmitForm(form=form, answers=answers), person)


def pattern(evening: Evening) -> Pattern:
    """The whole of it with every note signed, and, as its last two lines, a correction and an amendment."""
    usual(evening)
    evening.at(240)
    for number, person in enumerate(evening.people):
        evening.write(person, PERSON_TEXTS[number % len(PERSON_TEXTS)])
        evening.sign(person)
    signed = max(record.seq for record in evening.records if isinstance(record.event, NoteSigned))
    first = evening.people[0]
    start, end = Instant(BEGAN + 60 * MINUTE_MS), Instant(BEGAN + 70 * MINUTE_MS)
    evening.do(c.CorrectAttendance(person=first, start=start, end=end, present=False, reason="Not there."), FAY)
    evening.do(c.AmendHours(person=first, reason="Not there."), FAY)
    assert isinstance(evening.records[-1].event, HoursAmended)
    return Pattern([codec.encode(record) for record in evening.records], (len(evening.records), signed))


def copied(of: Pattern, *, session: str, group: int, days: int, amended: bool) -> Iterator[bytes]:
    """The same evening on another day, with the people of another group."""
    shift = days * DAY_MS
    lines = of.lines if amended else of.lines[:-2]
    for line in lines:
        moved = _INSTANT.sub(lambda found: b"%d" % (int(found[0]) + shift), line)
        moved = re.sub(rb'"p-(\d+)"', rb'"p-%d-\1"' % group, moved)
        yield moved.replace(b'"s-0"', b'"%s"' % session.encode())


async def fill(client: Redis, keys: Keys, patterns: Sequence[Pattern], days: Iterator[int], people: Console) -> None:
    """Logs as the rooms would have left them, straight into the store; what they post is still owed.

    The last of `patterns` is that of every so many evenings.
    """
    for number, day in enumerate(days):
        for group in range(GROUPS):
            session = f"s-{day}-{group}"
            amended = (number * GROUPS + group) % AMENDED_EVERY == 0
            of = patterns[-1 if (number * GROUPS + group) % KILLED_EVERY == 3 else 0]
            hashed, head = client.pipeline(transaction=False), chain.genesis("log", session)
            for seq, line in enumerate(copied(of, session=session, group=group, days=day, amended=amended), 1):
                head = chain.link(head, line)
                hashed.xadd(keys.log(session), {"record": line, "hash": head}, id=f"{seq}-0")
                if seq % LINES_AT_ONCE == 0:
                    await hashed.execute()
            hashed.sadd(keys.logs, session)
            hashed.hset(keys.owed, session, str(of.posts[0] if amended else of.posts[1]))
            await hashed.execute()
        if people.is_terminal:
            people.print(f"day {number + 1}", end="\r")


async def bare_read(store: Store) -> tuple[float, int]:
    """Seconds to read everything that a verification reads, a page at a time, and look at none of it; its records."""
    client, keys, records = store.client, store.keys, 0
    assert client is not None
    began = time.perf_counter()
    for session in await store.log.sessions():
        last = "0-0"
        while True:
            page: Any = await client.xrange(keys.log(session), f"({last}", "+", count=1_000)
            records += len(page)
            if len(page) < 1_000:
                break
            last = page[-1][0].decode()
    for person in await store.ledger.people():
        await client.xrange(keys.entries(person))
        await client.hgetall(keys.posted(person))
        await client.hgetall(keys.weeks(person))
    return time.perf_counter() - began, records


async def proved(store: Store) -> tuple[float, Report]:
    began = time.perf_counter()
    report = await verify(store, read=quick_reader_of(store))
    took_s = time.perf_counter() - began
    assert report.right, [finding.text for finding in report.findings[:5]]
    return took_s, report


def figure(name: str, value: float, unit: str, better: str, against: str, n: int) -> None:
    row = {"figure": name, "value": round(value, 3), "unit": unit, "better": better, "against": against, "n": n}
    print(json.dumps(row), flush=True)


async def measure(url: str, what: str, patterns: Sequence[Pattern], days: list[int], people: Console) -> None:
    client, store = open_client(url), await connect(url, clinic=what)
    try:
        began = time.perf_counter()
        await fill(client, store.keys, patterns, iter(days), people)
        filled_s = time.perf_counter() - began
        posted = await HoursProjection(store.log, store.ledger, RoomClock()).catch_up()
        posted_s = time.perf_counter() - began - filled_s
        people.print(f"{what}: filled in {filled_s:.0f} s, {posted} entries posted in {posted_s:.0f} s")
        read_s, records = await bare_read(store)
        took_s, report = await proved(store)
        again_s, _ = await bare_read(store)
        read_s = (read_s + again_s) / 2
        assert report.records == records
        size = f"{report.sessions} sessions, {report.records} records, {report.entries} entries, {report.people} people"
        name = "ledger.verify" if what == "year" else f"ledger.verify_{what}"
        figure(f"{name}_s", took_s, "s", "lower", f"{size}; a bare read of the same takes {read_s:.1f} s", 1)
        figure(f"{name}_vs_read", took_s / read_s, "ratio", "lower", "bare XRANGE of the same logs and entries", 1)
        figure(f"{name}_records_per_s", report.records / took_s, "records/s", "higher", size, report.records)
    finally:
        await store.close()
        await client.aclose()


async def main() -> None:
    people = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="milieu-") as folder:
        valkey = EmbeddedValkey(Path(folder))
        url = await valkey.start()
        try:
            year = [week * 7 + day for week in range(WEEKS) for day in WEEK_DAYS]
            plan: dict[str, Any] = {"session": "s-0", "starts_at": BEGAN, "people": GROUP_PEOPLE}
            lively = [pattern(Lively(killed=killed, **plan)) for killed in (False, True)]
            await measure(url, "year", lively, year, people)
            await measure(url, "week", [pattern(Pulsed(**plan))], list(WEEK_DAYS), people)
        finally:
            await valkey.stop()


if __name__ == "__main__":
    logs.configure(level="warning")
    uvloop.run(main())  # as the server runs
    sys.exit(0)
