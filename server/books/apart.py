"""Who is not to be in a small room with whom: the clinic's list, for its staff alone, kept from meeting to meeting.

Rooms are told of it as they open, and at once when it changes; no page, view or file of anybody else names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.sentences import Sentence
from facilitation.timebase import Instant
from server.store.clinic import ScheduledSession
from server.store.register import Register, Shelf

PAIRS_MAX: Final = 60
"""Of the people on one session's list."""

Pair = tuple[PersonId, PersonId]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptApart:
    """Two people, in the order of their ids. `on` false: no longer; that it was so stays in the register's past."""

    one: PersonId
    other: PersonId
    on: bool = True

    @property
    def id(self) -> str:
        return f"{self.one} {self.other}"


class ApartList:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, register: Register) -> None:
        self._shelf = Shelf(register, "kept-apart", KeptApart, id_of=lambda kept: kept.id)

    async def among(self, scheduled: ScheduledSession) -> tuple[Pair, ...]:
        """The pairs of whom both are on the list of a session."""
        listed = {each.person for each in scheduled.roster}
        kept = [each.value for each in (await self._shelf.all()).values()]
        return tuple((each.one, each.other) for each in kept if each.on and {each.one, each.other} <= listed)

    async def keep(
        self, scheduled: ScheduledSession, people: Sequence[PersonId], on: bool, *, by: PersonId, now: Instant
    ) -> None:
        """Keep two participants of a session apart, or no longer. Raises Refusal, Stale."""
        listed = {each.person for each in scheduled.roster if each.treated or each.guest}
        if not set(people) <= listed:
            raise Refusal("unknown_person", "This person is not on the list for this session.")
        if len(set(people)) != 2:
            raise Refusal("bad_plan", "Choose two people to keep apart.")
        if on and len(await self.among(scheduled)) >= PAIRS_MAX:
            raise Refusal("too_many", Sentence("A group can have {most} pairs who are kept apart.", most=PAIRS_MAX))
        one, other = sorted(people)
        there = await self._shelf.get(f"{one} {other}")
        if (there is not None and there.value.on) == on:
            return
        wanted = KeptApart(one=one, other=other) if there is None else replace(there.value, on=on)
        await self._shelf.put(wanted, upon=0 if there is None else there.revision, by=by, at=now)
