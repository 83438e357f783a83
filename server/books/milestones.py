"""People's own milestones: in their own words, for themselves alone. Of what they take out, nothing is kept."""

from __future__ import annotations

import secrets
from typing import Any

from facilitation.ids import MarkId, PersonId
from facilitation.milestones import MARKS_MAX, TEXT_MAX, OwnMilestones, mark, unmark
from server.clock import Clock
from server.store.register import Held, Register, Shelf
from server.timetable.given import day_of
from server.web.words import Words


def shelf_of(register: Register) -> Shelf[OwnMilestones]:
    """By their person; what stood before is not remembered."""
    return Shelf(register, "milestones", OwnMilestones, id_of=lambda own: own.person, remembered=False)


class MilestoneBook:
    """The port `Milestones` of the pages. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, register: Register, *, clock: Clock) -> None:
        self._shelf = shelf_of(register)
        self._clock = clock

    async def page(self, person: PersonId, words: Words) -> dict[str, Any]:
        own, revision = await self._own(person)
        return {
            "marks": [
                {"id": each.id, "text": each.text, "on": "" if each.on is None else words.calendar(each.on)}
                for each in own.marks
            ],
            "revision": revision,
            "text_max": TEXT_MAX,
            "full": len(own.marks) >= MARKS_MAX,
        }

    async def texts(self, person: PersonId) -> list[str]:
        """What they could show the group."""
        own, _ = await self._own(person)
        return [each.text for each in own.marks]

    async def mark(self, person: PersonId, text: str, on: str) -> None:
        """Raises Refusal, Stale."""
        own, revision = await self._own(person)
        await self._put(mark(own, MarkId(secrets.token_hex(6)), text, day_of(on, "the day")), revision)

    async def unmark(self, person: PersonId, name: str) -> None:
        """Raises Stale."""
        own, revision = await self._own(person)
        left = unmark(own, name)
        if left != own:
            await self._put(left, revision)

    async def _own(self, person: PersonId) -> tuple[OwnMilestones, int]:
        held: Held[OwnMilestones] | None = await self._shelf.get(person)
        return (OwnMilestones(person=person), 0) if held is None else (held.value, held.revision)

    async def _put(self, own: OwnMilestones, upon: int) -> None:
        await self._shelf.put(own, upon=upon, by=own.person, at=self._clock.now())
