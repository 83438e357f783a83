"""Hours entries: what is posted about one person's session, how it is written, hashed and checked. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import msgspec

from facilitation.facts import zone_of
from facilitation.ids import ClinicId, PersonId, SegmentId, SessionId
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog
from server.store import chain


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentHours:
    """One segment's share of a person's time. `kind` is the segment's kind, which decides whether it counts."""

    segment: SegmentId
    kind: str
    present_ms: int
    counted_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursFacts:
    """What a signed note says about one person's hours: nothing in it depends on when or where it is posted.

    Milliseconds are exact; `countable_min` is what the rule set `rules_id` `rules_version` makes of them, rounded
    once. `evidence` is the first and last `seq` of the log that the figures rest on, `evidence_hash` the log's hash
    up to the last. `kind` is 'session'; corrections will be reversing entries of their own kind.
    """

    entry: str
    kind: str
    clinic: ClinicId
    session: SessionId
    person: PersonId
    started: Instant
    ended: Instant
    zone: str
    present_ms: int
    counted_ms: int
    gap_credit_ms: int
    countable_min: int
    by_segment: tuple[SegmentHours, ...]
    rules_id: str
    rules_version: str
    evidence: tuple[int, int]
    evidence_hash: str
    note_hash: str
    signer: PersonId
    signed_at: Instant

    @property
    def week(self) -> date:
        """The Monday of the week in which the session started where it was held."""
        return monday(self.started, self.zone)

    @property
    def digest(self) -> str:
        return sha256(_encoder.encode(self)).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursEntry:
    """One entry of a person's chain: `number` counts from 1, `previous` and `hash` tie it to the one before."""

    number: int
    facts: HoursFacts
    posted_at: Instant
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entry as stored, unchecked."""

    id: str
    line: bytes
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All that is stored about one person's hours, as one moment had it, unchecked."""

    person: str
    rows: tuple[Row, ...]
    weeks: Mapping[str, int]
    """Monday (ISO date) → countable minutes."""
    posted: Mapping[str, tuple[int, str]]
    """Entry id → number and digest of the facts posted under it."""

    def entries(self) -> list[HoursEntry]:
        """The entries, each checked against the chain. Raises CorruptLog at the first that does not hold."""
        entries: list[HoursEntry] = []
        previous = genesis(self.person)
        for number, row in enumerate(self.rows, 1):
            entry = check(self.person, number, row, previous)
            entries.append(entry)
            previous = entry.hash
        return entries


class LedgerConflict(Exception):
    """Other facts were posted under this entry's id: what is posted stays, a correction must be an entry of its own."""


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """An entry as it is written: what its hash covers beside the hash before it."""

    number: int
    posted_at: int
    facts: HoursFacts


_HASH = re.compile(r"[0-9a-f]{64}")
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Line)


def entry_id(*, clinic: str, session: str, person: str, kind: str = "session") -> str:
    """The name under which these hours can be posted once and never again."""
    return sha256("\n".join((clinic, session, person, kind)).encode()).hexdigest()[:32]


def genesis(person: str) -> str:
    return chain.genesis("hours", person)


def day_of(instant: int, zone: str) -> date:
    """The day of `instant` on the calendar of `zone`."""
    return datetime.fromtimestamp(instant / 1_000, UTC).astimezone(zone_of(zone)).date()


def monday(instant: int, zone: str) -> date:
    """First day of the week of `instant` on the calendar of `zone`."""
    day = day_of(instant, zone)
    return day - timedelta(days=day.weekday())


def as_of(entries: Iterable[HoursEntry], day: date) -> list[HoursEntry]:
    """Those that stood in the ledger at the end of `day`, each on the calendar of where its session was held."""
    return [entry for entry in entries if day_of(entry.posted_at, entry.facts.zone) <= day]


def text(*, number: int, posted_at: int, facts: HoursFacts) -> bytes:
    """An entry as one line of JSON, the text that is hashed."""
    return _encoder.encode(Line(number=number, posted_at=posted_at, facts=facts))


def read(row: Row) -> Line:
    """What an entry says, whether or not it is in its place. Raises ValueError where it says nothing."""
    line = _decoder.decode(row.line)  # its errors are ValueErrors
    try:
        _ = line.facts.week
    except (OverflowError, OSError) as error:
        raise ValueError(f"no such time: {line.facts.started}") from error
    return line


def hash_of(person: str, row: Row) -> str:
    """The hash that stands with an entry, if it is one at all. Raises CorruptLog."""
    if not _HASH.fullmatch(row.hash):
        raise CorruptLog(f"hours of {person}, entry {row.id.partition('-')[0]}: there is no hash with it")
    return row.hash


def check(person: str, number: int, row: Row, previous: str) -> HoursEntry:
    """The entry that rightly stands at `number` after `previous`. Raises CorruptLog that says why it does not."""
    where = f"hours of {person}, entry {number}"
    if row.id != f"{number}-0":
        raise CorruptLog(f"{where}: missing; {row.id} stands in its place")
    if chain.link(previous, row.line) != row.hash:
        raise CorruptLog(f"{where}: its text is not what was posted (hash chain broken)")
    try:
        line = read(row)
    except ValueError as error:
        raise CorruptLog(f"{where}: not an entry: {error}") from error
    if line.number != number:
        raise CorruptLog(f"{where}: it says of itself that it is entry {line.number}")
    if line.facts.person != person:
        raise CorruptLog(f"{where}: it belongs to {line.facts.person}")
    return HoursEntry(
        number=number, facts=line.facts, posted_at=Instant(line.posted_at), previous=previous, hash=row.hash
    )
