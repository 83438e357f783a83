"""A session's log, told again: attendance and hours of everyone, from the file alone. Format: store/LOGFORMAT.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import msgspec

from facilitation import agenda, crediting
from facilitation.events import SessionOpened
from facilitation.ids import PersonId
from facilitation.intervals import Intervals, total_ms
from facilitation.state import RoomState
from server.projections.hours import SessionHours
from server.rooms.ports import CorruptLog
from server.store import chain, codec
from server.store.hours import HoursFacts

RECORDS_MAX = 1_000_000


class BadLog(Exception):
    """The file is no session's log; the text says where and why, by line."""


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file of any size, none longer than a record may be."""
    while line := file.readline(codec.LINE_BYTES_MAX + 2):
        yield line


def report(lines: Iterable[bytes]) -> dict[str, Any]:
    """What a log says, as plain JSON values. Empty lines are passed over. Raises BadLog."""
    told, at, hours = SessionHours(whole=True), 0, list[dict[str, Any]]()
    head = ""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        if told.seq > RECORDS_MAX:
            raise BadLog(f"Line {number}: more than {RECORDS_MAX} records.")
        try:
            record = codec.decode(text)
            if record.seq != told.seq + 1:
                raise CorruptLog(f"record {told.seq + 1} should be here, not record {record.seq}")
            if record.at < at:
                raise CorruptLog(f"its time is {at - record.at} ms before that of the record before it")
            hours += map(_hours, told.posts(record))
            if isinstance(record.event, SessionOpened) and not head:
                head = chain.genesis("log", record.event.session)
            head, at = chain.link(head, text), record.at
            told.add(record, head)
        except CorruptLog as error:
            raise BadLog(f"Line {number}: {error}.") from error
    state = told.state
    if state.session is None:
        raise BadLog("There is no record in it.")
    return {
        "session": _session(state, head),
        "segments": _segments(state),
        "server_gaps": [{"start": gap.start, "end": gap.end} for gap in state.attendance.gaps],
        "people": [_person(state, person) for person in sorted(state.seats.by_person)],
        "hours": hours,
    }


def _session(state: RoomState, log_hash: str) -> dict[str, Any]:
    session = state.session
    assert session is not None
    return {
        "session": session.session,
        "clinic": session.clinic,
        "zone": session.zone,
        "phase": state.phase,
        "starts_at": session.starts_at,
        "started_at": state.agenda.started_at,
        "ended_at": state.agenda.ended_at,
        "until": state.agenda.ended_at or state.at,
        "rules": {"id": session.rules.id, "version": session.rules.version},
        "records": state.seq,
        "log_hash": log_hash,
    }


def _segments(state: RoomState) -> list[dict[str, Any]]:
    assert state.session is not None
    rows = []
    for segment in state.agenda.plan.segments:
        spans = agenda.spans_of(state.agenda, segment.id, state.at)
        rows.append(
            {
                "segment": segment.id,
                "kind": segment.kind.value,
                "counts": crediting.counts(state.session.rules, segment.kind),
                "spans": _pairs(spans),
                "ran_ms": total_ms(spans),
            }
        )
    return rows


def _person(state: RoomState, person: PersonId) -> dict[str, Any]:
    hours = crediting.credit(state, person)
    return {
        "person": person,
        "role": state.seats.of(person).role.value,
        "intervals": _pairs(hours.intervals),
        "gap_credit": _pairs(hours.gap_credit),
        "times": _pairs(hours.times),
        "first": hours.first,
        "last": hours.last,
        "clock_ms": hours.clock_ms,
        "present_ms": hours.present_ms,
        "gap_credit_ms": hours.gap_credit_ms,
        "corrected_ms": hours.corrected_ms,
        "counted_ms": hours.counted_ms,
        "countable_min": hours.countable_min,
        "late_ms": hours.late_ms,
        "left_early_ms": hours.left_early_ms,
        "by_segment": dict(hours.by_segment),
    }


def _hours(facts: HoursFacts) -> dict[str, Any]:
    """The facts of an entry that this log posts."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(facts))
    return plain | {"week": facts.week.isoformat()}


def _pairs(intervals: Intervals) -> list[list[int]]:
    return [[start, end] for start, end in intervals]
