"""One record, one line (server/store/codec.py)."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.events import Event, NoteSigned, Recorded
from facilitation.ids import CommandId, PersonId
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog
from server.store import codec
from tests.support.events import EVENTS, TEXT

RECORDS = st.builds(
    Recorded,
    seq=st.integers(1, 2**53 - 1),
    at=st.integers(0, codec.INSTANT_MAX).map(Instant),
    event=EVENTS,
    by=st.none() | TEXT.map(PersonId),
    command=st.none() | TEXT.map(CommandId),
)


def line(**changed: Any) -> bytes:
    fields = {"seq": 1, "at": 1_000, "by": None, "command": None, "type": "HandRaised", "data": {"person": "p"}}
    return json.dumps(fields | changed).encode()


@given(RECORDS)
def test_every_record_comes_back_as_it_was(record: Recorded) -> None:
    written = codec.encode(record)
    assert codec.decode(written) == record
    assert codec.encode(codec.decode(written)) == written
    assert b"\n" not in written
    assert list(json.loads(written)) == ["seq", "at", "by", "command", "type", "data"]


def test_every_event_has_its_name() -> None:
    assert set(codec.EVENTS) == {kind.__name__ for kind in get_args(Event)}
    assert codec.EVENTS["NoteSigned"] is NoteSigned


@given(st.binary(max_size=200))
def test_rubbish_is_refused(rubbish: bytes) -> None:
    with pytest.raises(CorruptLog):
        codec.decode(rubbish)


@given(RECORDS, st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_is_another_whole_record(record: Recorded, place: int, byte: int) -> None:
    damaged = bytearray(codec.encode(record))
    damaged[place % len(damaged)] = byte
    try:
        read = codec.decode(bytes(damaged))
    except CorruptLog:
        return
    assert isinstance(read, Recorded)


def test_a_line_written_by_hand_may_be_spaced_and_ordered_otherwise() -> None:
    spaced = b' { "type": "HandRaised", "data": {"person": "p"}, "by": null, "command":null, "at": 1000, "seq": 1 } '
    assert codec.decode(spaced) == codec.decode(line())


@pytest.mark.parametrize(
    ("rubbish", "word"),
    [
        (line(seq=0), "seq"),
        (line(seq=-1), "seq"),
        (line(seq=1.5), "seq"),
        (line(seq="1"), "seq"),
        (line(seq=True), "seq"),
        (line(at=-1), "at"),
        (line(at=codec.INSTANT_MAX + 1), "at"),
        (line(by=7), "by"),
        (line(command=[]), "command"),
        (line(type="Boom"), "Boom"),
        (line(type=None), "type"),
        (line(data=None), "not a record"),
        (line(data=[]), "not a record"),
        (line(data={}), "person"),
        (line(data={"person": 1}), "person"),
        (line(data={"person": "p", "more": 1}), "no field data.more"),
        (line(more=1), "more"),
        (line(type="Heard", data={"heard": {"c1": "x"}}), "heard"),
        (line() + b"{}", "not a record"),
        (line(type="PersonExpected", data={"expected": {"person": "p", "role": "chef", "name": "n"}}), "chef"),
        (
            line(type="PersonExpected", data={"expected": {"person": "p", "role": "observer", "name": "n", "x": 1}}),
            "no field data.expected.x",
        ),
        (b" " * codec.LINE_BYTES_MAX + line(), "bytes long"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(rubbish: bytes, word: str) -> None:
    with pytest.raises(CorruptLog, match=word):
        codec.decode(rubbish)


def test_a_record_that_would_come_back_changed_is_not_written() -> None:
    def record(event: Event, **others: Any) -> Recorded:
        return Recorded(**({"seq": 1, "at": Instant(1), "event": event} | others))

    note = NoteSigned(person=PersonId("p"), content={"figures": (1, 2)}, content_hash="", evidence=(1, 1))
    with pytest.raises(ValueError, match=r"record 1 \(NoteSigned\) cannot be logged: it comes back changed"):
        codec.encode(record(note))
    with pytest.raises(ValueError, match="cannot be logged"):
        codec.encode(record(note, seq=0))
