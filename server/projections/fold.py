"""One step of a room's fold over records that anybody may have written."""

from __future__ import annotations

from facilitation.events import Recorded, SessionOpened
from facilitation.state import RoomState, evolve
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
