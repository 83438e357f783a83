"""What can be seen of a room in one state: every part of a view made and encoded once, for whoever shares it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from facilitation.crediting import Tally
from facilitation.forms import Form
from facilitation.ids import FormId
from facilitation.people import STAFF
from facilitation.state import RoomState
from facilitation.timebase import Instant
from facilitation.views import agenda_part, audience_of, form_part, record_part, room_part, staff_part, you_part
from server.rooms.ports import View, Viewer

_encode: Final = msgspec.json.Encoder().encode


class Sight:
    """The views of one state. Running times in a part are as of the instant at which it was first looked at.

    `after`: an earlier sight of the same room, whose forms need not be encoded again: they stay the same for ever.
    `at`: when this one was made; None: with the last record.
    """

    def __init__(self, state: RoomState, after: Sight | None = None, at: Instant | None = None) -> None:
        self.state = state
        self.at = at or state.at
        self._parts: dict[str, msgspec.Raw] = {}
        self._forms: dict[FormId, msgspec.Raw] = {} if after is None else after._forms
        self._tallied: tuple[Instant, Tally] | None = None

    def view(self, viewer: Viewer, now: Instant) -> View:
        """All that a viewer may see, and nothing else."""
        state, person = self.state, viewer.expected.person
        audience = audience_of(state, person)
        view = View(
            version=state.seq,
            now=now,
            room=self._part(f"room {audience}", lambda: room_part(state, audience, self.agenda())),
            you=self._part(f"you {person}", lambda: you_part(state, person, now, self._tally(now), self._form)),
        )
        if viewer.expected.role in STAFF:
            view.staff = self._part("staff", lambda: staff_part(state, now, self._tally(now)))
            if viewer.record:
                view.record = self._part("record", lambda: record_part(state, now))
        return view

    def agenda(self) -> msgspec.Raw:
        return self._part("agenda", lambda: agenda_part(self.state, self.at))

    def _tally(self, now: Instant) -> Tally:
        if self._tallied is None or self._tallied[0] != now:
            self._tallied = now, Tally(self.state, now)
        return self._tallied[1]

    def _form(self, form: Form) -> msgspec.Raw:
        raw = self._forms.get(form.id)
        if raw is None:
            raw = self._forms[form.id] = msgspec.Raw(_encode(form_part(form)))
        return raw

    def _part(self, name: str, make: Callable[[], dict[str, Any]]) -> msgspec.Raw:
        part = self._parts.get(name)
        if part is None:
            part = self._parts[name] = msgspec.Raw(_encode(make()))
        return part
