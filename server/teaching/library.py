"""The clinic's library as it stands: what is shipped, and what the clinic published beside it."""

from __future__ import annotations

from typing import Any

from facilitation.curricula import OwnCurriculum, with_curricula
from facilitation.ownexercises import OwnExercise, with_exercises
from facilitation.skills import Library
from facilitation.teaching import OwnSkill, joined
from server.store.register import Register, Shelf


class ClinicLibrary:
    """Called, it gives the library as it was looked up last; `load` looks it up (StoreUnavailable, CorruptLog)."""

    def __init__(self, shipped: Library, register: Register) -> None:
        self.shipped = shipped
        self.skills = Shelf(register, "own-skill", OwnSkill, id_of=lambda each: each.id)
        self.curricula = Shelf(register, "own-curriculum", OwnCurriculum, id_of=lambda each: each.id)
        self.exercises = Shelf(register, "own-exercise", OwnExercise, id_of=lambda each: each.id)
        self._known = shipped

    def __call__(self) -> Library:
        return self._known

    async def load(self) -> Library:
        skills = [held.value for held in (await self.skills.all()).values()]
        curricula = [held.value for held in (await self.curricula.all()).values()]
        exercises = [held.value for held in (await self.exercises.all()).values()]
        self._known = with_exercises(with_curricula(joined(self.shipped, skills), curricula), exercises)
        return self._known

    async def own(self) -> list[dict[str, Any]]:
        """The skills that the clinic wrote, drafts and what was withdrawn included."""
        return [
            {"id": each.id, "title": each.draft.get("title", "").strip(), "state": _state(each)}
            for each in (held.value for held in (await self.skills.all()).values())
        ]

    async def own_curricula(self) -> list[dict[str, Any]]:
        """The same of curricula, with the `programme` that each is for."""
        return [
            {
                "id": each.id,
                "title": each.draft.title.strip(),
                "state": _state(each),
                "programme": each.programme,
                "weeks": len(each.draft.weeks),
                "sessions": sum(len(week.lessons) for week in each.draft.weeks),
            }
            for each in (held.value for held in (await self.curricula.all()).values())
        ]

    async def own_exercises(self) -> list[dict[str, Any]]:
        """The same of exercises."""
        return [
            {"id": each.id, "title": each.draft.fields.get("title", "").strip(), "state": _state(each)}
            for each in (held.value for held in (await self.exercises.all()).values())
        ]


def _state(own: OwnSkill | OwnCurriculum | OwnExercise) -> str:
    return "withdrawn" if own.withdrawn else "published" if own.stands else "draft"
