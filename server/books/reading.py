"""A record to be read and nothing else, for an auditor and for who broke the glass: from the log, no seat taken."""

from __future__ import annotations

from typing import Any

from facilitation.ids import PersonId, SessionId
from server.documents.note import Letterhead, note_data
from server.projections.fold import Room
from server.store.ports import Store
from server.web.words import Words, local


class ReadingRoom:
    """Raises StoreUnavailable, CorruptLog."""

    def __init__(self, store: Store, *, clinic: str) -> None:
        self._store = store
        self._clinic = clinic

    async def record(self, session: SessionId, words: Words) -> dict[str, Any] | None:
        """Every note as it was signed, by name; None: there is no such session."""
        scheduled = await self._store.clinic.get_session(session)
        if scheduled is None:
            return None
        room = Room()
        async for linked in self._store.log.linked(session):
            room.add(linked.record)
        names = {each.person: each.name for each in await self._store.clinic.list_people()}
        head = Letterhead(clinic=self._clinic, names=names, words=words)
        signed = room.state.notes.signed
        people = [
            {"name": seat.name, "note": note_data(room.state, seat.person, head) if seat.person in signed else None}
            for seat in sorted(room.state.seats.treated, key=lambda each: each.name.casefold())
        ]
        at = local(scheduled.starts_at, scheduled.zone)
        return {
            "title": scheduled.title,
            "when": f"{words.dated(at.date())}, {words.clock_time(at)}",
            "people": people,
            "signed": sum(each["note"] is not None for each in people),
            "begun": room.state.seq > 0,
        }

    async def names(self) -> dict[PersonId, str]:
        return {each.person: each.name for each in await self._store.clinic.list_people()}

    async def title(self, session: SessionId, words: Words) -> str:
        scheduled = await self._store.clinic.get_session(session)
        if scheduled is None:
            return ""
        at = local(scheduled.starts_at, scheduled.zone)
        return f"{scheduled.title}, {words.calendar(at.date())}"
