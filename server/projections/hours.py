"""From a signed note to the facts of an hours entry. Pure: the log says everything, the same way every time."""

from __future__ import annotations

from collections.abc import Mapping

from facilitation import crediting
from facilitation.events import NoteSigned, Recorded
from facilitation.state import RoomState
from server.rooms.ports import CorruptLog
from server.store.codec import INSTANT_MAX
from server.store.hours import HoursFacts, SegmentHours, entry_id


def facts_of(before: RoomState, signed: Recorded, *, evidence_hash: str) -> HoursFacts:
    """The hours that the record of a signed note posts; `before` is the room just before that record.

    `evidence_hash` is the log's hash up to the last `seq` of the note's evidence. Raises CorruptLog where the note's
    figures are not those that the log gives.
    """
    note = signed.event
    assert isinstance(note, NoteSigned)
    session, agenda = before.session, before.agenda
    where = f"note of {note.person}, record {signed.seq}"
    if session is None or agenda.ended_at is None:
        raise CorruptLog(f"{where}: signed before the session ended")
    if signed.by is None:
        raise CorruptLog(f"{where}: signed by nobody")
    if not 1 <= note.evidence[0] <= note.evidence[1] < signed.seq:
        raise CorruptLog(f"{where}: its evidence, records {note.evidence[0]} to {note.evidence[1]}, is not before it")
    started = agenda.started_at or session.starts_at
    if not 0 <= started <= INSTANT_MAX:
        raise CorruptLog(f"{where}: the session starts at no time of any calendar")
    hours = crediting.credit(before, note.person)
    _agree(where, note.content, hours)
    return HoursFacts(
        entry=entry_id(clinic=session.clinic, session=session.session, person=note.person),
        kind="session",
        clinic=session.clinic,
        session=session.session,
        person=note.person,
        started=started,
        ended=agenda.ended_at,
        zone=session.zone,
        present_ms=hours.present_ms,
        counted_ms=hours.counted_ms,
        gap_credit_ms=hours.gap_credit_ms,
        countable_min=hours.countable_min,
        by_segment=tuple(
            SegmentHours(
                segment=segment.id,
                kind=segment.kind.value,
                present_ms=hours.by_segment[segment.id],
                counted_ms=hours.by_segment[segment.id] if crediting.counts(session.rules, segment.kind) else 0,
            )
            for segment in agenda.plan.segments
            if segment.id in hours.by_segment
        ),
        rules_id=hours.rules_id,
        rules_version=hours.rules_version,
        evidence=note.evidence,
        evidence_hash=evidence_hash,
        note_hash=note.content_hash,
        signer=signed.by,
        signed_at=signed.at,
    )


def _agree(where: str, content: Mapping[str, object], hours: crediting.Hours) -> None:
    """What was signed, where it says figures at all, and what is posted must be the same."""
    figures = content.get("figures", {})
    if not isinstance(figures, Mapping):
        raise CorruptLog(f"{where}: its figures are none")
    for name in ("present_ms", "gap_credit_ms", "counted_ms", "countable_min"):
        derived = getattr(hours, name)
        if figures.get(name, derived) != derived:
            raise CorruptLog(f"{where}: it says {name} {figures[name]!r}, and the log gives {derived}")
