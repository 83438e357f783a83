"""Which skills somebody used over the weeks, from their diary, the group's exercises and check-ins, as a small picture.

They themselves see all of it. Staff see what sessions know, and of the diary what was shown to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final, Protocol

from facilitation.diary import Day
from facilitation.events import FormSubmitted
from facilitation.ids import PersonId, QuestionId, SkillId
from facilitation.practised import WEEKS, Practised, Source, Use, counted, named, weeks_until
from facilitation.skills import Library
from facilitation.timebase import HOUR_MS, Instant
from server.clock import Clock
from server.progress import Progress, ProgressBook
from server.rooms.ports import CorruptLog
from server.store.clinic import ScheduledSession
from server.store.ports import Store
from server.web.words import Words, local, marked

DAY_MS: Final = 24 * HOUR_MS
SKILL_USED: Final = QuestionId("skill-used")
"""The question of the check-in that is answered with a skill."""
LATELY: Final = 3
"""Meetings whose skills are likely to be used now."""
FROM: Final = {
    Source.DIARY: marked("your page"),
    Source.EXERCISE: marked("the group"),
    Source.CHECK_IN: marked("check-in"),
}


class Diary(Protocol):
    async def days_of(self, me: PersonId) -> Sequence[Day]:
        """One's own, for oneself."""
        ...

    async def days_shown(self, author: PersonId) -> Sequence[Day]:
        """Those that their author shows to facilitators."""
        ...


class PracticeBook:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, progress: ProgressBook, library: Callable[[], Library], clock: Clock) -> None:
        self._store = store
        self._progress = progress
        self._library = library
        self._clock = clock

    async def taught_lately(self, person: PersonId) -> list[SkillId]:
        """By the last meetings that they were in, the latest first."""
        held = [each for each in await self._held(person) if each[1].taught][-LATELY:]
        return list(dict.fromkeys(skill for _, far in reversed(held) for skill in far.taught))

    async def own(self, me: PersonId, words: Words, *, diary: Diary) -> dict[str, Any]:
        """What they themselves may see of it."""
        return await self._picture(me, await diary.days_of(me), words)

    async def for_staff(self, person: PersonId, words: Words, *, diary: Diary) -> dict[str, Any]:
        return await self._picture(person, await diary.days_shown(person), words)

    async def _picture(self, person: PersonId, days: Iterable[Day], words: Words) -> dict[str, Any]:
        """`skills`: title, days in words, a cell a week (how many days, how high), where it is known from."""
        known = await self._store.clinic.get_person(person)
        today = local(self._clock.now(), known.zone if known else "UTC").date()
        uses = [Use(skill=skill, day=day.day, source=Source.DIARY) for day in days for skill in day.skills]
        uses += await self._in_sessions(person)
        names = {skill.id: skill.title for skill in self._library().skills.values()}
        found = [each for each in counted(uses, today) if each.skill in names]
        most = max((count for each in found for count in each.by_week), default=1)
        return {
            "weeks": [words.calendar(first) for first in weeks_until(today)],
            "count": WEEKS,
            "skills": [_row(each, names[each.skill], most, weeks_until(today), words) for each in found],
        }

    async def _in_sessions(self, person: PersonId) -> list[Use]:
        uses = []
        for scheduled, far in await self._held(person):
            day = local(far.started_at or scheduled.starts_at, scheduled.zone).date()
            uses += [Use(skill=skill, day=day, source=Source.EXERCISE) for skill in far.practised.get(person, ())]
            said = await self._said(scheduled.session, far, person)
            uses += [Use(skill=skill, day=day, source=Source.CHECK_IN) for skill in said]
        return uses

    async def _said(self, session: str, far: Progress, person: PersonId) -> tuple[SkillId, ...]:
        seq = far.arrived.get(person)
        if seq is None:
            return ()
        handed_in = (await self._store.log.at(session, seq)).record.event
        if not isinstance(handed_in, FormSubmitted) or handed_in.person != person:
            raise CorruptLog(f"log of session {session}, record {seq}: it is not what it was")
        text = handed_in.answers.get(SKILL_USED)
        return named(text, self._library().called) if isinstance(text, str) else ()

    async def _held(self, person: PersonId) -> list[tuple[ScheduledSession, Progress]]:
        """The meetings of the last weeks that they were to be in and that began, the oldest first."""
        now = self._clock.now()
        since = Instant(max(0, now - (WEEKS * 7 + 1) * DAY_MS))
        sessions = await self._store.clinic.list_sessions(since=since, until=Instant(now + DAY_MS))
        mine = [each for each in sessions if any(seat.person == person and seat.treated for seat in each.roster)]
        progress = await self._progress.of_all([each.session for each in mine])
        return [(each, far) for each in mine if (far := progress[each.session]).started_at is not None]


def _row(each: Practised, title: str, most: int, weeks: Sequence[date], words: Words) -> dict[str, Any]:
    return {
        "title": words(title),
        "days": words.many("{n} day", "{n} days", each.days),
        "cells": [
            {
                "count": count,
                "level": 0 if not count else 1 + round(3 * count / most) if most else 1,
                "text": words.many("{n} day", "{n} days", count),
                "week": words.calendar(first),
            }
            for count, first in zip(each.by_week, weeks, strict=True)
        ],
        "from": words.listed([words(FROM[source]) for source in Source if source in each.sources]),
    }
