"""The diary over the store: one's own pages, what is shown of them in a session, and who may read that.

This is the only place that reads a diary, but for the reminders, which look whether anything was written today. Nothing
of it is ever in a log, a view or a file; a session's log says that a week is shown, and whoever may read it asks here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, Protocol

import structlog

from facilitation.commands import Command, ShowDiary, TakeBackDiary
from facilitation.diary import (
    DAYS,
    TARGET_CHARS_MAX,
    TARGETS_MAX,
    TO_GROUP,
    WORD_CHARS_MAX,
    Card,
    Day,
    Part,
    PlanKept,
    Showing,
    check_day,
    check_parts,
    check_plan,
    check_targets,
    is_empty,
    open_days,
    strong,
    week_of,
)
from facilitation.errors import Refusal
from facilitation.events import Recorded
from facilitation.ids import PersonId, SessionId, SkillId
from facilitation.showings import EVERY_PART, visible
from facilitation.skills import Library
from facilitation.state import RoomState
from facilitation.timebase import HOUR_MS
from server.clock import Clock
from server.diary import told
from server.diary.form import day_of, filled, rows
from server.diary.reminders import ReminderBook
from server.projections.fold import Room
from server.rooms.ports import LeaseLost, NoSuchSession, Stale, StoreUnavailable
from server.store.diary import Pages
from server.store.ports import Store
from server.web.words import Words, local

log = structlog.get_logger(__name__)

WEEK_MS: Final = DAYS * 24 * HOUR_MS
FIRST_HOUR: Final = 6
"""Of the day, for which a reminder is offered."""
LATELY: Final = 14
"""Days; skills used in them stand first on the card."""


class RoomThatDoes(Protocol):
    async def do(self, command: Command) -> int: ...


class RoomsThatDo(Protocol):
    async def open(self, session: SessionId) -> RoomThatDoes: ...


TaughtLately = Callable[[PersonId], Awaitable[Sequence[SkillId]]]
"""What somebody's last meetings taught. Raises StoreUnavailable, CorruptLog."""


class DiaryBook:
    """The port `DiaryPages` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(
        self,
        store: Store,
        *,
        rooms: RoomsThatDo,
        library: Callable[[], Library],
        taught: TaughtLately,
        reminders: ReminderBook,
        clock: Clock,
    ) -> None:
        self._store = store
        self._diaries = store.diaries
        self._rooms = rooms
        self._library = library
        self._taught = taught
        self._reminders = reminders
        self._clock = clock

    # ------------------------------------------------------------------ one's own pages

    async def page(self, me: PersonId, words: Words, *, day: str, given: Mapping[str, str] | None) -> dict[str, Any]:
        """What the template needs of one day. `given`: a form that was not kept; None: as the day stands."""
        today = await self._today(me)
        pages = await self._diaries.of(me)
        on = _day(day, today)
        there = pages.days.get(on)
        card = pages.card.targets if pages.card else ()
        fields = filled(there, card) if given is None else given
        return {
            "day": on.isoformat(),
            "day_text": words.weekday(on),
            "is_today": on == today,
            "days": _dots(pages, today, words),
            "revision": (given or {}).get("revision") or str(there.revision if there else 0),
            "kept": there is not None,
            "strong": there is not None and strong(there),
            "rows": rows(fields, words),
            "skills": self._skills(fields, await self._lately(me, pages, on), words),
            "word_max": WORD_CHARS_MAX,
            "targets": [*card, *[""] * (TARGETS_MAX - len(card))],
            "target_max": TARGET_CHARS_MAX,
            "targets_revision": str(pages.card.revision if pages.card else 0),
            "reminder": await self._reminder(me, words),
            "shown": await self._shown_by(me, words),
        }

    async def keep(self, me: PersonId, given: Mapping[str, str]) -> Day:
        """Raises Refusal, Stale."""
        today = await self._today(me)
        on = _day(given.get("day", ""), None)
        there = (await self._diaries.of(me)).days.get(on)
        library = self._library().skills
        day = day_of(given, on, revision=_revision(given) + 1, at=self._clock.now())
        day = check_day(day, today=today, skills=(*library, *(there.skills if there else ())))
        if there is None and is_empty(day):
            raise Refusal("empty_text", "There is nothing to keep yet. One line is enough.")
        await self._put(me, day, f"day {on}")
        return day

    async def follow(self, me: PersonId, labels: Sequence[str], revision: int) -> None:
        """The targets of one's own from now on. Raises Refusal, Stale."""
        card = Card(revision=revision + 1, at=self._clock.now(), targets=check_targets(labels))
        await self._put(me, card, "card")

    async def plan_went(self, me: PersonId, session: SessionId, *, done: bool, word: str) -> None:
        """How the plan went that was made at the end of a session. Raises Refusal, Stale."""
        scheduled = await self._store.clinic.get_session(session)
        if scheduled is None or not any(each.person == me and each.treated for each in scheduled.roster):
            raise Refusal("unknown_session", "There is no such session.")
        there = (await self._diaries.of(me)).plans.get(session)
        revision = there.revision if there else 0
        plan = PlanKept(session=session, revision=revision + 1, at=self._clock.now(), done=done, word=word)
        await self._put(me, check_plan(plan), f"plan {session}")

    async def remind(self, me: PersonId, hour: int | None) -> None:
        """Raises Refusal, Stale."""
        if hour is not None and not await self._reminders.reachable(me):
            raise Refusal("no_address", "There is no address of yours that a note could go to.")
        await self._reminders.choose(me, hour)

    async def glance(self, me: PersonId, words: Words) -> dict[str, Any]:
        """The last days as dots, for the home page."""
        today = await self._today(me)
        pages = await self._diaries.of(me)
        return {"days": _dots(pages, today, words), "today": today in pages.days, "begun": bool(pages.days)}

    async def went(self, me: PersonId, session: SessionId) -> PlanKept | None:
        return (await self._diaries.of(me)).plans.get(session)

    # ------------------------------------------------------------------ showing

    async def offer(self, me: PersonId, words: Words) -> dict[str, Any]:
        """One's own week, as it would be shown now, and which parts the group could see."""
        showing = await self._showing(SessionId(""), me)
        return _told(showing, EVERY_PART, words) | {
            "shareable": [{"part": part.value, "title": words(told.TITLES[part])} for part in Part if part in TO_GROUP],
        }

    async def show(self, me: PersonId, session: SessionId, to_group: Sequence[str]) -> None:
        """Raises Refusal. The copy lies ready before the room hears of it; if the room says no, it is as before."""
        parts = check_parts(to_group)
        showing = await self._showing(session, me)
        if not showing.days and not showing.plans:
            raise Refusal("empty_text", "There is nothing in your week to show yet.")
        before = await self._ready(session, me)
        await self._diaries.show(showing)
        try:
            await self._tell(session, ShowDiary(person=me, to_group=parts))
        except Refusal:
            await (self._diaries.take_back(me, session) if before is None else self._diaries.show(before))
            raise

    async def take_back(self, me: PersonId, session: SessionId) -> None:
        """The copy is gone first: a room that hears of it later shows nothing meanwhile."""
        await self._diaries.take_back(me, session)
        try:
            await self._tell(session, TakeBackDiary(person=me))
        except (Refusal, StoreUnavailable) as error:
            log.warning("a room was not told", session=session, what="TakeBackDiary", error=type(error).__name__)

    async def shown(
        self, session: SessionId, author: PersonId, words: Words, *, reader: PersonId, leads: bool
    ) -> dict[str, Any] | None:
        """What a reader may read of somebody's week in a session; None: nothing. `leads`: they look after it."""
        ready = await self._ready(session, author)
        if ready is None:
            return None
        state = await asyncio.to_thread(_replay, await self._store.log.read(session))
        parts = visible(state.showings, author, state.seats.known(reader), leads=leads)
        return _told(ready, parts, words) if parts else None

    async def days_of(self, me: PersonId) -> list[Day]:
        """One's own, for oneself."""
        return list((await self._diaries.of(me)).days.values())

    async def days_shown(self, author: PersonId) -> list[Day]:
        """Those that their author shows to facilitators, each as it was shown last."""
        by_day = {day.day: day for showing in await self._diaries.shown(author) for day in showing.days}
        return list(by_day.values())

    # ------------------------------------------------------------------ inside

    async def _today(self, me: PersonId) -> date:
        person = await self._store.clinic.get_person(me)
        return local(self._clock.now(), person.zone if person else "UTC").date()

    async def _put(self, me: PersonId, page: Day | PlanKept | Card, what: str) -> None:
        kept = await self._diaries.keep(me, page)
        if kept.revision != page.revision or kept.at != page.at:
            raise Stale("diary", what)

    async def _lately(self, me: PersonId, pages: Pages, on: date) -> list[SkillId]:
        """Skills that are likely: used lately, then taught lately."""
        days = sorted(
            (day for day in pages.days.values() if abs((on - day.day).days) <= LATELY), key=lambda each: each.day
        )
        used = [skill for day in reversed(days) for skill in day.skills]
        return list(dict.fromkeys([*used, *await self._taught(me)]))

    def _skills(self, given: Mapping[str, str], lately: Sequence[SkillId], words: Words) -> dict[str, Any]:
        library = self._library()
        names = {skill.id: skill.title for skill in library.skills.values()}

        def row(skill: SkillId) -> dict[str, Any]:
            return {"id": skill, "title": words(names.get(skill, skill)), "checked": f"skill_{skill}" in given}

        chosen = [SkillId(field.removeprefix("skill_")) for field in given if field.startswith("skill_")]
        first = list(dict.fromkeys([*(skill for skill in lately if skill in names), *chosen]))
        return {
            "first": [row(skill) for skill in first],
            "modules": [
                {
                    "title": words(module.title),
                    "skills": [row(skill.id) for skill in module.skills if skill.id not in first],
                }
                for module in library.modules
            ],
        }

    async def _reminder(self, me: PersonId, words: Words) -> dict[str, Any] | None:
        """None: there is no way to reach them."""
        if not await self._reminders.reachable(me):
            return None
        reminder = await self._reminders.of(me)
        clock = datetime(2001, 1, 1, tzinfo=UTC)
        hours = [
            (str(hour), words.clock_time(clock.replace(hour=hour)), hour == reminder.hour)
            for hour in range(FIRST_HOUR, 24)
        ]
        return {"hours": hours, "on": reminder.hour is not None, "stopped": reminder.stopped}

    async def _shown_by(self, me: PersonId, words: Words) -> list[dict[str, Any]]:
        found = []
        person = await self._store.clinic.get_person(me)
        for showing in reversed(await self._diaries.shown(me)):
            scheduled = await self._store.clinic.get_session(showing.session)
            found.append(
                {
                    "session": showing.session,
                    "title": scheduled.title if scheduled else words("Session"),
                    "when": words.moment(showing.at, person.zone if person else "UTC"),
                }
            )
        return found

    async def _showing(self, session: SessionId, me: PersonId) -> Showing:
        now, today = self._clock.now(), await self._today(me)
        pages = await self._diaries.of(me)
        days = week_of(pages.days.values(), today)
        names = {skill.id: skill.title for skill in self._library().skills.values()}
        used = dict.fromkeys(skill for day in days for skill in day.skills)
        plans = sorted((each for each in pages.plans.values() if each.at > now - WEEK_MS), key=lambda each: each.at)
        return Showing(
            session=session,
            person=me,
            at=now,
            last=today,
            days=days,
            plans=tuple(plans),
            skills={skill: names.get(skill, skill) for skill in used},
        )

    async def _ready(self, session: SessionId, author: PersonId) -> Showing | None:
        return next((each for each in await self._diaries.shown(author) if each.session == session), None)

    async def _tell(self, session: SessionId, command: Command) -> None:
        """Raises Refusal."""
        try:
            room = await self._rooms.open(session)
            await room.do(command)
        except LeaseLost as error:
            raise StoreUnavailable(f"session {session} does not answer") from error
        except NoSuchSession:
            raise Refusal("unknown_session", "There is no such session.") from None


def _replay(records: Sequence[Recorded]) -> RoomState:
    room = Room()
    for record in records:
        room.add(record)
    return room.state


def _told(showing: Showing, parts: frozenset[Part], words: Words) -> dict[str, Any]:
    return told.week(showing.days, showing.plans, last=showing.last, names=showing.skills, parts=parts, words=words)


def _dots(pages: Pages, today: date, words: Words) -> list[dict[str, Any]]:
    return [
        {
            "date": day.isoformat(),
            "label": words.weekday_short(day),
            "number": day.day,
            "text": words.weekday(day),
            "filled": day in pages.days,
            "today": day == today,
        }
        for day in open_days(today)
    ]


def _day(text: str, today: date | None) -> date:
    """The day that a page is about: one that cannot be is `today`, or refused where there is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is not None and (today is None or day in open_days(today)):
        return day
    if today is None:
        raise Refusal("bad_diary", "Choose one of the last seven days.")
    return today


def _revision(given: Mapping[str, str]) -> int:
    text = given.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
