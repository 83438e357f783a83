"""Hours handed out as a file: every row gathered and checked, the disclosure logged, and only then the first byte."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from facilitation import claims, crediting
from facilitation.claims import Attended, ClaimRow, Payer
from facilitation.disclosures import disclose
from facilitation.errors import Refusal
from facilitation.events import HoursAmended, NoteSigned, SessionOpened
from facilitation.facts import zone_of
from facilitation.ids import PersonId
from facilitation.notes import content_hash
from facilitation.plan import SegmentKind
from facilitation.releases import What
from facilitation.rules import RuleSet
from facilitation.sentences import Sentence
from facilitation.timebase import Instant
from server.books.spreadsheet import Cell, encode
from server.clock import Clock
from server.door.releases import Release, Releases
from server.rooms.ports import CorruptLog
from server.store.hours import HoursEntry, HoursFacts, day_of, standing
from server.store.ports import Store
from server.web.auth import Visitor
from server.web.exports import Asked, Handout

COLUMNS: Final = (
    *("session", "person", "name", "date", "zone", "scheduled", "joined", "left"),
    *("present_min", "credited_min", "break_min", "countable_min", "units", "rules_version"),
    *("correction_reason", "makes_up_session", "signer", "notice"),
)
CLAIM_COLUMNS: Final = (
    *("person", "name", "date", "payer", "service_code", "service", "modifiers", "revenue_code", "units", "minutes"),
    *("modality", "place_of_service", "basis", "sessions", "entries", "rules_version", "remark", "notice"),
)
ROWS_MAX: Final = 20_000
CLINIC_DAYS_MAX: Final = 92
AT_ONCE_MAX: Final = 2
BREATH: Final = 50
"""Records read at once: about two milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a session's log says beside the ledger. `times`: hash of a signed note → when its person joined and left."""

    scheduled: Instant
    rules: RuleSet
    times: Mapping[str, tuple[Instant | None, Instant | None]]


class HoursExports:
    """The port `Exports` of the pages, over the store. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, releases: Releases, clock: Clock, payers: Mapping[str, Payer]) -> None:
        self._store = store
        self._releases = releases
        self._clock = clock
        self._payers = payers
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def name(self, person: PersonId) -> str | None:
        found = await self._store.clinic.get_person(person)
        return None if found is None else found.name

    async def receivers(self) -> list[str]:
        return await self._releases.receivers()

    def tables(self) -> dict[str, str]:
        return {payer.id: payer.title for payer in self._payers.values()}

    async def hours(self, person: PersonId | None, *, by: Visitor, asked: Asked) -> Handout:
        if person is None:
            _bounded(asked)
        if asked.payer:
            return await self._claims(person, by=by, asked=asked)
        async with self._turns:
            entries = await self._entries(person, asked)
            if not entries:
                raise Refusal("nothing", "There are no hours of these days, so there is nothing to download.")
            told = {session: await self._told(session) for session in sorted({each.facts.session for each in entries})}
        now = self._clock.now()
        names = {each.person: each.name for each in await self._store.clinic.list_people()}
        release = await self._releases.check(
            _sessions(entries), asked.purpose, what=What.HOURS, receiver=asked.receiver
        )
        rows = [_row(entry, told[entry.facts.session], names, release) for entry in entries]
        await self._log("hours", entries, by=by, asked=asked, now=now)
        return Handout(filename=f"hours-{_today(now)}.csv", chunks=encode(COLUMNS, rows))

    async def _claims(self, person: PersonId | None, *, by: Visitor, asked: Asked) -> Handout:
        """What a payer's table makes of the hours that stand: rows for whoever bills, to be checked by them."""
        payer = self._payers.get(asked.payer)
        if payer is None:
            raise Refusal("bad_payer", "There is no table of that name any more.")
        async with self._turns:
            entries = await self._entries(person, asked, only_standing=True)
        if not entries:
            raise Refusal("nothing", "There are no hours of these days, so there is nothing to download.")
        people = {each.person: each for each in await self._store.clinic.list_people()}
        theirs: dict[PersonId, list[Attended]] = {}
        for entry in entries:
            theirs.setdefault(entry.facts.person, []).append(_attended(entry))
        release = await self._releases.check(
            _sessions(entries), asked.purpose, what=What.HOURS, receiver=asked.receiver
        )
        rows = [
            _claim(payer, row, each, people[each].name if each in people else "", release)
            for each, attended in theirs.items()
            for row in claims.rows(payer, people[each].track if each in people else "adult", attended)
        ]
        now = self._clock.now()
        await self._log("claim-ready rows", entries, by=by, asked=asked, now=now)
        return Handout(filename=f"claim-ready-{_today(now)}.csv", chunks=encode(CLAIM_COLUMNS, rows))

    async def _log(self, what: str, entries: Iterable[HoursEntry], *, by: Visitor, asked: Asked, now: Instant) -> None:
        await self._store.disclosures.record(
            disclose(
                clinic=self._store.keys.clinic,
                by=by.person,
                at=now,
                what=what,
                first=asked.first,
                last=asked.last,
                about=[entry.facts.person for entry in entries],
                purpose=asked.purpose,
                reason=asked.reason,
                form=asked.form,
                to=asked.receiver,
            )
        )

    async def _entries(self, person: PersonId | None, asked: Asked, *, only_standing: bool = False) -> list[HoursEntry]:
        """Those of the days asked for, by the calendar of where each session was held; in order of time."""
        people: Iterable[str] = [person] if person is not None else await self._store.ledger.people()
        found: list[HoursEntry] = []
        for each in people:
            entries = (await self._store.ledger.account(each)).entries()
            if only_standing:
                entries = standing(entries)
            found += (entry for entry in entries if _asked_for(entry.facts, asked))
            if len(found) > ROWS_MAX:
                raise Refusal(
                    "too_much", Sentence("That is more than {most} entries; choose fewer days.", most=f"{ROWS_MAX:,}")
                )
        return sorted(found, key=lambda entry: (entry.facts.started, entry.facts.session, entry.facts.person))

    async def _told(self, session: str) -> Told:
        opened: SessionOpened | None = None
        times: dict[str, tuple[Instant | None, Instant | None]] = {}
        async for linked in self._store.log.linked(session):
            match linked.record.event:
                case SessionOpened() as event:
                    opened = event
                case (
                    NoteSigned(content=content, content_hash=signed)
                    | HoursAmended(content=content, content_hash=signed)
                ) if content_hash(content) == signed:
                    times[signed] = _times(content)
            if linked.record.seq % BREATH == 0:
                await asyncio.sleep(0)
        if opened is None:
            raise CorruptLog(f"there is no log of session {session}, though hours rest on it")
        return Told(scheduled=opened.starts_at, rules=opened.rules, times=times)


def _times(content: Mapping[str, object]) -> tuple[Instant | None, Instant | None]:
    """When somebody joined and left, as their signed note says it; None where it does not."""
    figures = content.get("figures")
    said = (figures.get("first"), figures.get("last")) if isinstance(figures, Mapping) else (None, None)
    joined, left = (Instant(each) if isinstance(each, int) else None for each in said)
    return joined, left


def _today(now: Instant) -> date:
    return datetime.fromtimestamp(now / 1_000, UTC).date()


def _attended(entry: HoursEntry) -> Attended:
    facts = entry.facts
    return Attended(
        session=facts.session,
        number=entry.number,
        day=day_of(facts.started, facts.zone),
        minutes=facts.countable_min,
        rules=f"{facts.rules_id} {facts.rules_version}",
    )


def _sessions(entries: Iterable[HoursEntry]) -> dict[PersonId, set[str]]:
    theirs: dict[PersonId, set[str]] = {}
    for entry in entries:
        theirs.setdefault(entry.facts.person, set()).add(entry.facts.session)
    return theirs


def _claim(payer: Payer, row: ClaimRow, person: PersonId, name: str, release: Release) -> tuple[Cell, ...]:
    return (
        person,
        name,
        row.day.isoformat(),
        payer.title,
        row.code,
        row.title,
        " ".join(row.modifiers),
        row.revenue_code,
        row.units,
        row.minutes,
        "live video" if row.code else "",
        payer.place_of_service if row.code else "",
        row.basis,
        " ".join(row.sessions),
        " ".join(str(number) for number in row.entries),
        row.rules,
        "example table: check before use" if payer.example else "",
        release.notice(person),
    )


def _bounded(asked: Asked) -> None:
    if asked.first is None or asked.last is None:
        raise Refusal("bad_days", "Choose the first and the last day.")
    if asked.last - asked.first > timedelta(days=CLINIC_DAYS_MAX - 1):
        raise Refusal("bad_days", Sentence("At most {most} days at once; choose fewer.", most=CLINIC_DAYS_MAX))


def _asked_for(facts: HoursFacts, asked: Asked) -> bool:
    return (asked.first or date.min) <= day_of(facts.started, facts.zone) <= (asked.last or date.max)


def _row(entry: HoursEntry, told: Told, names: Mapping[PersonId, str], release: Release) -> tuple[Cell, ...]:
    facts = entry.facts
    if facts.note_hash not in told.times:
        raise CorruptLog(f"hours of {facts.person}, entry {entry.number}: the log holds no such signed note")
    joined, left = told.times[facts.note_hash]
    units = crediting.units(told.rules, abs(facts.countable_min))  # of a reversal: those that it takes back
    return (
        facts.session,
        facts.person,
        names.get(facts.person, ""),
        day_of(facts.started, facts.zone).isoformat(),
        facts.zone,
        _moment(told.scheduled, facts.zone),
        _moment(joined, facts.zone),
        _moment(left, facts.zone),
        _minutes(facts.present_ms),
        _minutes(facts.gap_credit_ms),
        _minutes(sum(share.present_ms for share in facts.by_segment if share.kind == SegmentKind.BREAK)),
        facts.countable_min,
        "" if units is None else units if facts.countable_min >= 0 else -units,
        f"{facts.rules_id} {facts.rules_version}",
        facts.reason,
        facts.makes_up,
        names.get(facts.signer, facts.signer),
        release.notice(facts.person),
    )


def _moment(instant: Instant | None, zone: str) -> str:
    """'2026-11-24T18:00:00-05:00': local, and right in the hour that a clock is set back too."""
    if instant is None:
        return ""
    return datetime.fromtimestamp(instant // 1_000, UTC).astimezone(zone_of(zone)).isoformat()


def _minutes(length_ms: int) -> str:
    """Minutes with two decimals, the rest dropped: never more than it was. What is taken back: with a minus."""
    hundredths = abs(length_ms) // 600
    return f"{'-' if length_ms < 0 and hundredths else ''}{hundredths // 100}.{hundredths % 100:02}"
