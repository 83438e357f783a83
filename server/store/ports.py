"""What the store offers, whatever holds it: a real Valkey (`connect`) or this process's memory (`memory`).

Every method may raise StoreUnavailable, and every one is harmless when done again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from redis.asyncio import Redis

from facilitation.audit import Trace
from facilitation.counselling import CounsellingNote
from facilitation.diary import Page, Showing
from facilitation.disclosures import Disclosure
from facilitation.events import Recorded
from facilitation.goals import Goal
from facilitation.ids import PersonId, SessionId
from facilitation.timebase import Instant
from server.rooms.ports import EventLog, Leases
from server.store.audit import Found
from server.store.checkpoint import ChainHead
from server.store.clinic import Person, ScheduledSession
from server.store.diary import Pages
from server.store.hours import Account, HoursEntry, HoursFacts
from server.store.keys import Keys
from server.store.register import Register


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A record with the hash of its log up to it, and the line that is hashed."""

    record: Recorded
    line: bytes
    hash: str


class SessionLog(EventLog, Protocol):
    """The rooms' port, and what projections, export and verification need beside it."""

    def linked(self, session: str, *, after: int = 0) -> AsyncIterator[Linked]:
        """The records after `seq` = `after`, in order, each checked: raises CorruptLog at the first bad one."""
        ...

    async def hash_at(self, session: str, seq: int) -> str:
        """Hash of the log up to `seq`. Raises CorruptLog when there is no such record."""
        ...

    async def at(self, session: str, seq: int) -> Linked:
        """One record, checked like every other. Raises CorruptLog, also when there is no such record."""
        ...

    async def lengths(self, sessions: Sequence[str]) -> dict[str, int]:
        """How many records each of these logs has, in one question; 0 where there is none."""
        ...

    async def sessions(self) -> list[str]:
        """Every session that has a log, sorted."""
        ...


class Ledger(Protocol):
    """The hours of one clinic's people, a hash chain each, and what is still to be posted."""

    async def post(self, facts: HoursFacts, *, posted_at: Instant) -> HoursEntry:
        """Put `facts` at the end of the person's chain, durably and once; returns the entry as it stands.

        The same facts again give the entry that was posted first. Raises LedgerConflict when other facts stand
        under this entry's id, CorruptLog.
        """
        ...

    async def post_all(self, facts: Sequence[HoursFacts], *, posted_at: Instant) -> list[HoursEntry]:
        """The same for entries of one person that belong together: all of them at once, in this order, or none."""
        ...

    async def account(self, person: str) -> Account:
        """Everything stored about one person's hours, as one moment had it, unchecked."""
        ...

    async def recent(self, people: Sequence[str], count: int) -> dict[str, list[HoursEntry]]:
        """The last `count` entries of each of these people, oldest first, each checked against the one before it.

        Raises CorruptLog.
        """
        ...

    async def people(self) -> list[str]: ...
    async def weeks(self, people: Sequence[str]) -> dict[date, int]:
        """Countable minutes of all of these together, by Mondays, as they are kept beside the chains."""
        ...

    async def heads(self, people: Sequence[str]) -> dict[str, ChainHead]:
        """Where the chains of these people end, as stored, unchecked; who has no entry is left out.

        Each end is of its own moment. Chains only grow, so all of them together are still what the ledger held.
        Raises CorruptLog for what is no end of a chain.
        """
        ...

    async def owed(self) -> dict[str, int]:
        """Sessions whose hours may have to be posted: `seq` of the last signed note of each."""
        ...

    async def cursor(self, session: str) -> int:
        """`seq` up to which the session's log was turned into hours; 0 at first."""
        ...

    async def settle(self, session: str, seq: int) -> None:
        """Move the cursor to `seq`; nothing is owed any more unless a note was signed after it."""
        ...


class Clinic(Protocol):
    """The clinic's people and scheduled sessions. Putting replaces."""

    async def put_person(self, person: Person) -> None: ...
    async def put_people(self, people: Sequence[Person]) -> None: ...
    async def get_person(self, person: str) -> Person | None: ...
    async def get_people(self, people: Sequence[str]) -> dict[PersonId, Person]:
        """Those of these that there are, read in one question."""
        ...

    async def list_people(self) -> Sequence[Person]:
        """By name; the same object as before while nobody has changed."""
        ...

    async def put_session(self, session: ScheduledSession) -> None: ...
    async def get_session(self, session: str) -> ScheduledSession | None: ...
    async def list_sessions(
        self, *, since: Instant | None = None, until: Instant | None = None, cancelled: bool = False
    ) -> list[ScheduledSession]:
        """By start, those with `since` <= `starts_at` < `until`; `cancelled`: also those that will not be held."""
        ...


class Disclosures(Protocol):
    """What was handed out of the clinic's records, in one chain that only grows."""

    async def record(self, disclosure: Disclosure) -> Disclosure:
        """Log it, durably and once; returns what stands under its id. Raises CorruptLog."""
        ...

    async def about(self, person: str) -> list[Disclosure]:
        """Those about one person, the newest first, at most the last 1,000. Raises CorruptLog."""
        ...

    def all(self) -> AsyncIterator[Disclosure]:
        """Every one, the oldest first, each checked against the chain: raises CorruptLog at the first bad one."""
        ...


class Audit(Protocol):
    """Who read or did what, in one chain that only grows."""

    async def record(self, trace: Trace) -> Trace:
        """Log it, durably and once; returns what stands under its name. Raises CorruptLog."""
        ...

    async def search(
        self,
        *,
        about: str | None = None,
        by: str | None = None,
        actions: Set[str] | None = None,
        since: Instant | None = None,
        until: Instant | None = None,
        before: int | None = None,
        count: int = 50,
    ) -> Found:
        """Those with `since` <= `at` < `until` that fit it all, newest first, a page at most. Raises CorruptLog."""
        ...

    def all(self) -> AsyncIterator[Trace]:
        """Every one, the oldest first, each checked against the chain: raises CorruptLog at the first bad one."""
        ...


class Notebook(Protocol):
    """What staff keep beside the sessions. Putting replaces."""

    async def put_goal(self, goal: Goal) -> None: ...
    async def goals(self, person: PersonId) -> list[Goal]:
        """All of a person, those that have ended included; the oldest first. Raises CorruptLog."""
        ...

    async def put_snippet(self, owner: PersonId, name: str, text: str) -> None: ...
    async def drop_snippet(self, owner: PersonId, name: str) -> None: ...
    async def snippets(self, owner: PersonId) -> dict[str, str]:
        """By name."""
        ...

    async def keep(self, note: CounsellingNote) -> CounsellingNote:
        """Put it in the place of its author, session and subject, where the revision before it stands.

        Returns what stands there then: another one, if that was not so.
        """
        ...

    async def counselling_notes(
        self, author: PersonId, session: SessionId, subjects: Sequence[str]
    ) -> list[CounsellingNote]:
        """The author's own. Raises CorruptLog."""
        ...


class Diaries(Protocol):
    """What people write down for themselves, each under their own key; and the weeks of it that they showed."""

    async def of(self, author: PersonId) -> Pages:
        """Raises CorruptLog."""
        ...

    async def keep(self, author: PersonId, page: Page) -> Page:
        """Put it in its place, where the revision before it stands. Returns what stands there then: another one, if
        that was not so."""
        ...

    async def show(self, showing: Showing) -> None:
        """In the place of what was shown in that session before."""
        ...

    async def take_back(self, author: PersonId, session: SessionId) -> None: ...
    async def shown(self, author: PersonId) -> list[Showing]:
        """All that lies ready to be read, the oldest first. Raises CorruptLog."""
        ...


class Signing(Protocol):
    """Signing PINs, and which browser (`bearer`: whatever it is known by) has lately shown whose."""

    async def pin(self, person: PersonId) -> str | None:
        """The hash of it; None: none is chosen."""
        ...

    async def choose(self, person: PersonId, hashed: str) -> bool:
        """Whether this is now the person's PIN; not, if there was one."""
        ...

    async def replace(self, person: PersonId, hashed: str) -> None: ...
    async def forget(self, person: PersonId) -> bool:
        """Let a new one be chosen; whether there was one."""
        ...

    async def missed(self, person: PersonId) -> int:
        """Count a wrong PIN; how many there were in the last quarter of an hour."""
        ...

    async def misses(self, person: PersonId) -> int: ...
    async def forgive(self, person: PersonId) -> None: ...
    async def prove(self, bearer: str, person: PersonId, *, until: Instant) -> None: ...
    async def proven(self, bearer: str, person: PersonId) -> Instant | None:
        """Until when; None: not, or not any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One clinic's store. `client` (bytes in, bytes out) is for the web's sessions and rate limits; None in memory.

    `url`: where another process can open it, too; None in memory.
    """

    log: SessionLog
    leases: Leases
    ledger: Ledger
    clinic: Clinic
    disclosures: Disclosures
    audit: Audit
    register: Register
    notebook: Notebook
    diaries: Diaries
    signing: Signing
    keys: Keys
    client: Redis | None
    ping: Callable[[], Awaitable[None]]
    """Returns when the store answers. Raises StoreUnavailable."""
    close: Callable[[], Awaitable[None]]
    url: str | None = None
