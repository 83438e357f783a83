"""The room's fold over records that anybody may have written."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from facilitation.events import Event, Heard, Recorded, SessionOpened
from facilitation.state import EMPTY, RoomState, evolve
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog


def fold(state: RoomState, record: Recorded) -> RoomState:
    """The room after `record`. Raises CorruptLog where the record cannot follow what was before it."""
    opens = isinstance(record.event, SessionOpened)
    if opens != (state.session is None):
        raise CorruptLog(f"record {record.seq}: " + ("it opens the session again" if opens else "no session is open"))
    try:
        return evolve(state, record)
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError) as error:
        kind = type(record.event).__name__
        raise CorruptLog(f"record {record.seq} ({kind}) cannot follow what was before it: {error!r}") from error


class Room:
    """A room folded record by record, quickly: nearly all of an older log is proofs of life, and of those in a row only
    the last of each source matters. They are gathered, and folded as one when something else happens or somebody looks.

    `Heard` folds to max(before, min(heard, at)) and `at` never decreases, so one with the greatest min(heard, at) of
    each source gives what all of them give, one after the other.

    `beside`: kinds of events that do not matter to whoever looks. They are not folded at all; what the state says of
    them is not so.
    """

    def __init__(self, *, beside: Set[type[Event]] = frozenset()) -> None:
        self._state = EMPTY
        self._beside = beside
        self._heard: dict[str, Instant] = {}
        self._last: Recorded | None = None

    def add(self, record: Recorded) -> None:
        """Raises CorruptLog."""
        event = record.event
        if self._state.session is not None:
            if type(event) in self._beside:
                self._last = record
                return
            if type(event) is Heard:
                self._gather(event, record.at)
                self._last = record
                return
        self._state = fold(self.state, record)

    def _gather(self, event: Heard, at: Instant) -> None:
        heard = self._heard
        for source, instant in event.heard.items():
            latest = instant if instant < at else at
            if latest > heard.get(source, -1):
                heard[source] = latest

    @property
    def state(self) -> RoomState:
        """After the last record that was added."""
        if self._last is not None:
            last, heard, self._last, self._heard = self._last, self._heard, None, {}
            if heard:
                event = Heard(heard=heard)
                gathered = Recorded(seq=last.seq, at=last.at, event=event, by=last.by, command=last.command)
                self._state = fold(self._state, gathered)
            else:
                self._state = replace(self._state, seq=last.seq, at=last.at)
        return self._state

    @property
    def seq(self) -> int:
        return self._state.seq if self._last is None else self._last.seq
