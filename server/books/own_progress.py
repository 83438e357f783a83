"""The page of one's own progress: hours, skills practiced, agreed goals, own words, and the plan for afterwards.

It counts what somebody did and repeats what they said. It compares with nobody, and shows no score of any measure.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

from facilitation.disclosures import Purpose, disclose
from facilitation.enrolment import Discharge
from facilitation.events import FormSubmitted, SessionOpened
from facilitation.ids import PersonId, QuestionId
from facilitation.timebase import HOUR_MS, Instant
from server.books.milestones import MilestoneBook
from server.clock import Clock
from server.documents.paper import made
from server.documents.progress import progress_data
from server.progress import Progress, ProgressBook
from server.rooms.ports import CorruptLog
from server.store.clinic import ScheduledSession
from server.store.ports import Store
from server.store.register import Shelf
from server.web.auth import Visitor
from server.web.exports import Handout
from server.web.words import Words, local

TAKEAWAY: Final = QuestionId("takeaway")
WORDS_DAYS: Final = 180
WORDS_MAX: Final = 12
WEEKS_MAX: Final = 12
DAY_MS: Final = 24 * HOUR_MS
PDF: Final = "application/pdf"


class Statements(Protocol):
    async def statement(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None: ...


Practice = Callable[[PersonId, Words], Awaitable[dict[str, Any]]]
"""Skills over the weeks, as a picture, for themselves. Raises StoreUnavailable, CorruptLog."""


class OwnProgress:
    """The port `ProgressPage` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(
        self,
        store: Store,
        *,
        books: Statements,
        practice: Practice,
        progress: ProgressBook,
        discharges: Shelf[Discharge],
        clock: Clock,
        clinic: str,
    ) -> None:
        self._store = store
        self._books = books
        self._practice = practice
        self._progress = progress
        self._discharges = discharges
        self._clock = clock
        self._clinic = clinic
        self._milestones = MilestoneBook(store.register, clock=clock)

    async def page(self, me: Visitor, words: Words) -> dict[str, Any] | None:
        """None for who is not on the clinic's list of people."""
        known = await self._store.clinic.get_person(me.person)
        told = await self._books.statement(me.person, words, reader=me)
        if known is None or told is None:
            return None
        today = local(self._clock.now(), known.zone).date()
        practice = await self._practice(me.person, words)
        said = await self._said(me.person, known.zone, words)
        goals = [goal for goal in await self._store.notebook.goals(me.person) if goal.open_to_person]
        held = await self._discharges.get(me.person)
        leaving = None if held is None or held.value.taken_back else _leaving(held.value, words)
        weeks = _weeks(told)
        milestones = (await self._milestones.page(me.person, words))["marks"]
        return {
            "name": known.name,
            "today": words.calendar(today),
            "hours": {"text": told["total"]["minutes_text"], "sessions": told["total"]["sessions"], "weeks": weeks},
            "practice": practice,
            "goals": [
                {"text": goal.text, "since": words.calendar(goal.since), "open": goal.holds_on(today)} for goal in goals
            ],
            "said": said,
            "milestones": milestones,
            "leaving": leaving,
            "begins": not (told["total"]["sessions"] or practice["skills"] or said or goals or milestones or leaving),
        }

    async def paper(self, me: Visitor, words: Words) -> Handout | None:
        """The same as a PDF to keep. One's own copy, too, stands in the accounting of what was handed out."""
        told = await self.page(me, words)
        if told is None:
            return None
        now = self._clock.now()
        file = await made("progress", progress_data(told, words, clinic=self._clinic), at=now)
        await self._store.disclosures.record(
            disclose(
                clinic=self._store.keys.clinic,
                by=me.person,
                at=now,
                what="progress",
                first=None,
                last=None,
                about=[me.person],
                purpose=Purpose.OWN,
                reason="",
                form=secrets.token_urlsafe(12),
            )
        )
        return Handout(filename="my-progress.pdf", chunks=iter([file]), media_type=PDF)

    # ------------------------------------------------------------------ one's own words

    async def _said(self, me: PersonId, zone: str, words: Words) -> list[dict[str, str]]:
        """What they took with them, meeting by meeting, the latest first. Nobody else's words are ever read."""
        now = self._clock.now()
        sessions = await self._store.clinic.list_sessions(since=Instant(max(0, now - WORDS_DAYS * DAY_MS)), until=now)
        mine = [each for each in sessions if any(seat.person == me and seat.treated for seat in each.roster)]
        progress = await self._progress.of_all([each.session for each in mine])
        found: list[dict[str, str]] = []
        for scheduled in reversed(mine):
            if len(found) == WORDS_MAX:
                break
            text = await self._took(scheduled, progress[scheduled.session], me)
            if text:
                found.append({"day": words.calendar(local(scheduled.starts_at, zone).date()), "text": text})
        return found

    async def _took(self, scheduled: ScheduledSession, far: Progress, me: PersonId) -> str:
        seq = far.wrapped.get(me)
        if seq is None:
            return ""
        opened = (await self._store.log.at(scheduled.session, 1)).record.event
        handed_in = (await self._store.log.at(scheduled.session, seq)).record.event
        if not (isinstance(opened, SessionOpened) and isinstance(handed_in, FormSubmitted)) or handed_in.person != me:
            raise CorruptLog(f"log of session {scheduled.session}, record {seq}: it is not what it was")
        text = handed_in.answers.get(TAKEAWAY)
        return text.strip() if isinstance(text, str) else ""


def _leaving(discharge: Discharge, words: Words) -> dict[str, Any]:
    return {
        "day": words.calendar(discharge.day),
        "aftercare": discharge.aftercare.strip(),
        "own_words": discharge.own_words.strip(),
    }


def _weeks(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The last weeks of hours, the oldest first; each as high as its share of the longest."""
    shown = list(reversed(told["weeks"][:WEEKS_MAX]))
    most = max((week["minutes"] for week in shown), default=0)
    return [
        {
            "label": week["label"],
            "text": week["minutes_text"],
            "share": max(0.0, week["minutes"] / most) if most else 0.0,
        }
        for week in shown
    ]
