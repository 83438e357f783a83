"""The card of a guardian's teens: hours, attendance, goals agreed with them, what waits for a signature. Nothing else.

Never answers, chat, notes or other people's names: of a session only its day and hour are told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any, Final, Protocol
from urllib.parse import quote

from facilitation.facts import zone_of
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.sentences import marked
from facilitation.timebase import Instant
from facilitation.weeks import day_of
from server.books import meter_words
from server.home.offers import Offers
from server.home.visit import Visit
from server.projections.meters import Meter, Meters, Part, Stage
from server.store.clinic import Person
from server.store.ports import Store
from server.web.auth import Trail

COMING_MAX: Final = 3
KINDS: Final = {"excused": marked("excused"), "unexcused": marked("not excused")}

PAGES: Final = (
    ("away", marked("When they can’t come"), Care.ABSENCES),
    ("school", marked("School hours, and a letter for school"), Care.SCHEDULE),
)
"""Where else a guardian can go for a teen, and what they must be allowed for it."""

ToSign = Callable[[Person, PersonId], Awaitable[int]]
"""How many of a teen's consents wait for this guardian."""


class Guardians(Protocol):
    async def by(self, guardian: PersonId) -> Sequence[Guardianship]: ...
    async def ended_by_age(
        self, *, of: PersonId | None = None, by: PersonId | None = None
    ) -> Sequence[Guardianship]: ...
    async def over(self, *, of: PersonId | None = None, by: PersonId | None = None) -> Sequence[Guardianship]: ...


class Wards:
    """The card `wards`. Raises StoreUnavailable, CorruptLog."""

    def __init__(
        self,
        store: Store,
        *,
        guardians: Guardians,
        meters: Meters,
        to_sign: ToSign,
        offers: Offers,
        trail: Trail,
    ) -> None:
        self._store = store
        self._guardians = guardians
        self._meters = meters
        self._to_sign = to_sign
        self._offers = offers
        self._trail = trail

    async def __call__(self, visit: Visit) -> dict[str, Any]:
        teens, cares = [], await self._guardians.by(visit.me.person)
        if cares:
            about = [care.teen for care in cares]
            await self._trail(visit.me, Action.SEE_WARDS, about=about, session="")
        for care in cares:
            teen = await self._store.clinic.get_person(care.teen)
            if teen is not None:
                teens.append(await self._teen(visit, care, teen))
        grown = [
            await self._store.clinic.get_person(each.teen)
            for each in await self._guardians.ended_by_age(by=visit.me.person)
        ]
        over = []
        for care in await self._guardians.over(by=visit.me.person):
            known = await self._store.clinic.get_person(care.teen)
            if known is not None and care.until is not None and care.over_lately(visit.now):
                over.append({"name": known.name, "day": visit.words.calendar(_day(care.until, known))})
        return {
            "teens": sorted(teens, key=lambda each: each["name"]),
            "over": sorted(over, key=lambda each: each["name"]),
            "grown": sorted(each.name for each in grown if each is not None),
        }

    async def _teen(self, visit: Visit, care: Guardianship, teen: Person) -> dict[str, Any]:
        hours = care.allows(Care.HOURS, visit.now)
        meter = await self._meters.of(teen) if hours else None
        goals = await self._store.notebook.goals(teen.person) if hours else []
        signs = care.allows(Care.CONSENTS, visit.now)
        return {
            "name": teen.name,
            "until": "" if care.until is None else visit.words.calendar(_day(care.until, teen)),
            "week": None if meter is None else meter_words.ring(meter.week, visit.words),
            "attendance": [] if meter is None else _attendance(meter, visit),
            "goals": [goal.text for goal in goals if goal.shared and goal.holds_on(visit.today)],
            "coming": self._coming(visit, teen) if care.allows(Care.SCHEDULE, visit.now) else [],
            "to_sign": await self._to_sign(teen, visit.me.person) if signs else 0,
            "consents_url": f"/consents/{quote(teen.person, safe='')}{visit.me.choice}" if signs else None,
            "seats": await self._offers.seats(visit, teen.person) if care.allows(Care.SCHEDULE, visit.now) else [],
            "make_ups": await self._offers.make_ups(visit, teen.person)
            if care.allows(Care.ABSENCES, visit.now)
            else [],
            "links": [
                {"text": visit.words(text), "url": f"/{page}/{quote(teen.person, safe='')}{visit.me.choice}"}
                for page, text, care_for in PAGES
                if care.allows(care_for, visit.now)
            ],
        }

    @staticmethod
    def _coming(visit: Visit, teen: Person) -> list[str]:
        """When their next meetings are, by the clock of whoever looks."""
        theirs = [
            each
            for each in visit.near
            if each.starts_at > visit.now and any(seat.person == teen.person and seat.treated for seat in each.roster)
        ]
        return [
            visit.words(
                "{day}, {time}",
                day=visit.words.weekday(visit.day(each.starts_at)),
                time=visit.words.span(each.starts_at, visit.ends_at(each), visit.zone),
            )
            for each in theirs[:COMING_MAX]
        ]


def _day(at: Instant, teen: Person) -> date:
    """An end is of a day where the teen lives."""
    return day_of(at, zone_of(teen.zone))


def _attendance(meter: Meter, visit: Visit) -> list[str]:
    """'Came to 2 of 3 meetings this week.' 'Was not there on Tuesday, November 24 (excused).'"""
    words = visit.words
    over = [part for part in meter.parts if part.stage in (Stage.SIGNED, Stage.WAITING)]
    if not over:
        return [words("No meeting is over yet this week.")]
    came = sum(not part.missed for part in over)
    said = words.many(
        "Came to {came} of {n} meeting this week.", "Came to {came} of {n} meetings this week.", len(over), came=came
    )
    return [said, *(_missed(part, visit) for part in over if part.missed)]


def _missed(part: Part, visit: Visit) -> str:
    day = visit.words.weekday(part.day)
    if part.absence is None or part.absence.kind.value not in KINDS:
        return visit.words("Was not there on {day}.", day=day)
    kind = visit.words(KINDS[part.absence.kind.value])
    return visit.words("Was not there on {day} ({kind}).", day=day, kind=kind)
