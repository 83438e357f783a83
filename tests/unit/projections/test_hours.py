"""From a signed note to the facts of an hours entry (server/projections/hours.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from facilitation.events import NoteSigned, Recorded
from facilitation.ids import PersonId
from facilitation.state import RoomState, replay
from server.projections.hours import facts_of
from server.rooms.ports import CorruptLog
from server.store.hours import HoursFacts, entry_id
from tests.support.sessions import FIGURES, STARTED, signed_session

RECORDS = signed_session().records
SIGNED = [record for record in RECORDS if isinstance(record.event, NoteSigned)]


def before(record: Recorded) -> RoomState:
    return replay(RECORDS[: record.seq - 1])


def facts(record: Recorded) -> HoursFacts:
    return facts_of(before(record), record, evidence_hash="e" * 64)


def test_the_figures_are_those_worked_out_by_hand() -> None:
    made = [facts(record) for record in SIGNED]
    assert {f.person: (f.present_ms, f.gap_credit_ms, f.counted_ms, f.countable_min) for f in made} == FIGURES


def test_segments_add_up_and_the_break_does_not_count() -> None:
    for made in map(facts, SIGNED):
        assert sum(share.present_ms for share in made.by_segment) == made.present_ms + made.gap_credit_ms
        assert sum(share.counted_ms for share in made.by_segment) == made.counted_ms
        assert [share.counted_ms for share in made.by_segment if share.kind == "break"] == [0]


def test_an_entry_says_what_it_rests_on() -> None:
    (signed, *_) = SIGNED
    made = facts(signed)
    assert isinstance(signed.event, NoteSigned)
    assert made.entry == entry_id(clinic="demo", session="s-1", person="p-robin")
    assert (made.started, made.ended, made.zone) == (STARTED, STARTED + 1_500_000, "America/New_York")
    assert (made.rules_id, made.rules_version) == ("exact", "2026-01")
    assert (made.evidence, made.evidence_hash) == ((1, signed.seq - 1), "e" * 64)
    assert (made.note_hash, made.signer, made.signed_at) == (signed.event.content_hash, "p-ada", signed.at)
    assert made.week == date(2026, 9, 21)


def changed(record: Recorded, **fields: object) -> Recorded:
    assert isinstance(record.event, NoteSigned)
    return replace(record, event=replace(record.event, **fields))  # type: ignore[arg-type]


def test_a_note_whose_figures_are_not_the_logs_posts_nothing() -> None:
    (signed, *_) = SIGNED
    assert isinstance(signed.event, NoteSigned)
    figures = signed.event.content["figures"]
    assert isinstance(figures, dict)
    content = signed.event.content | {"figures": figures | {"countable_min": 21}}
    with pytest.raises(CorruptLog, match="note of p-robin, record 30: it says countable_min 21, and the log gives 20"):
        facts_of(before(signed), changed(signed, content=content), evidence_hash="")
    with pytest.raises(CorruptLog, match="its figures are none"):
        facts_of(before(signed), changed(signed, content={"figures": "many"}), evidence_hash="")


def test_a_note_without_figures_posts_those_of_the_log() -> None:
    (signed, *_) = SIGNED
    assert facts_of(before(signed), changed(signed, content={}), evidence_hash="e" * 64) == facts(signed)


@pytest.mark.parametrize("evidence", [(0, 3), (4, 3), (1, 30), (1, 99)])
def test_evidence_must_come_before_the_signature(evidence: tuple[int, int]) -> None:
    (signed, *_) = SIGNED
    with pytest.raises(CorruptLog, match="evidence"):
        facts_of(before(signed), changed(signed, evidence=evidence), evidence_hash="")


def test_a_note_signed_by_nobody_or_before_the_end_posts_nothing() -> None:
    (signed, *_) = SIGNED
    with pytest.raises(CorruptLog, match="signed by nobody"):
        facts_of(before(signed), replace(signed, by=None), evidence_hash="")
    running = replay(RECORDS[:10])
    with pytest.raises(CorruptLog, match="before the session ended"):
        facts_of(running, signed, evidence_hash="")
    with pytest.raises(CorruptLog, match="before the session ended"):
        facts_of(RoomState(), replace(signed, by=PersonId("p-ada")), evidence_hash="")
