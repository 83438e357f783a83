"""What a teen's guardians see, as staff set it: who they are, what each may, and which goals are shared with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from facilitation.errors import Refusal
from facilitation.goals import Goal
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from server.clock import Clock
from server.door.ages import Ages
from server.door.guardians import Guardians
from server.store.ports import Store
from server.web.auth import Visitor
from server.web.words import Words, local, marked

MAY: Final = {
    Care.SCHEDULE: marked("see when meetings are"),
    Care.ABSENCES: marked("tell of absences"),
    Care.HOURS: marked("see hours, attendance and shared goals"),
    Care.CONSENTS: marked("read and sign consents"),
}


class FamilyBook:
    """The port `FamilyPages` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, guardians: Guardians, ages: Ages, clock: Clock) -> None:
        self._store = store
        self._guardians = guardians
        self._ages = ages
        self._clock = clock

    async def page(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """None: nobody of that id."""
        who = await self._store.clinic.get_person(person)
        if who is None:
            return None
        today = local(self._clock.now(), who.zone).date()
        guardians = []
        for care in await self._guardians.of(person):
            known = await self._store.clinic.get_person(care.guardian)
            may = [words(MAY[each]) for each in Care if each in care.may]
            url = guardian_url(care, reader)
            guardians.append({"name": known.name if known else care.guardian, "may": may, "url": url})
        former = []
        for care in await self._guardians.over(of=person):
            known = await self._store.clinic.get_person(care.guardian)
            assert care.until is not None, "what is over has an end"
            day = words.calendar(local(care.until, who.zone).date())
            url = guardian_url(care, reader)
            former.append({"name": known.name if known else care.guardian, "day": day, "url": url})
        return {
            "name": who.name,
            "teen": await self._ages.minor(who),
            "guardians": sorted(guardians, key=lambda each: str(each["name"])),
            "former": sorted(former, key=lambda each: str(each["name"])),
            "goals": [
                {"goal": goal.goal, "text": goal.text, "shared": goal.shared}
                for goal in await self._store.notebook.goals(person)
                if goal.holds_on(today)
            ],
            "consents_url": f"/consents/{quote(person, safe='')}{reader.choice}",
        }

    # ------------------------------------------------------------------ of age

    async def own(self, person: PersonId, words: Words) -> dict[str, Any] | None:
        """Who of the family saw how somebody is doing while they were a minor, and who still does by their own yes.

        None: they are not of age, or there is nobody.
        """
        who = await self._store.clinic.get_person(person)
        since = None if who is None else await self._ages.of_age(who)
        if since is None:
            return None
        agreed = [each for each in await self._guardians.of(person) if each.agreed is not None]
        rows = []
        for care in (*agreed, *await self._guardians.ended_by_age(of=person)):
            known = await self._store.clinic.get_person(care.guardian)
            rows.append(
                {
                    "guardian": care.guardian,
                    "name": known.name if known else care.guardian,
                    "sees": care in agreed,
                    "what": words.listed([words(MAY[each]) for each in Care if each in care.may - {Care.CONSENTS}]),
                }
            )
        return {"since": words.calendar(since), "rows": sorted(rows, key=lambda row: str(row["name"]))}

    async def seen_of(self, person: PersonId, words: Words) -> dict[str, Any] | None:
        """What the guardians of a minor see, for the teen themself. None: no minor, whose own yes rules (`own`)."""
        who = await self._store.clinic.get_person(person)
        if who is None or not await self._ages.minor(who):
            return None
        guardians = []
        for care in await self._guardians.of(person):
            known = await self._store.clinic.get_person(care.guardian)
            may = [words(MAY[each]) for each in Care if each in care.may]
            guardians.append({"name": known.name if known else care.guardian, "may": may})
        today = local(self._clock.now(), who.zone).date()
        goals = [goal for goal in await self._store.notebook.goals(person) if goal.shared and goal.holds_on(today)]
        return {
            "guardians": sorted(guardians, key=lambda each: str(each["name"])),
            "goals": [goal.text for goal in goals],
        }

    async def agree(self, person: PersonId, guardian: str, yes: bool) -> None:
        """Raises Refusal, Stale."""
        await self._guardians.agree(person, PersonId(guardian), yes)

    async def share(self, person: PersonId, goals: frozenset[str]) -> None:
        """Share these goals of theirs with their guardians, and no others. Raises Refusal."""
        there = await self._store.notebook.goals(person)
        if not goals <= {goal.goal for goal in there}:
            raise Refusal("unknown_goal", "One of these goals does not stand in this person’s plan.")
        for goal in there:
            if goal.shared != (goal.goal in goals):
                await self._store.notebook.put_goal(_shared(goal, goal.goal in goals))


def guardian_url(care: Guardianship, reader: Visitor) -> str:
    """The page of one guardian of one teen, for staff."""
    return f"/family/{quote(care.teen, safe='')}/guardians/{quote(care.guardian, safe='')}{reader.choice}"


def _shared(goal: Goal, on: bool) -> Goal:
    """A goal that guardians may see is agreed with the person, also when guardians do not see it any more."""
    return replace(goal, shared=on, agreed=goal.agreed or on)
