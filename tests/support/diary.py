"""A diary over any store, in rooms or where there are none."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from argon2 import PasswordHasher

from facilitation.commands import Command
from facilitation.diary import TO_GROUP, Ate, Day, Mark, Part, Target
from facilitation.ids import ClinicId, SessionId, SkillId
from facilitation.skills import Library
from facilitation.timebase import Instant
from server.accounts.parts import Parts, parts
from server.books.practice import PracticeBook
from server.clock import Clock
from server.diary import told
from server.diary.book import DiaryBook, RoomsThatDo
from server.diary.reminders import ReminderBook
from server.library import load_library
from server.mail.memory import Pocket
from server.progress import ProgressBook
from server.rooms.ports import NoSuchSession
from server.store.ports import Store
from server.web.words import Words
from tests.support.meeting import Meeting

SESSION = SessionId("s-1")
LIBRARY: Library = load_library()
EASY = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class NoRooms:
    async def open(self, session: SessionId) -> object:
        raise NoSuchSession


def accounts_of(store: Store, *, clock: Clock) -> Parts:
    return parts(
        store,
        keys=("k" * 40,),
        clinic=ClinicId("demo"),
        place="E",
        base_url="",
        mail=Pocket(),
        clock=clock,
        hasher=EASY,
    )


def practice_of(store: Store, *, clock: Clock) -> PracticeBook:
    return PracticeBook(store, progress=ProgressBook(store.log), library=lambda: LIBRARY, clock=clock)


def diary_of(store: Store, *, clock: Clock, rooms: RoomsThatDo | None = None) -> DiaryBook:
    return DiaryBook(
        store,
        rooms=rooms or NoRooms(),
        library=lambda: LIBRARY,
        taught=practice_of(store, clock=clock).taught_lately,
        reminders=ReminderBook(store.register, accounts_of(store, clock=clock).book, clock=clock),
        clock=clock,
    )


class OneRoom:
    """The rooms of a meeting in virtual time: what it decides lies in the store's log, as a real room's would."""

    def __init__(self, meeting: Meeting, store: Store) -> None:
        self.meeting = meeting
        self._store = store
        self._written = 0
        self._epoch = 0

    async def open(self, session: SessionId) -> OneRoom:
        if session != SESSION:
            raise NoSuchSession
        return self

    async def do(self, command: Command) -> int:
        self.meeting.do(command)
        await self.write()
        return self.meeting.state.seq

    async def write(self) -> None:
        """What has happened since."""
        self._epoch = self._epoch or await self._store.leases.acquire(SESSION, node="n")
        fresh = self.meeting.log[self._written :]
        await self._store.log.append(SESSION, fresh, epoch=self._epoch)
        self._written += len(fresh)


def typed(day: date, **fields: str) -> dict[str, str]:
    """A day's form."""
    return {"day": day.isoformat(), "revision": "0"} | fields


def a_week(words: Words) -> dict[str, Any]:
    """A week as its author would show it."""
    today = date(2026, 11, 24)
    days = [
        Day(
            day=today - timedelta(days=back),
            revision=1,
            at=Instant(1),
            distress=3,
            feelings={"joy": back % 3, "fear": 4},
            urges={"hide": Mark(strength=5 - back % 2, acted=back % 2 == 0)},
            targets=(Target(label="Walk the dog", mark=Mark(strength=2, acted=True)),),
            skills=(SkillId("wise-mind"),),
            sleep_h=6 + back % 2,
            food=Ate.REGULAR,
            word="Long day. Called my sister." if back else "",
        )
        for back in (0, 1, 3, 4)
    ]
    names = {SkillId("wise-mind"): "Wise mind"}
    told_week = told.week(days, (), last=today, names=names, parts=list(Part), words=words)
    return told_week | {"shareable": [{"part": part, "title": words(told.TITLES[part])} for part in sorted(TO_GROUP)]}
