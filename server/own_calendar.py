"""Everybody's own calendar: a private address that can be made anew, and what a calendar program finds there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from facilitation.ids import PersonId
from facilitation.people import STAFF
from facilitation.plan import SessionPlan
from facilitation.policy import FACILITATORS
from facilitation.timebase import HOUR_MS, Instant
from server.clock import Clock
from server.rooms.ports import Stale
from server.schedule.calendar import Entry, calendar, entry_of
from server.schedule.planner import HORIZON_DAYS
from server.store.clinic import ScheduledSession
from server.store.ports import Store
from server.store.register import Shelf

DAY_MS: Final = 24 * HOUR_MS
PAST_DAYS: Final = 31
TOKEN_CHARS_MAX: Final = 400
UNKNOWN_MS: Final = HOUR_MS
AHEAD: Final = 6
SECOND_TRY: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How often somebody has made their calendar's address anew. Earlier ones open nothing any more."""

    person: PersonId
    number: int = 0


class OwnCalendar:
    """The port `Calendars` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, plans: Mapping[str, SessionPlan], keys: Sequence[str], clock: Clock) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._clinic = store.keys.clinic
        self._seal = URLSafeSerializer(
            list(reversed(keys)), salt="milieu.calendar", signer_kwargs={"digest_method": hashlib.sha256}
        )
        self._addresses = Shelf(store.register, "calendar", Address, id_of=lambda each: each.person)

    # ------------------------------------------------------------------ the address

    async def token(self, person: PersonId) -> str:
        held = await self._addresses.get(person)
        sealed = self._seal.dumps([self._clinic, person, held.value.number if held else 0])
        return sealed if isinstance(sealed, str) else sealed.decode()

    async def renew(self, person: PersonId) -> None:
        """Another address; the one before opens nothing from now on."""
        for _ in range(SECOND_TRY):
            held = await self._addresses.get(person)
            new = Address(person=person, number=held.value.number + 1 if held else 1)
            try:
                await self._addresses.put(new, upon=held.revision if held else 0, by=person, at=self._clock.now())
                return
            except Stale:  # made anew elsewhere at this moment: that will do, but theirs is not known to be later
                continue

    async def whose(self, token: str) -> PersonId | None:
        """Who has this address now; None: nobody."""
        try:
            clinic, person, number = self._seal.loads(token[: TOKEN_CHARS_MAX + 1])
        except (BadData, ValueError, TypeError):
            return None
        if clinic != self._clinic or not isinstance(person, str):
            return None
        held = await self._addresses.get(person)
        known = await self._store.clinic.get_person(person)
        return PersonId(person) if known is not None and number == (held.value.number if held else 0) else None

    # ------------------------------------------------------------------ what is in it

    async def feed(self, token: str, *, url: str) -> bytes | None:
        """The file behind an address. None: there is none."""
        person = await self.whose(token)
        if person is None:
            return None
        now = self._clock.now()
        since = Instant(max(0, now - PAST_DAYS * DAY_MS) // DAY_MS * DAY_MS)
        until = Instant(now + (HORIZON_DAYS + 1) * DAY_MS)
        near = await self._store.clinic.list_sessions(since=since, until=until, cancelled=True)
        return calendar([entry for each in near if (entry := self.entry(each, person)) is not None], url=url)

    async def coming(self, person: PersonId) -> list[Entry]:
        """The next few, as the calendar has them."""
        now = self._clock.now()
        near = await self._store.clinic.list_sessions(since=now, until=Instant(now + HORIZON_DAYS * DAY_MS))
        return [entry for each in near if (entry := self.entry(each, person)) is not None][:AHEAD]

    def entry(self, session: ScheduledSession, person: PersonId) -> Entry | None:
        """None for a session that is not theirs."""
        seat = next((each for each in session.roster if each.person == person), None)
        if seat is None:
            return None
        plan = self._plans.get(session.plan_id)
        length = sum(part.planned_ms for part in plan.segments) if plan else UNKNOWN_MS
        busy = seat.role not in STAFF or seat.role in FACILITATORS
        return entry_of(session, self._clinic, length_ms=length, busy=busy)
