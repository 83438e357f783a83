"""What staff keep beside a session, over the store: goals, phrases, counselling notes, who is kept apart; and who tells
the log of it.

The log is told what plans say, and that a counselling note was kept: never a word of one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, Protocol

import structlog

from facilitation.commands import Command, KeepCounsellingNote, ListApart, ListGoals
from facilitation.counselling import CounsellingNote, check_text
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.goals import GOALS_MAX, Goal, listed, worded
from facilitation.ids import CounsellingNoteId, GoalId, PersonId, SessionId
from facilitation.notes import GROUP
from facilitation.sentences import Sentence
from facilitation.skills import Library
from facilitation.text import body
from facilitation.weeks import day_of
from server.books.apart import ApartList
from server.clock import Clock
from server.rooms.ports import LeaseLost, NoSuchSession, Stale, StoreUnavailable
from server.store.clinic import ScheduledSession
from server.store.ports import Store

log = structlog.get_logger(__name__)

SNIPPETS_MAX: Final = 100
SNIPPET_CHARS_MAX: Final = 4_000


class RoomThatDoes(Protocol):
    async def do(self, command: Command) -> int: ...


class RoomsThatDo(Protocol):
    async def open(self, session: SessionId) -> RoomThatDoes: ...


class StaffNotebook:
    """The port `Notebook` of the pages. Every method may raise StoreUnavailable or CorruptLog, and Refusal in words."""

    def __init__(self, store: Store, *, rooms: RoomsThatDo, library: Callable[[], Library], clock: Clock) -> None:
        self._store = store
        self._notebook = store.notebook
        self._apart = ApartList(store.register)
        self._rooms = rooms
        self._clock = clock
        self._library = library

    async def open(self, session: SessionId, owner: PersonId) -> dict[str, Any]:
        """What `owner` keeps, for the page of a session, whose log is told what it does not know yet."""
        scheduled = await self._scheduled(session)
        snippets = await self._notebook.snippets(owner)
        notes = await self._notebook.counselling_notes(owner, session, _subjects(scheduled))
        await self._list_goals(scheduled, [each.person for each in scheduled.roster if each.treated])
        for note in notes:
            await self._tell(session, KeepCounsellingNote(note=note.note, subject=note.subject, author=owner))
        return {
            "agreed": await self._agreed(scheduled),
            "snippets": [{"name": name, "text": text} for name, text in snippets.items()],
            "skills": sorted({skill.title for skill in self._library().skills.values()}),
            "counselling": [
                {
                    "note": note.note,
                    "subject": note.subject,
                    "text": note.text,
                    "revision": note.revision,
                    "at": note.at,
                }
                for note in notes
            ],
        }

    async def _agreed(self, scheduled: ScheduledSession) -> list[GoalId]:
        """The goals that the session's people see themselves."""
        people = [each.person for each in scheduled.roster if each.treated]
        return [goal.goal for person in people for goal in await self._notebook.goals(person) if goal.open_to_person]

    # ------------------------------------------------------------------ phrases

    async def put_snippet(self, owner: PersonId, name: str, text: str) -> None:
        body(text, "a phrase", SNIPPET_CHARS_MAX, required=True)
        there = await self._notebook.snippets(owner)
        if name not in there and len(there) >= SNIPPETS_MAX:
            raise Refusal(
                "too_many", Sentence("You can keep {most} phrases. Delete one that you do not use.", most=SNIPPETS_MAX)
            )
        await self._notebook.put_snippet(owner, name, text)

    async def drop_snippet(self, owner: PersonId, name: str) -> None:
        await self._notebook.drop_snippet(owner, name)

    # ------------------------------------------------------------------ counselling notes

    async def keep(
        self, session: SessionId, author: PersonId, subject: str, text: str, revision: int
    ) -> CounsellingNote:
        """What stands then: the text as it was sent, or what another window of this author kept meanwhile."""
        scheduled = await self._scheduled(session)
        if subject not in _subjects(scheduled):
            raise Refusal("unknown_person", "This person is not on the list for this session.")
        check_text(text)
        there = next(iter(await self._notebook.counselling_notes(author, session, [subject])), None)
        if there is not None and there.text == text:
            return there
        note = CounsellingNote(
            note=CounsellingNoteId(f"n-{secrets.token_hex(8)}") if there is None else there.note,
            author=author,
            session=session,
            subject=subject,
            text=text,
            revision=revision + 1,
            at=self._clock.now(),
        )
        kept = await self._notebook.keep(note)
        if kept == note and there is None:
            await self._tell(session, KeepCounsellingNote(note=note.note, subject=subject, author=author))
        return kept

    # ------------------------------------------------------------------ who is kept apart

    async def keep_apart(self, session: SessionId, by: PersonId, people: Sequence[PersonId], on: bool) -> None:
        """Two people of this session are not to be in a small room together, or may be again."""
        scheduled = await self._scheduled(session)
        try:
            await self._apart.keep(scheduled, people, on, by=by, now=self._clock.now())
        except Stale:
            raise Refusal("changed", "Somebody else changed this at the same moment. Please look again.") from None
        await self._tell(session, ListApart(pairs=await self._apart.among(scheduled)))

    # ------------------------------------------------------------------ goals

    async def add_goal(self, session: SessionId, person: PersonId, text: str) -> GoalId:
        """A goal that holds from the session's day on."""
        scheduled = await self._with(session, person)
        text = worded(text)
        goals = await self._notebook.goals(person)
        day = _day(scheduled)
        same = next((goal for goal in goals if goal.text == text and goal.holds_on(day)), None)
        if same is not None:
            return same.goal
        if len(goals) >= GOALS_MAX:
            raise Refusal(
                "too_many", Sentence("A person can have {most} goals, those that have ended included.", most=GOALS_MAX)
            )
        goal = Goal(goal=GoalId(f"g-{secrets.token_hex(6)}"), person=person, text=text, since=day)
        await self._notebook.put_goal(goal)
        await self._list_goals(scheduled, [person])
        return goal.goal

    async def change_goal(
        self,
        session: SessionId,
        person: PersonId,
        goal: str,
        *,
        text: str | None,
        ended: bool | None,
        agreed: bool | None = None,
    ) -> None:
        """Word a goal anew, end it (it does not hold on the session's day any more), let it go on, or say whether it is
        agreed with the person, who sees it then."""
        scheduled = await self._with(session, person)
        there = next((each for each in await self._notebook.goals(person) if each.goal == goal), None)
        if there is None:
            raise Refusal("unknown_goal", "This goal does not stand in this person's plan.")
        changed = there if text is None else replace(there, text=worded(text))
        if ended is not None:
            changed = replace(changed, until=_day(scheduled) - timedelta(days=1) if ended else None)
        if agreed is False and there.shared:
            raise Refusal("goal_shared", "Guardians see this goal. Stop sharing it on the family’s page first.")
        if agreed is not None:
            changed = replace(changed, agreed=agreed)
        if changed != there:
            await self._notebook.put_goal(changed)
        await self._list_goals(scheduled, [person])

    async def _list_goals(self, scheduled: ScheduledSession, people: Sequence[PersonId]) -> None:
        """Tell the session's log what these people's plans say. What it knows already is not said again."""
        for person in people:
            goals = listed(await self._notebook.goals(person), _day(scheduled))
            await self._tell(scheduled.session, ListGoals(person=person, goals=goals))

    # ------------------------------------------------------------------ inside

    async def _tell(self, session: SessionId, command: Command) -> None:
        """The store holds it already: a room that cannot be told now is told when its notebook is opened next."""
        try:
            room = await self._rooms.open(session)
            await room.do(command)
        except (LeaseLost, NoSuchSession, StoreUnavailable, Refusal) as error:
            log.warning("a room was not told", session=session, what=type(command).__name__, error=type(error).__name__)

    async def _scheduled(self, session: SessionId) -> ScheduledSession:
        scheduled = await self._store.clinic.get_session(session)
        if scheduled is None:
            raise Refusal("unknown_session", "There is no such session.")
        return scheduled

    async def _with(self, session: SessionId, person: PersonId) -> ScheduledSession:
        scheduled = await self._scheduled(session)
        if not any(each.person == person and each.treated for each in scheduled.roster):
            raise Refusal("unknown_person", "This person is not on the list for this session.")
        return scheduled


def _subjects(scheduled: ScheduledSession) -> list[str]:
    return [GROUP, *(each.person for each in scheduled.roster if each.treated)]


def _day(scheduled: ScheduledSession) -> date:
    return day_of(scheduled.starts_at, zone_of(scheduled.zone))
