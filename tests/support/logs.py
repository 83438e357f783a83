"""Records of sessions for tests of the store and the projections: small, made up, and in order."""

from __future__ import annotations

from collections.abc import Iterable

from facilitation.events import ChatSent, Event, NoteSigned, Recorded
from facilitation.ids import ClinicId, PersonId, SegmentId, SessionId
from facilitation.timebase import Instant
from server.store.hours import HoursFacts, SegmentHours, entry_id

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


def hours_facts(session: str = "s-1", person: str = "p-robin", *, minutes: int = 150) -> HoursFacts:
    """Facts of an hours entry, of no real session: a Monday evening in New York."""
    return HoursFacts(
        entry=entry_id(clinic="demo", session=session, person=person),
        kind="session",
        clinic=ClinicId("demo"),
        session=SessionId(session),
        person=PersonId(person),
        started=Instant(AT),
        ended=Instant(AT + 10_800_000),
        zone="America/New_York",
        present_ms=10_800_000,
        counted_ms=minutes * 60_000,
        gap_credit_ms=0,
        countable_min=minutes,
        by_segment=(
            SegmentHours(segment=SegmentId("check-in"), kind="check_in", present_ms=9_000_000, counted_ms=9_000_000),
            SegmentHours(segment=SegmentId("break"), kind="break", present_ms=1_800_000, counted_ms=0),
        ),
        rules_id="exact",
        rules_version="2026-01",
        evidence=(1, 400),
        evidence_hash="1" * 64,
        note_hash="2" * 64,
        signer=PersonId("p-ada"),
        signed_at=Instant(AT + 11_000_000),
    )
