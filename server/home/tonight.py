"""What somebody wrote at their last wrap-up, for themselves alone, until they meet again; and how it went."""

from __future__ import annotations

from typing import Any, Final, Protocol

from facilitation.diary import WORD_CHARS_MAX
from facilitation.events import FormSubmitted, SessionOpened
from facilitation.forms import Form, QuestionKind
from facilitation.ids import SessionId
from facilitation.people import Role
from server.home.diary import Diary
from server.home.visit import DAY_MS, Visit
from server.rooms.ports import CorruptLog
from server.store.ports import Linked

SHOWN_DAYS: Final = 7


class Log(Protocol):
    async def at(self, session: str, seq: int) -> Linked: ...


class Tonight:
    """The card `tonight`. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, log: Log, diary: Diary) -> None:
        self._log = log
        self._diary = diary

    async def __call__(self, visit: Visit) -> dict[str, Any]:
        """`said`: their own words by question; empty until there are any. Nobody else's are ever read."""
        me = visit.me
        held = [
            each
            for each in await visit.far(each for each in visit.mine if each.starts_at > visit.now - SHOWN_DAYS * DAY_MS)
            if each.progress.started_at is not None and each.role_of(me.person) is Role.PARTICIPANT
        ]
        if not held:
            return {"said": [], "day": "", "tonight": True, "went": None}
        last = max(held, key=lambda each: each.progress.started_at or 0)
        day = visit.day(last.scheduled.starts_at)
        session = last.scheduled.session
        said = await self._said(session, last.progress.wrapped.get(me.person), visit)
        return {
            "said": said,
            "day": visit.words.weekday(day),
            "tonight": day == visit.today,
            "went": await self._went(session, visit) if said else None,
        }

    async def _went(self, session: SessionId, visit: Visit) -> dict[str, Any]:
        """Whether it was done, and a word on how it went: kept in their diary, for them alone."""
        kept = await self._diary.went(visit.me.person, session)
        return {
            "session": session,
            "action": f"/diary/plan{visit.me.choice}",
            "kept": kept is not None,
            "done": kept is not None and kept.done,
            "word": kept.word if kept else "",
            "word_max": WORD_CHARS_MAX,
        }

    async def _said(self, session: str, seq: int | None, visit: Visit) -> list[dict[str, str]]:
        if seq is None:
            return []
        opened = (await self._log.at(session, 1)).record.event
        handed_in = (await self._log.at(session, seq)).record.event
        if not (isinstance(opened, SessionOpened) and isinstance(handed_in, FormSubmitted)):
            raise CorruptLog(f"log of session {session}, record {seq}: it is not what it was")
        assert handed_in.person == visit.me.person, "somebody else's words"
        asked = next(form for form in opened.forms if form.id == handed_in.form)
        return [{"asked": visit.words.of(label), "text": text} for label, text in own_words(asked, handed_in)]


def own_words(form: Form, handed_in: FormSubmitted) -> list[tuple[str, str]]:
    """Label and answer of each question that was answered in words."""
    return [
        (question.label, text)
        for question in form.questions
        if question.kind is QuestionKind.TEXT and isinstance(text := handed_in.answers.get(question.id), str)
        if text.strip()
    ]
