"""A naive second opinion on attendance: from raw facts, with nothing of `facilitation` in it.

It keeps every source's history, cuts the time line at every instant that anything happened, and asks of each piece:
did the session run, was the seat taken, was any source open? Slow, and too plain to be wrong in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise


@dataclass
class Source:
    person: str
    opened: int
    proof: int
    media: bool
    end: int | None = None


@dataclass
class Crash:
    start: int
    end: int
    last_seen: dict[str, int]


@dataclass
class Correction:
    """Somebody said of a person that they were there from `start` to `end`, or that they were not."""

    person: str
    start: int
    end: int
    present: bool


@dataclass
class Figures:
    present_ms: int = 0
    gap_credit_ms: int = 0
    corrected_ms: int = 0
    counted_ms: int = 0
    clock_ms: int = 0
    countable_min: int = 0
    by_segment: dict[str, int] = field(default_factory=dict)
    intervals: list[tuple[int, int]] = field(default_factory=list)
    times: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Oracle:
    """`uncounted`: segments that don't count. Instants and lengths in milliseconds."""

    uncounted: set[str]
    credit_ms_max: int
    reach_ms: int = 5_000
    sources: dict[str, Source] = field(default_factory=dict)
    seats: dict[str, list[list[int | None]]] = field(default_factory=dict)
    crashes: list[Crash] = field(default_factory=list)
    moves: list[tuple[int, str]] = field(default_factory=list)
    corrections: dict[str, Correction] = field(default_factory=dict)
    started: int | None = None
    ended: int | None = None

    # --- facts

    def opened(self, at: int, name: str, person: str, *, media: bool = False) -> None:
        """Also a transport of a name that was lost before, and came back."""
        if name in self.sources:
            self.sources[f"{name} before {at}, {len(self.sources)}"] = self.sources[name]
        self.sources[name] = Source(person=person, opened=at, proof=at, media=media)

    def heard(self, at: int, name: str, instant: int) -> None:
        source = self.sources[name]
        source.proof = max(source.proof, min(instant, at))

    def lost(self, at: int, name: str, heard: int) -> None:
        self.heard(at, name, heard)
        self.sources[name].end = self.sources[name].proof

    def sat(self, at: int, person: str) -> None:
        if not self.is_seated(person):
            self.seats.setdefault(person, []).append([at, None])

    def rose(self, at: int, person: str) -> None:
        if self.is_seated(person):
            self.seats[person][-1][1] = at
        for source in self.open_sources(person):
            source.proof = at
            if source.media:
                source.end = at

    def began(self, at: int, segment: str) -> None:
        self.started = at
        self.moves.append((at, segment))

    def moved(self, at: int, segment: str) -> None:
        self.moves.append((at, segment))

    def undone(self) -> None:
        self.moves.pop()

    def finished(self, at: int) -> None:
        self.ended = at
        for source in self.open_sources():
            source.proof = at
            if source.media:
                source.end = at

    def crashed(self, last_record: int, at: int) -> None:
        seen: dict[str, int] = {}
        for person in {source.person for source in self.open_sources()}:
            seen[person] = max(
                (source.proof if source.end is None else source.end)
                for source in self.sources.values()
                if source.person == person and (source.end is None or source.end > source.opened)
            )
        for source in self.open_sources():
            source.end = source.proof
        self.crashes.append(Crash(start=last_record, end=at, last_seen=seen))

    def corrected(self, name: str, person: str, start: int, end: int, *, present: bool) -> None:
        self.corrections[name] = Correction(person=person, start=start, end=end, present=present)

    def took_back(self, name: str) -> None:
        self.corrections.pop(name, None)

    # --- state

    def open_sources(self, person: str | None = None) -> list[Source]:
        return [s for s in self.sources.values() if s.end is None and person in (None, s.person)]

    def is_seated(self, person: str) -> bool:
        return bool(self.seats.get(person)) and self.seats[person][-1][1] is None

    # --- verdict

    def figures(self, person: str, now: int) -> Figures:
        if self.started is None:
            return Figures()
        stop = now if self.ended is None else min(now, self.ended)
        edges = {self.started, stop, *(at for at, _ in self.moves), *(crash.end for crash in self.crashes)}
        for source in self.sources.values():
            edges |= {source.opened, now if source.end is None else source.end}
        for start, end in self.seats.get(person, []):
            edges |= {start or 0, now if end is None else end}
        for correction in self.corrections.values():
            edges |= {correction.start, correction.end}
        pieces = sorted(edge for edge in edges if self.started <= edge <= stop)
        present = [a for a in pieces[:-1] if self._there(person, a, now)]
        credited: set[int] = set()
        for crash in self.crashes:
            seen = crash.last_seen.get(person)
            if seen is None or crash.end - crash.start > self.credit_ms_max or crash.start - seen > self.reach_ms:
                continue
            back = next((a for a in present if a >= crash.end), None)
            if back is not None and back - crash.end <= self.credit_ms_max:
                credited |= {a for a in pieces if seen <= a < back and a not in present and self._sits(person, a)}
        figures = Figures()
        for a, b in pairwise(pieces):
            if a in present:
                figures.present_ms += b - a
                _append(figures.intervals, a, b)
            elif a in credited:
                figures.gap_credit_ms += b - a
            proven = a in present or a in credited
            stands = self._said(person, a, proven)
            figures.corrected_ms += (stands - proven) * (b - a)
            if not stands:
                continue
            _append(figures.times, a, b)
            segment = [name for at, name in self.moves if at <= a][-1]
            figures.by_segment[segment] = figures.by_segment.get(segment, 0) + b - a
            if segment not in self.uncounted:
                figures.counted_ms += b - a
        if figures.times:
            figures.clock_ms = figures.times[-1][1] - figures.times[0][0]
        figures.countable_min = figures.counted_ms // 60_000
        return figures

    def _said(self, person: str, instant: int, proven: bool) -> bool:
        """What was said of this instant last, or else what was proven."""
        for correction in self.corrections.values():
            if correction.person == person and correction.start <= instant < correction.end:
                proven = correction.present
        return proven

    def _there(self, person: str, instant: int, now: int) -> bool:
        connected = any(
            source.opened <= instant < (now if source.end is None else source.end)
            for source in self.sources.values()
            if source.person == person
        )
        return connected and self._sits(person, instant)

    def _sits(self, person: str, instant: int) -> bool:
        return any(
            (start or 0) <= instant and (end is None or instant < end) for start, end in self.seats.get(person, [])
        )


def _append(intervals: list[tuple[int, int]], start: int, end: int) -> None:
    """Lengthens the last one where the new one touches it."""
    if intervals and intervals[-1][1] == start:
        start = intervals.pop()[0]
    intervals.append((start, end))
