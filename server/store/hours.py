"""Hours entries: what is posted about one person's session, how it is written, hashed and checked. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import msgspec

from facilitation.facts import zone_of
from facilitation.ids import ClinicId, PersonId, SegmentId, SessionId
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog
from server.store import chain

SESSION = "session"
REVERSAL = "reversal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentHours:
    """One segment's share of a person's time. `kind` is the segment's kind, which decides whether it counts."""

    segment: SegmentId
    kind: str
    present_ms: int
    counted_ms: int


class HoursFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is posted about one person's hours: nothing in it depends on when or where it is posted.

    Milliseconds are exact; `countable_min` is what the rule set `rules_id` `rules_version` makes of them, rounded
    once. `evidence` is the first and last `seq` of the log that the figures rest on, `evidence_hash` the log's hash
    up to the last. `signer` answers for the entry since `signed_at`; `note_hash` is the hash of what they signed.

    `kind` 'session': a signed note's figures. 'reversal': takes the entry `corrects` back, each figure the negative of
    what stands there. A 'session' that `corrects` stands instead of that entry from then on. `reason` says why, in
    the words of the signer. `makes_up`: the missed session that this one makes up for. `corrected_ms`: what
    corrections by hand added to the counted and uncounted time less what they took away; not part of `present_ms`.

    Fields with a default are written only where they say something: older entries lack them, and keep their hash.
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
    corrects: str = ""
    reason: str = ""
    makes_up: str = ""
    corrected_ms: int = 0

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
        return _checked(self.person, self.rows, after=0, previous=genesis(self.person))


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


def entry_id(*, clinic: str, session: str, person: str, kind: str = SESSION, amendment: int | None = None) -> str:
    """The name under which these hours can be posted once and never again.

    `amendment`: the `seq` of the record that amends them; None for what the signed note posted.
    """
    words = (clinic, session, person, kind) if amendment is None else (clinic, session, person, kind, str(amendment))
    return sha256("\n".join(words).encode()).hexdigest()[:32]


def reversal(of: HoursFacts, *, entry: str, note_hash: str, signer: PersonId, at: Instant, reason: str) -> HoursFacts:
    """The facts that take `of` back: its figures negated, so that any sum over both is as if it had never been."""
    return msgspec.structs.replace(
        of,
        entry=entry,
        kind=REVERSAL,
        present_ms=-of.present_ms,
        counted_ms=-of.counted_ms,
        gap_credit_ms=-of.gap_credit_ms,
        countable_min=-of.countable_min,
        corrected_ms=-of.corrected_ms,
        by_segment=tuple(
            replace(share, present_ms=-share.present_ms, counted_ms=-share.counted_ms) for share in of.by_segment
        ),
        note_hash=note_hash,
        signer=signer,
        signed_at=at,
        corrects=of.entry,
        reason=reason,
    )


def standing(entries: Iterable[HoursEntry]) -> list[HoursEntry]:
    """Those that are neither a reversal nor taken back by one: at most one a session."""
    entries = list(entries)
    taken_back = {entry.facts.corrects for entry in entries if entry.facts.kind == REVERSAL}
    return [entry for entry in entries if entry.facts.kind == SESSION and entry.facts.entry not in taken_back]


def add_weeks(found: dict[date, int], weeks: Mapping[str, int]) -> None:
    """To `found`, the minutes of one person's weeks. Raises CorruptLog."""
    for week, minutes in weeks.items():
        try:
            monday = date.fromisoformat(week)
        except ValueError as error:
            raise CorruptLog("a week of the ledger is none") from error
        found[monday] = found.get(monday, 0) + minutes


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


def person_of(facts: Sequence[HoursFacts]) -> PersonId:
    """Whose they are. Entries are posted together for one person only."""
    person, *others = {each.person for each in facts}
    if others:
        raise ValueError("entries of several people cannot be posted together")
    return person


def chained(
    facts: Iterable[HoursFacts], *, after: int, previous: str, posted_at: Instant
) -> list[tuple[HoursEntry, bytes]]:
    """The entries that put `facts` behind entry `after`, whose hash is `previous`; each with its text."""
    made = []
    for number, each in enumerate(facts, after + 1):
        line = text(number=number, posted_at=posted_at, facts=each)
        entry = HoursEntry(
            number=number, facts=each, posted_at=posted_at, previous=previous, hash=chain.link(previous, line)
        )
        made.append((entry, line))
        previous = entry.hash
    return made


def stand(
    facts: Sequence[HoursFacts], posted: Sequence[tuple[int, str] | None], entries: Sequence[HoursEntry]
) -> list[HoursEntry]:
    """The entries posted first under the names of `facts`, if they say the same. `posted`: number and digest of each.

    Raises LedgerConflict where they say something else, CorruptLog where they are not there.
    """
    found = []
    for each, there in zip(facts, posted, strict=True):
        where = f"hours of {each.person} for session {each.session}"
        if there is None:
            raise LedgerConflict(f"{where}: a part of what belongs together is posted already, and a part is not")
        number, digest = there
        if digest != each.digest:
            raise LedgerConflict(f"{where} are posted already, as entry {number}, with other facts")
        if number > len(entries):
            raise CorruptLog(f"hours of {each.person}, entry {number}: missing, though it was posted")
        found.append(entries[number - 1])
    return found


def last_entries(person: str, rows: Sequence[Row], count: int) -> list[HoursEntry]:
    """The last `count` entries. `rows`: one more than that, for its hash, unless the chain is not that long.

    Raises CorruptLog at the first that does not follow from the one before it.
    """
    if len(rows) <= count:
        return _checked(person, rows, after=0, previous=genesis(person))
    before = rows[0]
    after = before.id.removesuffix("-0")
    if not after.isdecimal():
        raise CorruptLog(f"hours of {person}: entry {before.id} was not written by Milieu")
    return _checked(person, rows[1:], after=int(after), previous=hash_of(person, before))


def _checked(person: str, rows: Iterable[Row], *, after: int, previous: str) -> list[HoursEntry]:
    entries: list[HoursEntry] = []
    for number, row in enumerate(rows, after + 1):
        entry = check(person, number, row, previous)
        entries.append(entry)
        previous = entry.hash
    return entries


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
