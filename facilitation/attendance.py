"""Attendance: from facts of presence to intervals, never from clicks.

A person is *present* while their seat in the room is taken AND at least one of their sources (a websocket or a media
transport, on any tab or device) is open AND the session runs. So a person's attendance is simply

    online ∩ seated ∩ session,

each a union of half-open intervals. A source that is lost ends at the instant it was *last heard*, even if that
is only known later and another source opened in between; nothing is ever overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from facilitation.events import (
    Admitted,
    Arrived,
    ConnectionClosed,
    ConnectionOpened,
    Event,
    Heard,
    MediaConnected,
    MediaLost,
    MovedToWaiting,
    PersonExpected,
    PersonLeft,
    PersonRemoved,
    Recorded,
    ServerTookOver,
    SessionEnded,
    SessionOpened,
    SessionStarted,
    StillHereAnswered,
    StillHereAsked,
    StillHereMissed,
)
from facilitation.ids import PersonId, SourceId
from facilitation.intervals import NEVER, Interval, Intervals, intersection, union
from facilitation.people import STAFF
from facilitation.sentences import marked
from facilitation.timebase import SECOND_MS, Instant

SOURCES_MAX = 24
"""Open websockets and media transports of one person: tabs and devices, with room for some not yet known as lost."""

GAP_REACH_MS = 5 * SECOND_MS
"""Who was last heard at most this long before a server gap was there when it began (a loss is seen within 5 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An open source. `device` is None for a media transport."""

    person: PersonId
    opened: Instant
    heard: Instant
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One line of the log that bears on a person's minutes. `heard`: the instant a lost source counts to."""

    seq: int
    at: Instant
    text: str
    heard: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What is known of one person: closed spans as normal intervals, and what is open."""

    online: Intervals = NEVER
    sources: Mapping[SourceId, Source] = field(default_factory=dict)
    seats: Intervals = NEVER
    seated_since: Instant | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def connected(self) -> bool:
        """Whether any source is open."""
        return bool(self.sources)

    @property
    def present(self) -> bool:
        """In the room and connected (whether or not the session runs)."""
        return self.seated_since is not None and bool(self.sources)


NO_TRACE = Trace()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerGap:
    """`[start, end)` without a server. `cut`: who had an open source then, and when they were last heard."""

    start: Instant
    end: Instant
    cut: Mapping[PersonId, Instant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    traces: Mapping[PersonId, Trace] = field(default_factory=dict)
    owners: Mapping[SourceId, PersonId] = field(default_factory=dict)
    staff: frozenset[PersonId] = frozenset()
    gaps: tuple[ServerGap, ...] = ()
    took_over_at: Instant | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None

    def of(self, person: PersonId) -> Trace:
        return self.traces.get(person, NO_TRACE)


# --------------------------------------------------------------- fold


def evolve(attendance: Attendance, recorded: Recorded) -> Attendance:
    at = recorded.at
    match recorded.event:
        case Heard(heard=heard):
            return _hear(attendance, heard, at)
        case SessionOpened(roster=roster):
            return Attendance(staff=frozenset(expected.person for expected in roster if expected.role in STAFF))
        case PersonExpected(expected=expected):
            if expected.role not in STAFF:
                return attendance
            return replace(attendance, staff=attendance.staff | {expected.person})
        case ConnectionOpened(connection=source, person=person, device=device):
            text = _opened_text(attendance.of(person), device)
            attendance = _open(attendance, source, Source(person=person, opened=at, heard=at, device=device))
            if person in attendance.staff:
                attendance = _sit(attendance, person, at)
            return _note(attendance, person, recorded, text)
        case MediaConnected(peer=source, person=person):
            attendance = _open(attendance, source, Source(person=person, opened=at, heard=at))
            return _note(attendance, person, recorded, marked("Sound and picture connected"))
        case ConnectionClosed(connection=source, heard=heard):
            return _lose(attendance, source, heard, recorded, marked("Connection ended"))
        case MediaLost(peer=source, heard=heard):
            return _lose(attendance, source, heard, recorded, marked("Sound and picture ended"))
        case Arrived(person=person):
            return _note(attendance, person, recorded, marked("Answered the arrival questions"))
        case Admitted(person=person):
            return _note(_sit(attendance, person, at), person, recorded, marked("Came into the room"))
        case MovedToWaiting(person=person):
            return _note(_rise(attendance, person, at), person, recorded, marked("Moved to the waiting room"))
        case PersonRemoved(person=person):
            return _note(_rise(attendance, person, at), person, recorded, marked("Removed from the session"))
        case PersonLeft(person=person, how=how):
            text = marked("Left by quick exit" if how == "quick_exit" else "Left")
            return _note(_rise(attendance, person, at), person, recorded, text)
        case StillHereAsked(person=person):
            return _note(attendance, person, recorded, marked("Was asked whether they are still here"))
        case StillHereAnswered(person=person):
            return _note(attendance, person, recorded, marked("Said that they are still here"))
        case StillHereMissed(person=person):
            return _note(attendance, person, recorded, marked("Did not answer in time; no minutes were taken away"))
        case ServerTookOver(gap_from=gap_from):
            return _take_over(attendance, gap_from, recorded)
        case SessionStarted():
            return replace(_note_all_present(attendance, recorded, marked("The session started")), started_at=at)
        case SessionEnded():
            return _end(attendance, recorded)
        case _:
            return attendance


def _with(attendance: Attendance, person: PersonId, trace: Trace) -> Attendance:
    return replace(attendance, traces={**attendance.traces, person: trace})


def _open(attendance: Attendance, name: SourceId, source: Source) -> Attendance:
    if name in attendance.owners:
        return attendance
    trace = attendance.of(source.person)
    trace = replace(trace, sources={**trace.sources, name: source})
    return replace(_with(attendance, source.person, trace), owners={**attendance.owners, name: source.person})


def _hear(attendance: Attendance, heard: Mapping[str, Instant], at: Instant) -> Attendance:
    traces = dict(attendance.traces)
    for key, instant in heard.items():
        name = SourceId(key)
        person = attendance.owners.get(name)
        if person is None:
            continue
        trace = traces[person]
        source = trace.sources[name]
        latest = min(max(source.heard, instant), at)
        traces[person] = replace(trace, sources={**trace.sources, name: replace(source, heard=latest)})
    return replace(attendance, traces=traces)


def _lose(attendance: Attendance, name: SourceId, heard: Instant, recorded: Recorded, text: str) -> Attendance:
    person, last = attendance.owners.get(name), last_heard(attendance, name, heard, recorded.at)
    if person is None or last is None:
        return attendance
    attendance = _close(attendance, {name: last})
    return _note(attendance, person, recorded, text, heard=last)


def _close(attendance: Attendance, ends: Mapping[SourceId, Instant]) -> Attendance:
    """Close sources, each at its end, which goes into its owner's `online`."""
    traces, owners = dict(attendance.traces), dict(attendance.owners)
    for name, end in ends.items():
        person = owners.pop(name)
        trace = traces[person]
        sources = dict(trace.sources)
        source = sources.pop(name)
        traces[person] = replace(trace, sources=sources, online=union((*trace.online, (source.opened, end))))
    return replace(attendance, traces=traces, owners=owners)


def _sit(attendance: Attendance, person: PersonId, at: Instant) -> Attendance:
    trace = attendance.of(person)
    if trace.seated_since is not None:
        return attendance
    return _with(attendance, person, replace(trace, seated_since=at))


def _rise(attendance: Attendance, person: PersonId, at: Instant) -> Attendance:
    """The seat ends now. Who was connected was there until now; their media transports are dropped with it."""
    trace = attendance.of(person)
    sources = {name: replace(source, heard=at) for name, source in trace.sources.items()}
    seats = trace.seats if trace.seated_since is None else union((*trace.seats, (trace.seated_since, at)))
    attendance = _with(attendance, person, replace(trace, sources=sources, seats=seats, seated_since=None))
    return _close(attendance, {name: at for name, source in sources.items() if source.device is None})


def _take_over(attendance: Attendance, gap_from: Instant | None, recorded: Recorded) -> Attendance:
    ends = {name: attendance.of(person).sources[name].heard for name, person in attendance.owners.items()}
    owners = attendance.owners
    attendance = _close(attendance, ends)
    cut: dict[PersonId, Instant] = {}
    for name, person in owners.items():
        online = attendance.of(person).online
        cut[person] = max(cut.get(person, ends[name]), ends[name], online[-1][1] if online else ends[name])
    for person, heard in cut.items():
        attendance = _note(attendance, person, recorded, marked("The server restarted"), heard=heard)
    if gap_from is not None:
        gap = ServerGap(start=gap_from, end=recorded.at, cut=cut)
        attendance = replace(attendance, gaps=(*attendance.gaps, gap))
    return replace(attendance, took_over_at=recorded.at)


def _end(attendance: Attendance, recorded: Recorded) -> Attendance:
    """The session ends now: what is still open counts to its end, and media is closed with it."""
    at = recorded.at
    attendance = _note_all_present(attendance, recorded, marked("The session ended"))
    traces = {
        person: replace(trace, sources={name: replace(source, heard=at) for name, source in trace.sources.items()})
        for person, trace in attendance.traces.items()
    }
    attendance = replace(attendance, traces=traces, ended_at=at)
    media = [n for trace in traces.values() for n, source in trace.sources.items() if source.device is None]
    return _close(attendance, dict.fromkeys(media, at))


def _note(
    attendance: Attendance, person: PersonId, recorded: Recorded, text: str, heard: Instant | None = None
) -> Attendance:
    if attendance.ended_at is not None:  # nothing after the end bears on anybody's minutes
        return attendance
    trace = attendance.of(person)
    line = Evidence(seq=recorded.seq, at=recorded.at, text=text, heard=heard)
    return _with(attendance, person, replace(trace, evidence=(*trace.evidence, line)))


def _note_all_present(attendance: Attendance, recorded: Recorded, text: str) -> Attendance:
    for person, trace in attendance.traces.items():
        if trace.present:
            attendance = _note(attendance, person, recorded, text)
    return attendance


def _opened_text(trace: Trace, device: str) -> str:
    devices = {source.device for source in trace.sources.values() if source.device is not None}
    if device in devices:
        return marked("Connected in one more tab")
    if devices:
        return marked("Connected with a second device")
    return marked("Connected again" if trace.online else "Connected")


# --------------------------------------------------------------- reading


def session_span(attendance: Attendance, until: Instant) -> Intervals:
    """`[start, end)` of the session as far as `until`; nothing before it starts."""
    if attendance.started_at is None:
        return NEVER
    end = until if attendance.ended_at is None else min(until, attendance.ended_at)
    return union([(attendance.started_at, end)])


def presence(attendance: Attendance, person: PersonId, until: Instant) -> Intervals:
    """When the person was present, up to `until`. What is still open counts up to then."""
    trace = attendance.of(person)
    session = session_span(attendance, until)
    if not session:
        return NEVER
    return intersection(intersection(_online(trace, until), _seated(trace, until)), session)


def _online(trace: Trace, until: Instant) -> Intervals:
    if not trace.sources:
        return trace.online
    opened = min(source.opened for source in trace.sources.values())
    return union((*trace.online, (opened, until)))


def _seated(trace: Trace, until: Instant) -> Intervals:
    if trace.seated_since is None:
        return trace.seats
    return union((*trace.seats, (trace.seated_since, until)))


def gap_credit(attendance: Attendance, person: PersonId, until: Instant, credit_ms_max: int) -> Intervals:
    """Times credited although no server was there to see the person.

    For a server gap of at most `credit_ms_max`: who was in the room when it began (a source of theirs was open and
    last heard at most GAP_REACH_MS before) and is present again at most `credit_ms_max` after it ended, is
    credited from their last proof of life to their return. A longer gap credits nobody.
    """
    if not attendance.gaps:
        return NEVER
    trace = attendance.of(person)
    there = presence(attendance, person, until)
    credited: list[Interval] = []
    for gap in attendance.gaps:
        heard = gap.cut.get(person)
        if heard is None or gap.end - gap.start > credit_ms_max or gap.start - heard > GAP_REACH_MS:
            continue
        back = _first_at_or_after(there, gap.end)
        if back is not None and back - gap.end <= credit_ms_max:
            credited.append((heard, back))
    return intersection(intersection(union(credited), _seated(trace, until)), session_span(attendance, until))


def _first_at_or_after(intervals: Intervals, instant: Instant) -> Instant | None:
    for start, end in intervals:
        if end > instant:
            return max(start, instant)
    return None


def gaps_in_session(attendance: Attendance, until: Instant) -> Intervals:
    """When the session ran without a server."""
    gaps = union((gap.start, gap.end) for gap in attendance.gaps)
    return intersection(gaps, session_span(attendance, until))


def quiet_since(attendance: Attendance, until: Instant) -> Instant | None:
    """Since when nobody at all has been present in the running session; None while somebody is, or it doesn't run.

    A server that comes back gives everyone time to come back too: the quiet begins with it at the earliest.
    """
    if attendance.started_at is None or attendance.ended_at is not None:
        return None
    if any(trace.present for trace in attendance.traces.values()):
        return None
    since = max(attendance.started_at, attendance.took_over_at or attendance.started_at)
    for person in attendance.traces:
        for _, end in presence(attendance, person, until)[-1:]:
            since = max(since, end)
    return since


# --------------------------------------------------------------- rules


def can_open(attendance: Attendance, source: SourceId, person: PersonId) -> bool:
    """Whether this is a new source of a person who has not too many open already."""
    return source not in attendance.owners and len(attendance.of(person).sources) < SOURCES_MAX


def last_heard(attendance: Attendance, source: SourceId, heard: Instant, now: Instant) -> Instant | None:
    """When an open source was last heard, by what is known and what is said now; None for one that is not open."""
    person = attendance.owners.get(source)
    if person is None:
        return None
    return min(max(attendance.of(person).sources[source].heard, heard), now)


def pulse(attendance: Attendance, heard: Mapping[str, Instant], now: Instant) -> tuple[Event, ...]:
    """Only what is new is worth a line of the log, and nothing is after the end."""
    if attendance.ended_at is not None:
        return ()
    news: dict[str, Instant] = {}
    for name, instant in heard.items():
        source = SourceId(name)
        person = attendance.owners.get(source)
        if person is None:
            continue
        latest = min(instant, now)
        if latest > attendance.of(person).sources[source].heard:
            news[name] = latest
    return (Heard(heard=news),) if news else ()
