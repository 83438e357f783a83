"""Records of sessions for tests of the store and the projections: small, made up, and in order."""

from __future__ import annotations

from collections.abc import Iterable

from facilitation.events import ChatSent, Event, NoteSigned, Recorded
from facilitation.ids import PersonId
from facilitation.timebase import Instant

AT = 1_790_000_000_000  # 2026-09-21, a Monday


def chat(text: str, person: str = "p-robin") -> ChatSent:
    return ChatSent(person=PersonId(person), to="everyone", text=text)


def signed(person: str = "p-robin", *, last: int = 1) -> NoteSigned:
    return NoteSigned(person=PersonId(person), content={"text": "made up"}, content_hash="0" * 64, evidence=(1, last))


def records(events: Iterable[Event], *, first: int = 1, at: int = AT, by: str | None = None) -> list[Recorded]:
    """The events, a second apart, from `seq` = `first` on."""
    author = None if by is None else PersonId(by)
    return [
        Recorded(seq=seq, at=Instant(at + 1_000 * seq), event=event, by=author)
        for seq, event in enumerate(events, first)
    ]


def chats(first: int, count: int) -> list[Recorded]:
    """`count` records from `seq` = `first` on, each of its own text."""
    return records((chat(f"line {seq}") for seq in range(first, first + count)), first=first)
