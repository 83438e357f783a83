"""The store in this process's memory: the same promises, but for surviving it. Tests and simulations use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date
from time import monotonic

from facilitation.counselling import CounsellingNote
from facilitation.diary import Page, Showing
from facilitation.events import Recorded
from facilitation.goals import Goal
from facilitation.ids import PersonId, SessionId
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog, Held, LeaseHeld, LeaseLost, Proofs
from server.store import audit, codec, diary, disclosures, eventlog, hours, notebook, signing
from server.store import clinic as records
from server.store.audit import ChronicleOfTraces
from server.store.checkpoint import ChainHead
from server.store.chronicle import MemoryChronicle
from server.store.clinic import Person, ScheduledSession
from server.store.disclosures import ChronicleOfDisclosures
from server.store.hours import Account, HoursEntry, HoursFacts, Row
from server.store.keys import Keys
from server.store.lease import LEASE_MS
from server.store.ports import Linked, Store
from server.store.register import MemoryRegister


def connect(*, clinic: str = "demo", lease_ms: int = LEASE_MS, seconds: Callable[[], float] = monotonic) -> Store:
    """An empty store. `seconds` is the clock that leases run by."""

    async def nothing() -> None:
        return None

    leases = MemoryLeases(lease_ms=lease_ms, seconds=seconds)
    ledger = MemoryLedger()
    keys = Keys(clinic)
    return Store(
        log=MemoryEventLog(leases, ledger),
        leases=leases,
        ledger=ledger,
        clinic=MemoryClinic(),
        disclosures=ChronicleOfDisclosures(MemoryChronicle(disclosures.KIND, clinic=clinic), keys),
        audit=ChronicleOfTraces(MemoryChronicle(audit.KIND, clinic=clinic), keys),
        register=MemoryRegister(),
        notebook=MemoryNotebook(),
        diaries=MemoryDiaries(),
        signing=MemorySigning(seconds=seconds),
        keys=keys,
        client=None,
        ping=nothing,
        close=nothing,
    )


class MemoryLeases:
    def __init__(self, *, lease_ms: int = LEASE_MS, seconds: Callable[[], float] = monotonic) -> None:
        self._lease_s = lease_ms / 1_000
        self._seconds = seconds
        self._holders: dict[str, tuple[str, float]] = {}
        self._epochs: dict[str, int] = {}
        self._proofs: dict[str, Proofs] = {}

    def epoch(self, session: str) -> int:
        return self._epochs.get(session, 0)

    async def acquire(self, session: str, *, node: str) -> int:
        holder, ends = self._holders.get(session, (node, 0.0))
        left_s = ends - self._seconds()
        if holder != node and left_s > 0:
            raise LeaseHeld(holder, round(left_s * 1_000))
        self._holders[session] = (node, self._seconds() + self._lease_s)
        self._epochs[session] = self.epoch(session) + 1
        return self._epochs[session]

    async def renew(self, rooms: Mapping[str, Held], *, node: str) -> Mapping[str, int]:
        lost = {session: self.epoch(session) for session, held in rooms.items() if held.epoch != self.epoch(session)}
        for session in rooms.keys() - lost.keys():
            self._holders[session] = (node, self._seconds() + self._lease_s)
            proofs = rooms[session].proofs
            if proofs is None:
                self._proofs.pop(session, None)
            elif session not in self._proofs or proofs.at >= self._proofs[session].at:
                self._proofs[session] = Proofs(at=proofs.at, heard=dict(proofs.heard), spoke_ms=dict(proofs.spoke_ms))
        return lost

    async def proofs(self, session: str) -> Proofs | None:
        return self._proofs.get(session)

    async def release(self, session: str, *, node: str, epoch: int) -> None:
        if epoch == self.epoch(session):
            self._holders.pop(session, None)


class MemoryEventLog:
    def __init__(self, leases: MemoryLeases, ledger: MemoryLedger) -> None:
        self._leases = leases
        self._ledger = ledger
        self._logs: dict[str, list[tuple[bytes, str]]] = {}

    async def read(self, session: str, *, after: int = 0) -> list[Recorded]:
        return [linked.record async for linked in self.linked(session, after=after)]

    async def linked(self, session: str, *, after: int = 0) -> AsyncIterator[Linked]:
        head = self._head(session, after)
        for seq, (line, stored_hash) in enumerate(self._logs.get(session, [])[after:], after + 1):
            linked = eventlog.check(session, seq, line, stored_hash, head)
            head = eventlog.Head(seq, linked.record.at, stored_hash)
            yield linked

    async def append(self, session: str, records: Sequence[Recorded], *, epoch: int) -> None:
        if not records:
            return
        made = eventlog.batch(records, self._head(session, records[0].seq - 1))
        if epoch != self._leases.epoch(session):
            raise LeaseLost(f"log of session {session} is at epoch {self._leases.epoch(session)}, not {epoch}")
        log = self._logs.get(session, [])
        there = log[made.first - 1 : made.head.seq]
        if there != list(made.lines[: len(there)]):
            raise CorruptLog(f"log of session {session}: another record {made.first} is there already")
        last = len(log)
        self._logs[session] = log + list(made.lines[len(there) :])
        if made.signed > last:
            self._ledger.owe(session, made.signed)

    async def hash_at(self, session: str, seq: int) -> str:
        return self._head(session, seq).hash

    async def at(self, session: str, seq: int) -> Linked:
        before = self._head(session, seq - 1)
        log = self._logs.get(session, [])
        if seq > len(log):
            raise CorruptLog(f"log of session {session} has no record {seq}")
        return eventlog.check(session, seq, *log[seq - 1], before)

    async def lengths(self, sessions: Sequence[str]) -> dict[str, int]:
        return {session: len(self._logs.get(session, [])) for session in sessions}

    async def sessions(self) -> list[str]:
        return sorted(self._logs)

    def _head(self, session: str, seq: int) -> eventlog.Head:
        if seq == 0:
            return eventlog.start(session)
        log = self._logs.get(session, [])
        if seq > len(log):
            raise CorruptLog(f"log of session {session} has no record {seq}")
        line, line_hash = log[seq - 1]
        return eventlog.Head(seq, codec.decode(line).at, line_hash)


class MemoryLedger:
    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._weeks: dict[str, dict[str, int]] = {}
        self._posted: dict[str, dict[str, tuple[int, str]]] = {}
        self._cursors: dict[str, int] = {}
        self._owed: dict[str, int] = {}

    async def post(self, facts: HoursFacts, *, posted_at: Instant) -> HoursEntry:
        return (await self.post_all([facts], posted_at=posted_at))[0]

    async def post_all(self, facts: Sequence[HoursFacts], *, posted_at: Instant) -> list[HoursEntry]:
        person = hours.person_of(facts)
        posted = self._posted.setdefault(person, {})
        there = [posted.get(each.entry) for each in facts]
        if any(there):
            return hours.stand(facts, there, (await self.account(person)).entries())
        rows, weeks = self._rows.setdefault(person, []), self._weeks.setdefault(person, {})
        previous = rows[-1].hash if rows else hours.genesis(person)
        made = hours.chained(facts, after=len(rows), previous=previous, posted_at=posted_at)
        for entry, line in made:
            week = entry.facts.week.isoformat()
            rows.append(Row(id=f"{entry.number}-0", line=line, hash=entry.hash))
            posted[entry.facts.entry] = (entry.number, entry.facts.digest)
            weeks[week] = weeks.get(week, 0) + entry.facts.countable_min
        return [entry for entry, _ in made]

    async def account(self, person: str) -> Account:
        return Account(
            person=person,
            rows=tuple(self._rows.get(person, ())),
            weeks=dict(self._weeks.get(person, {})),
            posted=dict(self._posted.get(person, {})),
        )

    async def recent(self, people: Sequence[str], count: int) -> dict[str, list[HoursEntry]]:
        tails = {person: self._rows.get(person, [])[-(count + 1) :] for person in people}
        return {person: hours.last_entries(person, rows, count) for person, rows in tails.items()}

    async def people(self) -> list[str]:
        return sorted(self._rows)

    async def weeks(self, people: Sequence[str]) -> dict[date, int]:
        found: dict[date, int] = {}
        for person in people:
            hours.add_weeks(found, self._weeks.get(person, {}))
        return found

    async def heads(self, people: Sequence[str]) -> dict[str, ChainHead]:
        tails = {person: self._rows[person] for person in people if person in self._rows}
        return {
            person: ChainHead(number=len(rows), hash=hours.hash_of(person, rows[-1])) for person, rows in tails.items()
        }

    async def owed(self) -> dict[str, int]:
        return dict(self._owed)

    def owe(self, session: str, seq: int) -> None:
        self._owed[session] = seq

    async def cursor(self, session: str) -> int:
        return self._cursors.get(session, 0)

    async def settle(self, session: str, seq: int) -> None:
        self._cursors[session] = max(seq, self._cursors.get(session, 0))
        if self._owed.get(session, 0) <= self._cursors[session]:
            self._owed.pop(session, None)


class MemoryClinic:
    """Keeps what it is given as the real one does, encoded: nothing comes back that would not."""

    def __init__(self) -> None:
        self._people: dict[str, bytes] = {}
        self._sessions: dict[str, bytes] = {}

    async def put_person(self, person: Person) -> None:
        self._people[person.person] = records.encode(person)

    async def put_people(self, people: Sequence[Person]) -> None:
        self._people |= {person.person: records.encode(person) for person in people}

    async def get_person(self, person: str) -> Person | None:
        data = self._people.get(person)
        return None if data is None else records.decode(Person, data)

    async def get_people(self, people: Sequence[str]) -> dict[PersonId, Person]:
        found = [await self.get_person(person) for person in people]
        return {person.person: person for person in found if person is not None}

    async def list_people(self) -> list[Person]:
        return sorted((records.decode(Person, data) for data in self._people.values()), key=records.by_name)

    async def put_session(self, session: ScheduledSession) -> None:
        self._sessions[session.session] = records.encode(session)

    async def get_session(self, session: str) -> ScheduledSession | None:
        data = self._sessions.get(session)
        return None if data is None else records.decode(ScheduledSession, data)

    async def list_sessions(
        self, *, since: Instant | None = None, until: Instant | None = None, cancelled: bool = False
    ) -> list[ScheduledSession]:
        sessions = [records.decode(ScheduledSession, data) for data in self._sessions.values()]
        return sorted(
            (
                each
                for each in sessions
                if (since is None or since <= each.starts_at) and (until is None or each.starts_at < until)
                if cancelled or not each.cancelled
            ),
            key=lambda each: (each.starts_at, each.session),
        )


class MemoryNotebook:
    def __init__(self) -> None:
        self._goals: dict[PersonId, dict[str, bytes]] = {}
        self._snippets: dict[PersonId, dict[str, str]] = {}
        self._notes: dict[PersonId, dict[bytes, bytes]] = {}

    async def put_goal(self, goal: Goal) -> None:
        self._goals.setdefault(goal.person, {})[goal.goal] = notebook.encode(goal)

    async def goals(self, person: PersonId) -> list[Goal]:
        found = (notebook.decode_goal(data) for data in self._goals.get(person, {}).values())
        return sorted(found, key=lambda goal: (goal.since, goal.goal))

    async def put_snippet(self, owner: PersonId, name: str, text: str) -> None:
        self._snippets.setdefault(owner, {})[name] = text

    async def drop_snippet(self, owner: PersonId, name: str) -> None:
        self._snippets.get(owner, {}).pop(name, None)

    async def snippets(self, owner: PersonId) -> dict[str, str]:
        return dict(sorted(self._snippets.get(owner, {}).items(), key=lambda item: item[0].encode()))

    async def keep(self, note: CounsellingNote) -> CounsellingNote:
        notes, field = self._notes.setdefault(note.author, {}), notebook.place(note.session, note.subject)
        there = notes.get(field)
        if there is not None and there != notebook.encode(note):
            stands = notebook.decode_note(there)
            if stands.revision != note.revision - 1:
                return stands
        notes[field] = notebook.encode(note)
        return note

    async def counselling_notes(
        self, author: PersonId, session: SessionId, subjects: Sequence[str]
    ) -> list[CounsellingNote]:
        found = (self._notes.get(author, {}).get(notebook.place(session, subject)) for subject in subjects)
        return [notebook.decode_note(data) for data in found if data is not None]


class MemoryDiaries:
    def __init__(self) -> None:
        self._pages: dict[PersonId, dict[bytes, bytes]] = {}
        self._shown: dict[PersonId, dict[SessionId, bytes]] = {}

    async def of(self, author: PersonId) -> diary.Pages:
        return diary.pages_of(sorted(self._pages.get(author, {}).items()))

    async def keep(self, author: PersonId, page: Page) -> Page:
        pages, field = self._pages.setdefault(author, {}), diary.place(page)
        there = pages.get(field)
        if there is not None and there != diary.encode(page):
            stands = diary.decode(field, there)
            if stands.revision != page.revision - 1:
                return stands
        pages[field] = diary.encode(page)
        return page

    async def show(self, showing: Showing) -> None:
        self._shown.setdefault(showing.person, {})[showing.session] = diary.encode(showing)

    async def take_back(self, author: PersonId, session: SessionId) -> None:
        self._shown.get(author, {}).pop(session, None)

    async def shown(self, author: PersonId) -> list[Showing]:
        found = [diary.decode_showing(data) for data in self._shown.get(author, {}).values()]
        return sorted(found, key=lambda each: (each.at, each.session))


class MemorySigning:
    """A proof holds by the clock of whoever asks; wrong PINs are forgotten by `seconds`."""

    def __init__(self, *, seconds: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._pins: dict[PersonId, str] = {}
        self._misses: dict[PersonId, tuple[int, float]] = {}
        self._proofs: dict[str, Instant] = {}

    async def pin(self, person: PersonId) -> str | None:
        return self._pins.get(person)

    async def choose(self, person: PersonId, hashed: str) -> bool:
        return self._pins.setdefault(person, hashed) == hashed

    async def replace(self, person: PersonId, hashed: str) -> None:
        self._pins[person] = hashed

    async def forget(self, person: PersonId) -> bool:
        self._misses.pop(person, None)
        return self._pins.pop(person, None) is not None

    async def missed(self, person: PersonId) -> int:
        count = await self.misses(person) + 1
        ends = self._misses[person][1] if count > 1 else self._seconds() + signing.MISSES_FOR_S
        self._misses[person] = (count, ends)
        return count

    async def misses(self, person: PersonId) -> int:
        count, ends = self._misses.get(person, (0, 0.0))
        return count if ends > self._seconds() else 0

    async def forgive(self, person: PersonId) -> None:
        self._misses.pop(person, None)

    async def prove(self, bearer: str, person: PersonId, *, until: Instant) -> None:
        self._proofs[signing.proof_of(bearer, person)] = until

    async def proven(self, bearer: str, person: PersonId) -> Instant | None:
        return self._proofs.get(signing.proof_of(bearer, person))
