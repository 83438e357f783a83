"""Who watches a room: its viewers, what each may see, and whose view changed.

The parts of a view that many see are encoded once for all of them and kept until something happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec

from facilitation.events import (
    AddendumAdded,
    Event,
    FormDrafted,
    Heard,
    NoteDrafted,
    Recorded,
    UnmuteAsked,
)
from facilitation.ids import PersonId, SourceId
from facilitation.people import STAFF
from facilitation.room import RoomState
from facilitation.timebase import Instant
from facilitation.views import audience_of, record_part, room_part, staff_part, you_part
from server.rooms.ports import Close, Told, View, Viewer

VIEWERS_MAX: Final = 256
VIEWERS_PER_PERSON_MAX: Final = 6
STAFF_REFRESH_MS: Final = 10_000
"""What staff see depends on the time too (advice, lateness): they get a view at least this often."""

Watchers = Literal["nobody", "staff", "everyone"]

_encode: Final = msgspec.json.Encoder().encode


def watchers(event: Event) -> tuple[Watchers, PersonId | None]:
    """Who sees something else after an event: a whole kind of viewers, and one person besides."""
    match event:
        case Heard():
            return "nobody", None
        case FormDrafted() | UnmuteAsked():
            return "nobody", event.person
        case NoteDrafted() | AddendumAdded():
            return "staff", None
        case _:
            return "everyone", None


class Audience:
    """The viewers of one room, and `state`, which their views show."""

    def __init__(self, state: RoomState) -> None:
        self._state = state
        self._viewers: dict[SourceId, Viewer] = {}
        self._shown: set[SourceId] = set()
        self._parts: dict[str, msgspec.Raw] = {}
        self._staff_seen_at = Instant(0)

    # ------------------------------------------------------------------ who is there

    def __iter__(self) -> Iterator[Viewer]:
        return iter(list(self._viewers.values()))

    def __len__(self) -> int:
        return len(self._viewers)

    def has_room_for(self, person: PersonId) -> bool:
        return len(self._viewers) < VIEWERS_MAX and len(list(self.of(person))) < VIEWERS_PER_PERSON_MAX

    def add(self, viewer: Viewer) -> None:
        """From now on it hears words; it sees nothing before `show`."""
        self._viewers[viewer.connection] = viewer

    def show(self, viewer: Viewer) -> None:
        """From now on it sees, first of all what is now."""
        if viewer.connection in self._viewers:
            self._shown.add(viewer.connection)
            viewer.view_due()

    def discard(self, viewer: Viewer) -> None:
        self._viewers.pop(viewer.connection, None)
        self._shown.discard(viewer.connection)

    def get(self, connection: SourceId) -> Viewer | None:
        return self._viewers.get(connection)

    def of(self, person: PersonId) -> Iterator[Viewer]:
        """Every connection of one person."""
        return (viewer for viewer in self if viewer.expected.person == person)

    def staff(self) -> Iterator[Viewer]:
        return (viewer for viewer in self if viewer.expected.role in STAFF)

    # ------------------------------------------------------------------ telling

    def tell(self, message: Told, viewers: Iterable[Viewer] | None = None) -> None:
        for viewer in self if viewers is None else viewers:
            viewer.tell(message)

    def close(self, code: Close) -> None:
        for viewer in self:
            viewer.close(code)

    def happened(self, state: RoomState, records: Sequence[Recorded]) -> None:
        """Take the new state on, and mark the viewers whose view it changes."""
        self._state = state
        self._parts.clear()
        found = [watchers(record.event) for record in records]
        kinds = {kind for kind, _ in found}
        people = {person for _, person in found}
        staff = "staff" in kinds or state.at - self._staff_seen_at >= STAFF_REFRESH_MS
        for viewer in self:
            expected = viewer.expected
            if viewer.connection not in self._shown:
                continue
            if "everyone" in kinds or (staff and expected.role in STAFF) or expected.person in people:
                viewer.view_due()

    # ------------------------------------------------------------------ seeing

    def view(self, viewer: Viewer, now: Instant) -> View:
        """All that a viewer may see now."""
        expected = viewer.expected
        you = you_part(self._state, expected.person, now)
        staff: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
        record: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
        if expected.role in STAFF:
            self._staff_seen_at = now
            staff = self._part("staff", lambda: staff_part(self._state, now))
            if viewer.record:
                record = self._part("record", lambda: record_part(self._state, now))
        audience = audience_of(self._state, expected.person)
        return View(
            version=self._state.seq,
            now=now,
            room=self._part(audience, lambda: room_part(self._state, audience)),
            you=msgspec.Raw(_encode(you)),
            staff=staff,
            record=record,
        )

    def _part(self, name: str, make: Callable[[], dict[str, Any]]) -> msgspec.Raw:
        part = self._parts.get(name)
        if part is None:
            part = self._parts[name] = msgspec.Raw(_encode(make()))
        return part
