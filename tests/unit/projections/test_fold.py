"""Proofs of life folded in one go are what they are one after the other (server/projections/fold.py)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.events import ChatSent, Heard, Recorded
from facilitation.ids import PersonId, SourceId
from facilitation.state import replay
from facilitation.timebase import Instant
from server.projections.fold import Room
from server.rooms.ports import CorruptLog
from tests.support.sessions import STARTED, ended_session, signed_session

RUNNING = ended_session().records[:12]
SOURCES = ["c-ada-1", "c-robin-1", "c-sam-1", "c-nobody-9"]


def gathered(records: list[Recorded]) -> Room:
    room = Room()
    for record in records:
        room.add(record)
    return room


def test_every_beginning_of_an_evening_gives_the_same_room() -> None:
    records = signed_session().records
    for last in range(1, len(records) + 1):
        room = gathered(records[:last])
        assert room.seq == last
        assert room.state == replay(records[:last])


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5_000),
            st.dictionaries(st.sampled_from(SOURCES), st.integers(-60_000, 60_000), max_size=4),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_proofs_of_life_in_a_row_fold_as_one(pulses: list[tuple[int, dict[str, int], bool]]) -> None:
    """From any sources, also unknown ones, of any instant, also of later than now, with other things between them."""
    records = list(RUNNING)
    for after_ms, heard, chat in pulses:
        at = Instant(max(STARTED, records[-1].at) + after_ms)
        event = Heard(heard={source: Instant(at + offset) for source, offset in heard.items()})
        records.append(Recorded(seq=len(records) + 1, at=at, event=event))
        if chat:
            said = ChatSent(person=PersonId("p-robin"), to="everyone", text="Hello")
            records.append(Recorded(seq=len(records) + 1, at=at, event=said, by=PersonId("p-robin")))
    assert gathered(records).state == replay(records)


def test_a_proof_of_life_before_the_opening_is_refused() -> None:
    heard = Heard(heard={SourceId("c-1"): Instant(STARTED)})
    with pytest.raises(CorruptLog, match="no session is open"):
        Room().add(Recorded(seq=1, at=Instant(STARTED), event=heard))
