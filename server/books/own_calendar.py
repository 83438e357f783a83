"""Everybody's own calendar: a private address that can be made anew, and what a calendar program finds there."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Final

from facilitation.ids import PersonId
from facilitation.people import STAFF
from facilitation.plan import SessionPlan
from facilitation.policy import FACILITATORS
from facilitation.timebase import HOUR_MS, Instant
from server.clock import Clock
from server.languages import ChosenLanguages
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
SECRET_BYTES: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What stands in the address of somebody's calendar. It outlives a change of the clinic's secret."""

    person: PersonId
    secret: str


class OwnCalendar:
    """The port `Calendars` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, plans: Mapping[str, SessionPlan], clock: Clock) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._clinic = store.keys.clinic
        self._languages = ChosenLanguages(store.register, clock=clock)
        self._addresses = Shelf(store.register, "calendar", Address, id_of=lambda each: each.person, remembered=False)

    # ------------------------------------------------------------------ the address

    async def token(self, person: PersonId) -> str:
        held = await self._addresses.get(person)
        address = held.value if held is not None else await self._make(person, upon=0)
        return f"{urlsafe_b64encode(person.encode()).decode().rstrip('=')}.{address.secret}"

    async def renew(self, person: PersonId) -> None:
        """Another address; the one before opens nothing from now on."""
        held = await self._addresses.get(person)
        await self._make(person, upon=held.revision if held else 0)

    async def _make(self, person: PersonId, *, upon: int) -> Address:
        new = Address(person=person, secret=secrets.token_urlsafe(SECRET_BYTES))
        try:
            return (await self._addresses.put(new, upon=upon, by=person, at=self._clock.now())).value
        except Stale:  # made in another window at this very moment: that one is new as well
            held = await self._addresses.get(person)
            assert held is not None, "somebody has just put it"
            return held.value

    async def whose(self, token: str) -> PersonId | None:
        """Who has this address now; None: nobody."""
        name, _, secret = token[: TOKEN_CHARS_MAX + 1].partition(".")
        try:
            person = PersonId(urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode())
        except ValueError:
            return None
        held = await self._addresses.get(person) if person else None
        if held is None or not compare_digest(held.value.secret.encode(), secret.encode(errors="replace")):
            return None
        return person if await self._store.clinic.get_person(person) is not None else None

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
        words = await self._languages.words_for(person)
        entries = [entry for each in near if (entry := self.entry(each, person)) is not None]
        return calendar([replace(each, summary=words(each.summary)) for each in entries], url=url)

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
