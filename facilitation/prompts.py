""" "Are you still here?": a soft question to who cannot be seen and shows no other sign, and what came of it.

Asked at a random time after the last sign of a participant who is present in the running session with the camera off.
A sign is whatever they do themselves (speak, type, answer, raise a hand, press a button); a picture that arrives is
one all along. Nobody is asked in a break or while the agenda is paused.

The draw follows from the session's seed, which stands in its log, so that a replay asks at the same instants. No answer
takes no minutes away: it is shown to the facilitators, who decide.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from facilitation.agenda import Agenda
from facilitation.attendance import Attendance, Trace
from facilitation.events import (
    Event,
    MediaLost,
    MediaSet,
    MovedToWaiting,
    PersonLeft,
    PersonRemoved,
    Recorded,
    SessionOpened,
    Spoke,
    StillHereAnswered,
    StillHereAsked,
    StillHereMissed,
)
from facilitation.ids import PersonId
from facilitation.plan import SegmentKind
from facilitation.programme import Programme
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant

SPOKE_PART = 5
"""Speech is logged once at most in this part of the least silence after which somebody is asked, which is a minute or
more: that somebody spoke, never how long or what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One question. `answered_at`: the first sign after it, in time or late; `missed`: none came in time."""

    asked_at: Instant
    until: Instant
    answered_at: Instant | None = None
    missed: bool = False

    @property
    def waiting(self) -> bool:
        return self.answered_at is None and not self.missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is known of one participant: their last sign of themself, their camera, and what they were asked."""

    last: Instant | None = None
    camera: bool = False
    prompts: tuple[Prompt, ...] = ()


NO_SIGNS = Signs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    seed: int = 0
    signs: Mapping[PersonId, Signs] = field(default_factory=dict)

    def of(self, person: PersonId) -> Signs:
        return self.signs.get(person, NO_SIGNS)


# --------------------------------------------------------------- fold


def evolve(prompts: Prompts, recorded: Recorded, before: Attendance) -> Prompts:
    """`before`: attendance as it was just before this record."""
    at = recorded.at
    match recorded.event:
        case SessionOpened(prompt_seed=seed):
            return Prompts(seed=seed)
        case StillHereAsked(person=person, until=until):
            signs = prompts.of(person)
            return _with(prompts, person, replace(signs, prompts=(*signs.prompts, Prompt(asked_at=at, until=until))))
        case StillHereMissed(person=person):
            return _with(prompts, person, _missed(prompts.of(person)))
        case Spoke(person=person):
            return _with(prompts, person, _sign(prompts.of(person), at))
        case MediaSet(person=person, camera=camera):
            signs = replace(prompts.of(person), camera=camera)
            return _with(prompts, person, _sign(signs, at) if recorded.by == person else signs)
        case MovedToWaiting(person=person) | PersonRemoved(person=person) | PersonLeft(person=person):
            return _with(prompts, person, replace(prompts.of(person), camera=False))
        case MediaLost(peer=peer, heard=heard) if (owner := before.owners.get(peer)) is not None:
            signs = prompts.of(owner)
            return _with(prompts, owner, _sign(signs, heard)) if signs.camera else prompts
        case _:
            person_or_none = recorded.by
            if person_or_none is None or person_or_none in before.staff:
                return prompts
            return _with(prompts, person_or_none, _sign(prompts.of(person_or_none), at))


def _with(prompts: Prompts, person: PersonId, signs: Signs) -> Prompts:
    return replace(prompts, signs={**prompts.signs, person: signs})


def _sign(signs: Signs, at: Instant) -> Signs:
    """A sign of life answers the last question, also one that was missed."""
    last = at if signs.last is None else max(signs.last, at)
    if not signs.prompts or signs.prompts[-1].answered_at is not None or at < signs.prompts[-1].asked_at:
        return replace(signs, last=last)
    return replace(signs, last=last, prompts=(*signs.prompts[:-1], replace(signs.prompts[-1], answered_at=at)))


def _missed(signs: Signs) -> Signs:
    if not signs.prompts or not signs.prompts[-1].waiting:
        return signs
    return replace(signs, prompts=(*signs.prompts[:-1], replace(signs.prompts[-1], missed=True)))


# --------------------------------------------------------------- reading


def waiting(prompts: Prompts, attendance: Attendance, agenda: Agenda, person: PersonId) -> Prompt | None:
    """The question that this person can answer now. A break or a time away ends the question before it."""
    last = _last(prompts.of(person))
    if last is None or not last.waiting:
        return None
    present, working = _present_since(attendance.of(person)), _working_since(agenda)
    if present is None or working is None:
        return None
    return last if last.asked_at >= max(present, working) else None


def unanswered(prompts: Prompts, attendance: Attendance, person: PersonId) -> Prompt | None:
    """The question that this person, who is present, has missed without any sign of themself since."""
    last = _last(prompts.of(person))
    since = _present_since(attendance.of(person))
    if last is None or not last.missed or last.answered_at is not None or since is None or last.asked_at < since:
        return None
    return last


def _last(signs: Signs) -> Prompt | None:
    return signs.prompts[-1] if signs.prompts else None


def _present_since(trace: Trace) -> Instant | None:
    if not trace.present or trace.seated_since is None:
        return None
    return max(trace.seated_since, min(source.opened for source in trace.sources.values()))


def _seen(signs: Signs, trace: Trace) -> bool:
    """Whether their picture arrives."""
    return signs.camera and any(source.device is None for source in trace.sources.values())


def _silent_since(prompts: Prompts, attendance: Attendance, agenda: Agenda, person: PersonId) -> Instant | None:
    """Since when nothing has proved that this person is there; None while something does, or nobody needs a proof."""
    trace, signs = attendance.of(person), prompts.of(person)
    present, working = _present_since(trace), _working_since(agenda)
    if present is None or working is None or person in attendance.staff or _seen(signs, trace):
        return None
    last = _last(signs)
    asked = last.asked_at if last is not None else present
    return max(present, working, asked, signs.last if signs.last is not None else present)


def _working_since(agenda: Agenda) -> Instant | None:
    """Since when the group has been at work without a break or a pause; None while it is not."""
    if agenda.phase != "running" or agenda.paused_at is not None or agenda.started_at is None:
        return None
    breaks = {segment.id for segment in agenda.plan.segments if segment.kind is SegmentKind.BREAK}
    if agenda.position in breaks:
        return None
    rests = [span.end for span in agenda.spans if span.segment in breaks and span.end is not None]
    return max((agenda.started_at, *rests, *(end for _, end in agenda.pauses)))


def _draw_ms(prompts: Prompts, person: PersonId, every_min: tuple[int, int]) -> int:
    """How long this person may be silent this time: evenly between both bounds, to the second."""
    least, most = (minutes * 60 for minutes in every_min)
    words = f"{prompts.seed} {person} {len(prompts.of(person).prompts)}"
    number = int.from_bytes(hashlib.sha256(words.encode()).digest()[:8])
    return (least + number % (most - least + 1)) * SECOND_MS


# --------------------------------------------------------------- rules


def next_due(prompts: Prompts, attendance: Attendance, agenda: Agenda, programme: Programme) -> Instant | None:
    """When somebody is to be asked, or has not answered in time."""
    return min(_dues(prompts, attendance, agenda, programme).values(), default=None)


def due(
    prompts: Prompts, attendance: Attendance, agenda: Agenda, programme: Programme, now: Instant
) -> tuple[Event, ...]:
    """What time alone brings about by `now`."""
    events: list[Event] = []
    for person, at in _dues(prompts, attendance, agenda, programme).items():
        if at > now:
            continue
        if waiting(prompts, attendance, agenda, person) is not None:
            events.append(StillHereMissed(person=person))
        else:
            until = Instant(now + programme.prompt_answer_s * SECOND_MS)
            events.append(StillHereAsked(person=person, until=until))
    return tuple(events)


def _dues(prompts: Prompts, attendance: Attendance, agenda: Agenda, programme: Programme) -> Mapping[PersonId, Instant]:
    if programme.prompt_every_min is None or agenda.phase != "running":
        return {}
    dues: dict[PersonId, Instant] = {}
    for person in attendance.traces:
        asked = waiting(prompts, attendance, agenda, person)
        if asked is not None:
            dues[person] = asked.until
            continue
        silent = _silent_since(prompts, attendance, agenda, person)
        if silent is not None:
            dues[person] = Instant(silent + _draw_ms(prompts, person, programme.prompt_every_min))
    return dues


def answer(prompts: Prompts, person: PersonId) -> tuple[Event, ...]:
    """Also a late answer is one."""
    last = _last(prompts.of(person))
    return () if last is None or last.answered_at is not None else (StillHereAnswered(person=person),)


def spoke(
    prompts: Prompts,
    attendance: Attendance,
    agenda: Agenda,
    programme: Programme,
    speakers: Iterable[PersonId],
    now: Instant,
) -> tuple[Event, ...]:
    """Speech that is worth a line of the log: of those who could be asked, and not every word.

    Whose picture arrives is not asked, and the end of the picture is a sign itself.
    """
    if programme.prompt_every_min is None or agenda.phase != "running":
        return ()
    every_ms = programme.prompt_every_min[0] * MINUTE_MS // SPOKE_PART
    events: list[Event] = []
    for person in speakers:
        signs = prompts.of(person)
        if person in attendance.staff or not attendance.of(person).present:
            continue
        unseen = not _seen(signs, attendance.of(person))
        asked = waiting(prompts, attendance, agenda, person) is not None
        if asked or (unseen and (signs.last is None or now - signs.last >= every_ms)):
            events.append(Spoke(person=person))
    return tuple(events)
