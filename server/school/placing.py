"""A week for everybody: the search that runs beside the rooms, what it proposed, what is given of it and taken back.

How far a search is stands in the register: any server shows it, and stops it by writing there what its runner finds.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import structlog

from facilitation import placement as p
from facilitation.enrolment import check_enrolment, ended
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.finder import Offer
from facilitation.ids import CohortId, PersonId
from facilitation.placement import Days, LeftOut, Move, Placement, Proposed, Stage, State, slots
from facilitation.school import School
from facilitation.sentences import Sentence
from facilitation.waiting import Wait
from facilitation.weeks import DAYS, day_of
from server.clock import Clock
from server.rooms.ports import CorruptLog, Stale, StoreUnavailable
from server.schedule.apart import WentWrong, apart
from server.schedule.book import ScheduleBook
from server.schedule.finder import Clinic, Found, search
from server.schedule.snapshot import Schedule
from server.school.everybody import changes, concerned, problem_of, seats_of, today_of
from server.school.offers import Catalog, Offering
from server.school.shelves import LATEST, Shelves
from server.school.told import changes_words
from server.store.clinic import Person
from server.store.ports import Store
from server.store.register import Draft, Held
from server.web.auth import Visitor
from server.web.words import Words, marked

log = structlog.get_logger(__name__)

WEEKS: Final = 6
WEEKS_MAX: Final = 12
AHEAD_DAYS_MAX: Final = 366
LOOK_EVERY_S: Final = 0.5
HEARD_EVERY_S: Final = 5.0
AT_ONCE_MAX: Final = 100
"""People in one step of the store: each may be three changes."""
STAGES: Final = {
    Stage.LOOKING: marked("Looking at whom which groups fit"),
    Stage.SHARING: marked("Sharing out the seats"),
    Stage.BETTERING: marked("Looking for the best week of each"),
    Stage.EXPLAINING: marked("Looking for what would help the others"),
}
MOVES: Final = {Move.NEW: marked("New place"), Move.MOVES: marked("Moves"), Move.STAYS: marked("Stays")}
HINDRANCES: Final = {
    p.Hindrance.DAYS: marked("{name}’s days were changed meanwhile."),
    p.Hindrance.SCHOOL: marked("{name}’s school week was changed meanwhile."),
    p.Hindrance.SEAT: marked("A seat of {name}’s week is taken: somebody has to move first, or all at once."),
}
Apart = Callable[[Callable[..., Any], object, Callable[[Any], Awaitable[None]]], Awaitable[Any]]


class Placing:
    """The port `PlacingPage` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(
        self,
        store: Store,
        *,
        schedule: ScheduleBook,
        catalog: Catalog,
        clock: Clock,
        seats_max: int,
        apart: Apart = apart,
    ) -> None:
        self._store = store
        self._schedule = schedule
        self._catalog = catalog
        self._clock = clock
        self._seats_max = seats_max
        self._apart = apart
        self._shelves = Shelves(store.register)
        self._running: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------ looking

    async def page(self, words: Words, *, reader: Visitor) -> dict[str, Any]:
        held = await self._shelves.placement.get(LATEST)
        now = self._clock.now()
        first = _monday(day_of(now, zone_of(reader.zone)))
        shown: dict[str, Any] = {
            "first": first.isoformat(),
            "weeks": WEEKS,
            "weeks_max": WEEKS_MAX,
            "search": None,
        }
        if held is None:
            return shown
        one, schedule = held.value, await self._schedule.load()
        names = {person: known.name for person, known in schedule.people.items()}
        given = {each.person: each for each in one.given}
        rows = [self._row(each, given.get(each.person), names, schedule, words) for each in one.proposed]
        rows.sort(key=lambda row: (row["move"] == Move.STAYS, row["name"].casefold()))
        state = one.state if one.state is not State.RUNNING or one.is_running(now) else State.FAILED
        return shown | {
            "search": {
                "id": one.id,
                "state": state.value,
                "by": names.get(one.by, ""),
                "when": words.moment(one.started_at, reader.zone),
                "range": words("{first} to {last}", first=words.calendar(one.first), last=words.calendar(one.last)),
                "first": words.calendar(one.first),
                "keeps": one.keeps,
                "proven": one.proven,
                "moving": [row for row in rows if row["move"] != Move.STAYS],
                "staying": [row for row in rows if row["move"] == Move.STAYS],
                "left_out": [self._left_out(each, names, schedule, words) for each in one.left_out],
                "open": len(one.open),
                "given": len(one.given),
            }
            | self._far(one, words)
        }

    async def progress(self, words: Words) -> dict[str, Any]:
        """How far the search is, for a page that asks again and again."""
        held = await self._shelves.placement.get(LATEST)
        if held is None:
            return {"running": False}
        return {"running": held.value.is_running(self._clock.now()), **self._far(held.value, words)}

    def _far(self, one: Placement, words: Words) -> dict[str, Any]:
        taken_s = (self._clock.now() - one.started_at) / 1_000
        left_s = taken_s * (1 - one.share) / one.share if one.share > 0.1 else 0
        return {
            "percent": round(one.share * 100),
            "stage": words(STAGES[one.stage]),
            "left": words.many("about {n} second left", "about {n} seconds left", max(1, round(left_s)))
            if left_s
            else "",
        }

    def _row(
        self,
        each: Proposed,
        given: p.Given | None,
        names: Mapping[PersonId, str],
        schedule: Schedule,
        words: Words,
    ) -> dict[str, Any]:
        before = slots(each.before)
        return {
            "person": each.person,
            "name": names.get(each.person, each.person),
            "move": each.move,
            "move_text": words(MOVES[each.move]),
            "after": [
                {
                    "group": _title(schedule, days.cohort),
                    "days": [
                        {"day": words.day_name(day), "new": (days.cohort, day) not in before} for day in days.days
                    ],
                }
                for days in each.after
            ],
            "gone": _days_words(_less(each.before, slots(each.after)), schedule, words),
            "minutes": words.minutes(each.minutes),
            "since": "" if given is None else words.calendar(given.since),
        }

    def _left_out(
        self, each: LeftOut, names: Mapping[PersonId, str], schedule: Schedule, words: Words
    ) -> dict[str, Any]:
        best, floor = words.minutes(each.best_min), words.minutes(each.floor_min)
        why = [words("With what fits it is {best} a week at most; the week asks for {floor}.", best=best, floor=floor)]
        if not each.enough:
            why.append(words("There are not enough groups on offer to reach the week’s hours, whatever is in the way."))
        return {
            "person": each.person,
            "name": names.get(each.person, each.person),
            "today": _days_words(each.before, schedule, words),
            "why": why,
            "helps": [changes_words(changes, words) for changes in each.helps],
        }

    # ------------------------------------------------------------------ searching

    async def start(self, first: date, weeks: int, keeps: bool, *, by: Visitor) -> None:
        """Raises Refusal, Stale."""
        now = self._clock.now()
        today = day_of(now, zone_of(by.zone))
        if not today < first <= today + timedelta(days=AHEAD_DAYS_MAX):
            raise Refusal("bad_days", "Choose a first day from tomorrow on, within a year.")
        if not 1 <= weeks <= WEEKS_MAX:
            raise Refusal("bad_days", Sentence("Choose from 1 to {most} weeks.", most=WEEKS_MAX))
        held = await self._shelves.placement.get(LATEST)
        if held is not None and held.value.is_running(now):
            raise Refusal("already_running", "A search is under way. Wait for it, or stop it first.")
        placement = Placement(
            id=secrets.token_hex(6),
            by=by.person,
            started_at=now,
            heard_at=now,
            first=first,
            last=first + timedelta(days=DAYS * (weeks + 1) - 1),  # whole weeks begin at most six days later
            keeps=keeps,
        )
        schedule = await self._schedule.load()
        schools = await self._shelves.schools.all()
        waiting = [each.value for each in (await self._shelves.waiting.all()).values()]
        asked = {each.person for each in waiting if each.standing in (Wait.WAITING, Wait.OFFERED)}
        who = concerned(schedule, {*schools, *asked}, first)
        if not who:
            raise Refusal("nobody", "Nobody is in a group, waits for one, or has said when school is.")
        if len(who) > p.PEOPLE_MAX:
            raise Refusal("too_many", Sentence("At most {n} people can be looked at in one search.", n=p.PEOPLE_MAX))
        await self._shelves.placement.put(placement, upon=held.revision if held else 0, by=by.person, at=now)
        if self._running is not None:
            self._running.cancel()
        self._running = asyncio.create_task(self._run(placement, schedule, schools, who), name="placement")

    async def stop(self, id: str, *, by: Visitor) -> None:
        """Raises Stale."""
        held = await self._shelves.placement.get(LATEST)
        if held is not None and held.value.id == id and held.value.state is State.RUNNING:
            stopped = replace(held.value, state=State.STOPPED)
            await self._shelves.placement.put(stopped, upon=held.revision, by=by.person, at=self._clock.now())
            if self._running is not None:
                self._running.cancel()

    async def finished(self) -> None:
        """When the search that this server runs has come to its end, whichever."""
        if self._running is not None:
            await asyncio.wait({self._running})

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
        await self.finished()

    async def _run(
        self, placement: Placement, schedule: Schedule, schools: Mapping[str, Held[School]], who: Sequence[Person]
    ) -> None:
        """Whoever has stopped it meanwhile has written so: then nothing is written any more."""
        try:
            problem = await asyncio.to_thread(
                problem_of, placement, Offering(schedule, self._catalog, seats_max=self._seats_max), schools, who
            )
            found = await self._told(placement, problem.clinic)
            done = replace(problem.answered(placement, found), heard_at=self._clock.now())
            await self._put(done)
        except Stale:
            log.info("a search for everybody's weeks was stopped")
        except (WentWrong, Refusal, StoreUnavailable, CorruptLog) as error:
            log.warning("a search for everybody's weeks failed", error=type(error).__name__)
            await self._failed(placement)
        except Exception:  # whoever waits for it is told, whatever it was
            log.exception("a search for everybody's weeks met a mistake of ours")
            await self._failed(placement)

    async def _told(self, placement: Placement, clinic: Clinic) -> Found:
        """Search, and write every now and then how far it is. Raises Stale where it was stopped."""
        newest: tuple[Stage, int, int] = (Stage.LOOKING, 0, 0)

        async def told(far: tuple[Stage, int, int]) -> None:
            nonlocal newest
            newest = far

        work = asyncio.ensure_future(self._apart(search, clinic, told))
        written, heard = newest, 0.0
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=LOOK_EVERY_S)
                heard += LOOK_EVERY_S
                if not work.done() and (newest != written or heard >= HEARD_EVERY_S):
                    written, heard = newest, 0.0
                    stage, done, of = newest
                    now = self._clock.now()
                    await self._put(replace(placement, stage=stage, done=done, of=of, heard_at=now))
            found: Found = work.result()
            return found
        finally:
            work.cancel()
            await asyncio.wait({work})

    async def _put(self, placement: Placement) -> None:
        """Of the search that is running. Raises Stale where it is not any more."""
        held = await self._shelves.placement.get(LATEST)
        if held is None or held.value.id != placement.id or held.value.state is not State.RUNNING:
            raise Stale("placement", LATEST)
        await self._shelves.placement.put(placement, upon=held.revision, by=placement.by, at=self._clock.now())

    async def _failed(self, placement: Placement) -> None:
        try:
            await self._put(replace(placement, state=State.FAILED, heard_at=self._clock.now()))
        except (Stale, StoreUnavailable, CorruptLog) as error:
            log.warning("that a search failed was not kept", error=type(error).__name__)

    # ------------------------------------------------------------------ giving

    async def give(self, id: str, person: str, *, by: Visitor) -> tuple[int, list[Sentence]]:
        """To one person, or ("") to all to whom it can be given: to how many, and why not to the others.

        Raises Refusal, Stale.
        """
        one = (await self._known(id)).value
        asked = [each for each in one.open if not person or each.person == person]
        if not asked:
            raise Refusal("unknown_person", "There is nothing to give here any more. Please look at the page as it is.")
        schedule = await self._schedule.load()
        since = max(one.first, day_of(self._clock.now(), zone_of(by.zone)) + timedelta(days=1))
        if since > one.last:
            raise Refusal("too_late", "The weeks of this search are over. Please search anew.")
        offering = Offering(schedule, self._catalog, seats_max=self._seats_max)
        offers = offering.everywhere(since, one.last, without={each.person for each in asked})
        schools = await self._shelves.schools.all()
        hindered = p.hindrances(
            asked,
            seats=seats_of(offers),
            today={each.person: today_of(schedule, each.person, since, offers) for each in asked},
            schools={PersonId(person): held.revision for person, held in schools.items()},
        )
        free = [each for each in asked if each.person not in hindered]
        for begin in range(0, len(free), AT_ONCE_MAX):
            await self._give(id, free[begin : begin + AT_ONCE_MAX], schedule, since, offers, by=by)
        names = {each.person: known.name for each in asked if (known := schedule.people.get(each.person))}
        return len(free), [
            Sentence(HINDRANCES[why], name=names.get(person, person)) for person, why in sorted(hindered.items())
        ]

    async def _give(
        self,
        id: str,
        some: Sequence[Proposed],
        schedule: Schedule,
        since: date,
        offers: Sequence[Offer],
        *,
        by: Visitor,
    ) -> None:
        held = await self._known(id)
        shelf = self._schedule.shelves.enrolments
        drafts: list[Draft] = []
        given = []
        for each in some:
            was = []
            for before, after in changes(schedule, each, since, seats_of(offers).keys()):
                check_enrolment(after)
                upon = schedule.revisions.get(("enrolment", after.id), 0)
                drafts.append(shelf.draft(after, upon=upon))
                was.append(p.Was(enrolment=after.id, before=before, revision=upon + 1))
            given.append(p.Given(person=each.person, since=since, at=self._clock.now(), was=tuple(was)))
        noted = replace(held.value, given=(*held.value.given, *given))
        drafts.append(self._shelves.placement.draft(noted, upon=held.revision))
        await self._schedule.put(drafts, by=by.person)

    async def take_back(self, id: str, person: str, *, by: Visitor) -> tuple[int, list[Sentence]]:
        """From one person, or ("") from all: from how many, and why not from the others. Raises Refusal, Stale."""
        held = await self._known(id)
        asked = [each for each in held.value.given if not person or each.person == person]
        if not asked:
            raise Refusal("unknown_person", "There is nothing to take back here any more.")
        schedule = await self._schedule.load()
        today = day_of(self._clock.now(), zone_of(by.zone))
        shelf = self._schedule.shelves.enrolments
        back, refused = [], []
        for each in asked:
            known = schedule.people.get(each.person)
            name = each.person if known is None else known.name
            revisions = [schedule.revisions.get(("enrolment", was.enrolment), 0) for was in each.was]
            if each.since <= today:
                refused.append(Sentence("{name}’s new days have begun. Change them on their own page.", name=name))
            elif revisions != [was.revision for was in each.was]:
                refused.append(Sentence(HINDRANCES[p.Hindrance.DAYS], name=name))
            else:
                back.append(each)
        for begin in range(0, len(back), AT_ONCE_MAX):
            some = back[begin : begin + AT_ONCE_MAX]
            held = await self._known(id)
            drafts: list[Draft] = [
                shelf.draft(
                    was.before or ended(schedule.enrolments[was.enrolment], each.since - timedelta(days=1)),
                    upon=was.revision,
                )
                for each in some
                for was in each.was
            ]
            left = tuple(each for each in held.value.given if each not in some)
            drafts.append(self._shelves.placement.draft(replace(held.value, given=left), upon=held.revision))
            await self._schedule.put(drafts, by=by.person)
        return len(back), refused

    async def _known(self, id: str) -> Held[Placement]:
        held = await self._shelves.placement.get(LATEST)
        if held is None or held.value.id != id or held.value.state is not State.DONE:
            raise Refusal(
                "another_search", "Another search has taken the place of this one. Please look at its result."
            )
        return held


# --------------------------------------------------------------------------- words


def _less(week: Iterable[Days], but: Collection[p.Slot]) -> list[Days]:
    rest = [
        Days(cohort=each.cohort, days=tuple(day for day in each.days if (each.cohort, day) not in but)) for each in week
    ]
    return [each for each in rest if each.days]


def _days_words(week: Iterable[Days], schedule: Schedule, words: Words) -> list[str]:
    """'The four o’clock group, Monday and Wednesday'."""
    return [
        words(
            "{group}, {days}",
            days=words.listed([words.day_name(day) for day in each.days]),
            group=_title(schedule, each.cohort),
        )
        for each in week
    ]


def _title(schedule: Schedule, cohort: CohortId) -> str:
    known = schedule.cohorts.get(cohort)
    return cohort if known is None else known.title


def _monday(day: date) -> date:
    """The next one after `day`."""
    return day + timedelta(days=DAYS - day.weekday())
