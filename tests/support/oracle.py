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
class Figures:
    present_ms: int = 0
    gap_credit_ms: int = 0
    counted_ms: int = 0
    clock_ms: int = 0
    countable_min: int = 0
    by_segment: dict[str, int] = field(default_factory=dict)
    intervals: list[tuple[int, int]] = field(default_factory=list)


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
    started: int | None = None
    ended: int | None = None

    # --- facts

    def opened(self, at: int, name: str, person: str, *, media: bool = False) -> None:
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
        attended: list[tuple[int, int]] = []
        for a, b in pairwise(pieces):
            if a not in present and a not in credited:
                continue
            attended.append((a, b))
            segment = [name for at, name in self.moves if at <= a][-1]
            figures.by_segment[segment] = figures.by_segment.get(segment, 0) + b - a
            if segment not in self.uncounted:
                figures.counted_ms += b - a
            if a in credited:
                figures.gap_credit_ms += b - a
                continue
            figures.present_ms += b - a
            if figures.intervals and figures.intervals[-1][1] == a:
                figures.intervals[-1] = (figures.intervals[-1][0], b)
            else:
                figures.intervals.append((a, b))
        if attended:
            figures.clock_ms = attended[-1][1] - attended[0][0]
        figures.countable_min = figures.counted_ms // 60_000
        return figures

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
