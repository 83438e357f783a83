"""A naive second opinion on who is asked whether they are still here: the log, read from its beginning each time.

It knows nothing of `facilitation.prompts`; of the room's answers it reads only what was asked when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from facilitation import events as v
from facilitation.events import Recorded
from tests.support.oracle import Oracle


@dataclass
class Watch:
    """`least_ms`, `most_ms`: None, nobody is ever asked. `breaks`: ids of the segments in which nobody is."""

    least_ms: int | None
    most_ms: int
    breaks: set[str]
    checked: int = 0
    """Questions found to be rightly asked."""
    wrong: list[str] = field(default_factory=list)

    def asked(self, log: Sequence[Recorded], oracle: Oracle, person: str, at: int) -> None:
        """Somebody is asked now; `log` ends before it."""
        silent = self.silent_ms(log, oracle, person, at)
        if self.least_ms is None or silent is None or silent < self.least_ms:
            self.wrong.append(f"{person} is asked at record {len(log)}, silent for {silent} ms")
        self.checked += 1

    def overlooked(self, log: Sequence[Recorded], oracle: Oracle, people: Sequence[str], now: int) -> None:
        """Whatever was due is done: nobody may be silent for longer than the most without being asked."""
        if self.least_ms is None:
            return
        for person in people:
            silent = self.silent_ms(log, oracle, person, now)
            if silent is not None and silent > self.most_ms and not self._waits(log, person, now):
                self.wrong.append(f"{person} is not asked at record {len(log)}, silent for {silent} ms")

    def _waits(self, log: Sequence[Recorded], person: str, now: int) -> bool:
        """Whether the last word about this person is a question that may still be answered."""
        for record in reversed(log):
            match record.event:
                case v.StillHereAsked(person=asked, until=until) if asked == person:
                    return now < until
                case v.StillHereMissed(person=asked) if asked == person:
                    return False
        return False

    def silent_ms(self, log: Sequence[Recorded], oracle: Oracle, person: str, now: int) -> int | None:
        """How long nothing has shown that they are there; None where that is no question."""
        lines = oracle.open_sources(person)
        if oracle.started is None or oracle.ended is not None or not oracle.is_seated(person) or not lines:
            return None
        if oracle.moves[-1][1] in self.breaks:
            return None
        sat = oracle.seats[person][-1][0] or 0
        since = [oracle.started, sat, min(line.opened for line in lines)]
        since += [
            at for (_, before), (at, _) in zip(oracle.moves, oracle.moves[1:], strict=False) if before in self.breaks
        ]
        camera, paused = False, False
        owners: dict[str, str] = {}
        for record in log:
            if record.by == person:
                since.append(record.at)
            match record.event:
                case v.AgendaPaused():
                    paused = True
                case v.AgendaResumed():
                    paused = False
                    since.append(record.at)
                case v.MediaSet(person=who, camera=on) if who == person:
                    camera = on
                case v.PersonLeft(person=who) | v.MovedToWaiting(person=who) | v.PersonRemoved(person=who):
                    camera = camera and who != person
                case v.MediaConnected(peer=peer, person=who):
                    owners[peer] = who
                case v.MediaLost(peer=peer, heard=heard) if owners.get(peer) == person and camera:
                    since.append(heard)
                case v.Spoke(person=who) | v.StillHereAsked(person=who) if who == person:
                    since.append(record.at)
        if paused or (camera and any(line.media for line in lines)):
            return None
        return now - max(since)
