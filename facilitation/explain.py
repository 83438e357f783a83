"""How a person's figures came about: their session cut into pieces, each with the events at its edges.

Every figure of `crediting` is the sum of some of these pieces, to the millisecond; so a figure can be opened into its
pieces, and a piece into its events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from facilitation.attendance import Evidence
from facilitation.crediting import Hours, counts
from facilitation.ids import SegmentId
from facilitation.intervals import Interval, Intervals, difference, intersection
from facilitation.programme import Programme
from facilitation.sentences import Sentence, marked
from facilitation.state import RoomState
from facilitation.timebase import MINUTE_MS, Instant


class Seen(StrEnum):
    CONNECTED = "connected"
    SERVER_GAP = "server_gap"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """An event at the edge of a piece: its line of the log, and what happened, in words."""

    seq: int
    text: str | Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """`[start, end)` within one segment, alike throughout: what was seen then, and whether it stands as attended.

    `began` and `ended` are None where no event is known: the piece goes on.
    """

    start: Instant
    end: Instant
    segment: SegmentId
    counts: bool
    seen: Seen
    stands: bool
    began: Cause | None
    ended: Cause | None


class MarkKind(StrEnum):
    LATE = "late"
    AWAY = "away"
    LEFT_EARLY = "left_early"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A time out of the room that the programme has a word for."""

    kind: MarkKind
    start: Instant
    end: Instant


def pieces(state: RoomState, hours: Hours, now: Instant | None = None) -> tuple[Piece, ...]:
    """The pieces that a person's `hours` are made of, in order; time that is neither seen nor stands is left out."""
    until = max(state.at, now or state.at)
    rules, causes = state.opened.rules, _Causes(state, hours)
    segments = {segment.id: segment for segment in state.agenda.plan.segments}
    found: list[Piece] = []
    for span in state.agenda.spans:
        segment = segments.get(span.segment)
        if segment is None:
            continue
        visit: Intervals = ((span.start, until if span.end is None else min(span.end, until)),)
        for seen, stands, times in _kinds(hours):
            for start, end in intersection(times, visit):
                piece = Piece(
                    start=start,
                    end=end,
                    segment=segment.id,
                    counts=counts(rules, segment.kind),
                    seen=seen,
                    stands=stands,
                    began=causes.told(start),
                    ended=causes.told(end),
                )
                found.append(piece)
    return tuple(sorted(found, key=lambda piece: (piece.start, piece.end)))


def _kinds(hours: Hours) -> Iterator[tuple[Seen, bool, Intervals]]:
    """Times by what was seen and whether it stands. No two of them overlap."""
    gap = difference(hours.gap_credit, hours.intervals)
    yield Seen.CONNECTED, True, intersection(hours.intervals, hours.times)
    yield Seen.CONNECTED, False, difference(hours.intervals, hours.times)
    yield Seen.SERVER_GAP, True, intersection(gap, hours.times)
    yield Seen.SERVER_GAP, False, difference(gap, hours.times)
    yield Seen.NO, True, hours.added


class _Causes:
    """Which event lies at an instant: one of the person's own first, then a correction, then one of the session."""

    def __init__(self, state: RoomState, hours: Hours) -> None:
        self._known: dict[Instant, Cause] = {}
        agenda = state.agenda
        titles = {segment.id: segment.title for segment in agenda.plan.segments}
        for span in agenda.spans:
            self._add(
                span.start, span.seq, Sentence("{part} began", part=Sentence(titles.get(span.segment, span.segment)))
            )
        for correction in state.corrections.of(hours.person):
            if correction.taken_back is None:
                words = marked("Counted as present by hand" if correction.present else "Counted as away by hand")
                self._add(correction.start, correction.seq, words)
                self._add(correction.end, correction.seq, words)
        self._own = state.attendance.of(hours.person).evidence
        for line in self._own:
            self._add(_instant(line), line.seq, line.text)

    def _add(self, at: Instant, seq: int, text: str | Sentence) -> None:
        """Of several at one instant the last one added is told."""
        if seq:
            self._known[at] = Cause(seq=seq, text=text)

    def told(self, at: Instant) -> Cause | None:
        """The event at this instant; or else, where presence ended or absence began, what noticed it later.

        So it is where several sources were lost at once and another was heard last.
        """
        return self._known.get(at) or next((self._cause(line) for line in self._own if line.at > at), None)

    @staticmethod
    def _cause(line: Evidence) -> Cause:
        return Cause(seq=line.seq, text=line.text)


def _instant(line: Evidence) -> Instant:
    return line.at if line.heard is None else line.heard


def marks(programme: Programme, hours: Hours, session: Intervals, ended: Instant | None) -> tuple[Mark, ...]:
    """What the programme calls late, away and left early, by the figures as they stand.

    `session`: when it ran; `ended`: None while it runs, when nobody has left early yet.
    """
    if not session or not hours.times:
        return ()
    began, first, last = session[0][0], hours.times[0][0], hours.times[-1][1]
    found: list[Mark] = []
    if first - began >= programme.late_after_min * MINUTE_MS:
        found.append(Mark(kind=MarkKind.LATE, start=began, end=first))
    for start, end in _between(hours.times):
        if end - start >= programme.away_after_min * MINUTE_MS:
            found.append(Mark(kind=MarkKind.AWAY, start=start, end=end))
    if ended is not None and ended - last >= programme.early_before_min * MINUTE_MS:
        found.append(Mark(kind=MarkKind.LEFT_EARLY, start=last, end=ended))
    return tuple(found)


def _between(times: Intervals) -> Iterable[Interval]:
    return ((before[1], after[0]) for before, after in pairwise(times))
