"""Told ahead and made up: what is kept of both beside the sessions' logs, and which meetings can make up for another.

What was told of a session that has no log yet is said to its room when that opens. A make-up is asked for by the person
or a guardian and agreed by the clinic; only then does the person stand on the list of that session.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from facilitation.errors import Refusal
from facilitation.finder import Meeting, Offer
from facilitation.ids import PersonId, SessionId
from facilitation.rules import RuleSet
from facilitation.school import Busy, in_the_way
from facilitation.timebase import HOUR_MS, Instant
from facilitation.weeks import DAYS, Visit, first_day, week

OFFERED_MAX = 6
ANSWER_WITHIN_MS = 7 * 24 * HOUR_MS
"""So long after a missed meeting something can be asked for instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAhead:
    """What somebody said last about coming to one session. `teller`: they themselves or a guardian, by `name`."""

    session: SessionId
    person: PersonId
    away: bool
    teller: PersonId
    name: str
    at: Instant
    reason: str = ""

    @property
    def id(self) -> str:
        return f"{self.session} {self.person}"


class Standing(StrEnum):
    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeUp:
    """`session` is to make up, for one person, for `missed`."""

    person: PersonId
    session: SessionId
    missed: SessionId
    asked_by: PersonId
    asked_at: Instant
    standing: Standing = Standing.ASKED
    answered_by: PersonId | None = None
    answered_at: Instant | None = None

    @property
    def id(self) -> str:
        return f"{self.session} {self.person}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """One person was told that something can make up for `missed`, and may choose until `answer_by`. That something was
    chosen is what their `MakeUp` says. `declined_at`: they would rather not."""

    missed: SessionId
    person: PersonId
    at: Instant
    answer_by: Instant
    declined_at: Instant | None = None

    @property
    def id(self) -> str:
        return f"{self.missed} {self.person}"

    def is_open(self, now: Instant) -> bool:
        return self.declined_at is None and now < self.answer_by


def invited(
    person: PersonId, missed: SessionId, *, missed_at: Instant, found: Sequence[Possible], now: Instant
) -> Invited:
    """To choose one of `found` while one of them is still to come, and for ANSWER_WITHIN_MS after the missed meeting at
    the longest."""
    last = max((each.meeting.start for each in found), default=now)
    return Invited(missed=missed, person=person, at=now, answer_by=Instant(min(missed_at + ANSWER_WITHIN_MS, last)))


def check_in_time(one: Invited | None, now: Instant) -> None:
    """Raises `Refusal` where the time to choose is over."""
    if one is not None and now >= one.answer_by:
        raise Refusal("lapsed", "The time to choose is over. Please ask your clinic: they may find another way.")


def check_answer(make_up: MakeUp, standing: Standing, *, starts_at: Instant, now: Instant) -> None:
    """Raises `Refusal` where that can no longer be said of it."""
    if make_up.standing is not Standing.ASKED:
        raise Refusal("already_answered", "This was answered already.")
    if standing is Standing.AGREED and starts_at <= now:
        raise Refusal("already_started", "That meeting has begun. Please choose another one with them.")


# --------------------------------------------------------------- what can make up


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """A meeting that can make up for a missed one. `same_week`: of the missed one; `minutes`: what the week of the
    meeting comes to with it, of `floor_min`."""

    offer: Offer
    meeting: Meeting
    same_week: bool
    minutes: int
    floor_min: int


def possible(
    offers: Iterable[Offer],
    *,
    missed: date,
    own: Sequence[tuple[Meeting, int]],
    listed: Collection[SessionId],
    taken: Sequence[Busy],
    rules: RuleSet,
    track: str,
    now: Instant,
) -> tuple[Possible, ...]:
    """Meetings of the week of `missed`, and of the one after it, that have a seat, lie in nobody's way and touch none
    of one's `own`, each of which comes with what it counts for. The missed week first, then by time.

    `listed`: sessions on whose list one stands already, whether one comes or not.
    """
    first = first_day(rules, missed)
    floor = rules.week_floor_min.get(track, 0)
    found = []
    for offer in offers:
        for meeting in offer.meetings:
            week_of = first_day(rules, meeting.day)
            if (
                meeting.start <= now
                or meeting.seats_left <= 0
                or meeting.session in listed
                or week_of not in (first, first + timedelta(days=DAYS))
                or any(meeting.start < each.end and each.start < meeting.end for each, _ in own)
                or in_the_way(taken, meeting.start, meeting.end)
            ):
                continue
            visits = [Visit(day=each.day, counted_ms=ms) for each, ms in own]
            visits.append(Visit(day=meeting.day, counted_ms=offer.counted_ms))
            told = week(rules, track, meeting.day, (), planned=visits, today=meeting.day)
            found.append(
                Possible(
                    offer=offer,
                    meeting=meeting,
                    same_week=week_of == first,
                    minutes=told.possible_min,
                    floor_min=floor,
                )
            )
    found.sort(key=lambda each: (not each.same_week, each.meeting.start, each.offer.id))
    return tuple(found[:OFFERED_MAX])
