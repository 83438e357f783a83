"""The glass as it is kept: broken with a reason, open for an hour, shown to administrators until one has taken note."""

from __future__ import annotations

import secrets
from dataclasses import replace

from facilitation.audit import Trace
from facilitation.errors import Refusal
from facilitation.glass import OPEN_FOR_MS, Glass, checked_reason
from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.policy import Action
from facilitation.timebase import Instant
from server.clock import Clock
from server.store.ports import Store
from server.store.register import Register, Shelf


def shelf(register: Register) -> Shelf[Glass]:
    return Shelf(register, "glass", Glass, id_of=lambda each: each.glass)


async def unseen(glass: Shelf[Glass]) -> list[Glass]:
    """Which no administrator has taken note of, the newest first."""
    every = (held.value for held in (await glass.all()).values())
    return sorted((each for each in every if each.seen_by is None), key=lambda each: -each.at)


class GlassCase:
    """Every method may raise StoreUnavailable and CorruptLog."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._shelf = shelf(store.register)
        self._clock = clock

    async def open_to(self, person: PersonId) -> tuple[Glass, ...]:
        """What somebody may read now because they broke the glass."""
        now = self._clock.now()
        return tuple(each for each in await self._every() if each.person == person and each.open(now))

    async def break_it(self, person: PersonId, role: Role, session: SessionId, reason: str) -> Glass:
        """Told to the audit log before anything is shown. Refuses 'short_reason', 'no_session'."""
        reason = checked_reason(reason)
        scheduled = await self._store.clinic.get_session(session)
        if scheduled is None:
            raise Refusal("no_session", "There is no such session.")
        now = self._clock.now()
        glass = Glass(
            glass=f"glass-{secrets.token_hex(8)}",
            person=person,
            session=session,
            reason=reason,
            at=now,
            until=Instant(now + OPEN_FOR_MS),
        )
        await self._store.audit.record(
            Trace(
                trace=glass.glass,
                at=now,
                by=person,
                role=role,
                action=Action.BREAK_GLASS,
                about=tuple(each.person for each in scheduled.roster if each.role is Role.PARTICIPANT),
                session=session,
                reason=reason,
            )
        )
        await self._shelf.put(glass, upon=0, by=person, at=now)
        return glass

    async def unseen(self) -> list[Glass]:
        """Which no administrator has taken note of, the newest first."""
        return await unseen(self._shelf)

    async def take_note(self, glass: str, *, by: PersonId) -> None:
        """Refuses 'oneself': nobody takes note of what they did themselves."""
        held = await self._shelf.get(glass)
        if held is None or held.value.seen_by is not None:
            return
        if held.value.person == by:
            raise Refusal("oneself", "You broke this glass yourself. Another administrator takes note of it.")
        now = self._clock.now()
        await self._shelf.put(replace(held.value, seen_by=by, seen_at=now), upon=held.revision, by=by, at=now)

    async def _every(self) -> list[Glass]:
        return [held.value for held in (await self._shelf.all()).values()]
