"""One record of a log ⇄ one line of JSON, for the store, for export and for replay. Format: LOGFORMAT.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args

import msgspec

from facilitation.events import Event, Recorded
from facilitation.ids import CommandId, PersonId
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog

EVENTS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}
LINE_BYTES_MAX = 1_000_000
"""A log line holds at most one note or one form; anything near this is rubbish."""

SEQ_MAX = 2**53 - 1
"""What every reader of JSON takes as a whole number."""
INSTANT_MAX = 253_370_764_800_000
"""The year 9999, where calendars end."""


class _Line(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    seq: Annotated[int, msgspec.Meta(ge=1, le=SEQ_MAX)]
    at: Annotated[int, msgspec.Meta(ge=0, le=INSTANT_MAX)]
    by: str | None = None
    command: str | None = None
    type: str
    data: msgspec.Raw


_encoder = msgspec.json.Encoder()
_line_decoder = msgspec.json.Decoder(_Line)
_event_decoders: dict[str, msgspec.json.Decoder[Event]] = {
    name: msgspec.json.Decoder(kind) for name, kind in EVENTS.items()
}


def encode(record: Recorded) -> bytes:
    """The record as one line of JSON without its line end; the same record always gives the same bytes.

    Raises ValueError for a record that would come back from the log as something else.
    """
    try:
        line = _encode(record)
        if decode(line) != record:
            raise ValueError("it comes back changed")
    except (ValueError, TypeError, CorruptLog) as error:
        raise ValueError(f"record {record.seq} ({type(record.event).__name__}) cannot be logged: {error}") from error
    return line


def decode(line: bytes) -> Recorded:
    """The record of one line. Raises CorruptLog that says what is wrong with it."""
    if len(line) > LINE_BYTES_MAX:
        raise CorruptLog(f"the line is {len(line)} bytes long, more than {LINE_BYTES_MAX}")
    try:
        envelope = _line_decoder.decode(line)
        decoder = _event_decoders.get(envelope.type)
        if decoder is None:
            raise CorruptLog(f"there is no event of type {envelope.type[:80]!r}")
        event = decoder.decode(envelope.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CorruptLog(f"not a record: {error}") from error
    record = Recorded(
        seq=envelope.seq,
        at=Instant(envelope.at),
        event=event,
        by=None if envelope.by is None else PersonId(envelope.by),
        command=None if envelope.command is None else CommandId(envelope.command),
    )
    if _encode(record) != line:  # written by somebody else: look closely
        try:
            given = msgspec.json.decode(envelope.data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:  # in a place that was skipped
            raise CorruptLog(f"not a record: {error}") from error
        surplus = _surplus(given, msgspec.to_builtins(event), "data")
        if surplus is not None:
            raise CorruptLog(f"{envelope.type} has no field {surplus}")
    return record


def _encode(record: Recorded) -> bytes:
    event = record.event
    return _encoder.encode(
        _Line(
            seq=record.seq,
            at=record.at,
            by=record.by,
            command=record.command,
            type=type(event).__name__,
            data=msgspec.Raw(_encoder.encode(event)),
        )
    )


def _surplus(given: Any, known: Any, path: str) -> str | None:
    """Path of the first field in `given` that the event does not know. Where it is known, both are alike."""
    if isinstance(given, dict) and isinstance(known, dict):
        for name, value in given.items():
            if name not in known:
                return f"{path}.{name[:80]}"
            found = _surplus(value, known[name], f"{path}.{name}")
            if found is not None:
                return found
    elif isinstance(given, list) and isinstance(known, Sequence):
        for index, (mine, theirs) in enumerate(zip(given, known, strict=False)):
            found = _surplus(mine, theirs, f"{path}[{index}]")
            if found is not None:
                return found
    return None
