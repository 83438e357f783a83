"""From a signed note to the facts of an hours entry (server/projections/hours.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from facilitation.events import HoursAmended, MakeUpLinked, NoteSigned, Recorded
from facilitation.ids import PersonId, SessionId
from facilitation.state import RoomState, replay
from server.projections.hours import SessionHours, facts_of
from server.rooms.ports import CorruptLog
from server.store import hours
from server.store.hours import HoursFacts, entry_id
from tests.support.sessions import (
    FIGURES,
    STARTED,
    Scribe,
    amend,
    amended_session,
    correct,
    ended_session,
    signed_session,
)

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
    return replace(record, event=replace(record.event, **fields))


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


# --------------------------------------------------------------- amendments


def posted(scribe: Scribe) -> list[HoursFacts]:
    """All that a session posts, in order."""
    told, made = SessionHours(), list[HoursFacts]()
    for record in scribe.records:
        made += told.posts(record)
        told.add(record, f"{record.seq:064x}")
    return made


def of_sam(scribe: Scribe) -> list[HoursFacts]:
    return [facts for facts in posted(scribe) if facts.person == "p-sam"]


def test_an_amendment_takes_back_what_stands_and_posts_what_the_log_gives_now() -> None:
    scribe = amended_session()
    first, back, instead = of_sam(scribe)
    assert (first.kind, back.kind, instead.kind) == ("session", "reversal", "session")
    assert (first.countable_min, back.countable_min, instead.countable_min) == (19, -19, 20)
    assert (first.counted_ms, back.counted_ms, instead.counted_ms) == (1_140_000, -1_140_000, 1_200_000)
    assert (first.corrected_ms, back.corrected_ms, instead.corrected_ms) == (0, 0, 60_000)
    assert instead.present_ms == first.present_ms
    assert [share.counted_ms for share in back.by_segment] == [-share.counted_ms for share in first.by_segment]
    assert back.present_ms + first.present_ms == back.gap_credit_ms + first.gap_credit_ms == 0
    assert back.corrects == instead.corrects == first.entry
    assert back.week == first.week == instead.week
    assert len({first.entry, back.entry, instead.entry}) == 3


def test_an_amendment_says_who_and_why() -> None:
    scribe = amended_session()
    record = scribe.records[-1]
    first, back, instead = of_sam(scribe)
    assert isinstance(record.event, HoursAmended)
    for facts in (back, instead):
        assert (facts.signer, facts.signed_at, facts.reason) == ("p-ada", record.at, "The line was ours.")
        assert facts.note_hash == "a" * 64
    assert (first.reason, first.corrects) == ("", "")
    assert instead.evidence == (1, record.seq - 1)
    assert instead.evidence_hash == f"{record.seq - 1:064x}"


def test_an_amendment_of_an_amendment_takes_back_the_last_one() -> None:
    scribe = amended_session()
    correct(scribe, 1_800, "p-sam", 0, 120, present=False)
    amend(scribe, 1_801, "p-sam", "Two minutes were somebody else.")
    _, _, second, back, third = of_sam(scribe)
    assert back.corrects == third.corrects == second.entry
    assert (second.countable_min, back.countable_min, third.countable_min) == (20, -20, 18)
    assert sum(facts.countable_min for facts in of_sam(scribe)) == 18


def test_a_correction_alone_posts_nothing_and_changes_no_entry() -> None:
    scribe = signed_session()
    before = posted(scribe)
    correct(scribe, 1_700, "p-sam", 300, 360, present=True)
    assert posted(scribe) == before


def test_hours_that_were_never_posted_cannot_be_amended() -> None:
    scribe = ended_session()
    record = amend(scribe, 1_700, "p-sam", "Too early.")
    told = SessionHours()
    for each in scribe.records[:-1]:
        told.add(each, "")
    with pytest.raises(CorruptLog, match="hours of p-sam, record 29: amended, though nothing was posted"):
        told.posts(record)


def test_a_make_up_stands_with_the_hours_signed_after_it() -> None:
    scribe = ended_session()
    scribe.record(1_590, MakeUpLinked(person=PersonId("p-sam"), missed_session=SessionId("s-0")), by="p-ada")
    for number, person in enumerate(("p-robin", "p-sam")):
        scribe.sign(1_600 + number, person)
    assert {facts.person: facts.makes_up for facts in posted(scribe)} == {"p-robin": "", "p-sam": "s-0"}


def test_a_make_up_linked_afterwards_stands_with_the_hours_that_are_posted_anew() -> None:
    scribe = signed_session()
    scribe.record(1_700, MakeUpLinked(person=PersonId("p-sam"), missed_session=SessionId("s-0")), by="p-ada")
    amend(scribe, 1_701, "p-sam", "Makes up for Monday.")
    first, back, instead = of_sam(scribe)
    assert (first.makes_up, back.makes_up, instead.makes_up) == ("", "", "s-0")
    assert first.countable_min == -back.countable_min == instead.countable_min


def test_an_amendment_that_says_another_make_up_than_the_log_is_refused() -> None:
    scribe = signed_session()
    record = amend(scribe, 1_701, "p-sam", "Makes up for Monday.")
    assert isinstance(record.event, HoursAmended)
    told = SessionHours()
    for each in scribe.records[:-1]:
        told.posts(each)
        told.add(each, "")
    wrong = replace(record.event, content=record.event.content | {"makes_up": "s-0"})
    with pytest.raises(CorruptLog, match="makes up for another session"):
        told.posts(replace(record, event=wrong))


def test_what_older_entries_did_not_say_is_not_written_and_keeps_their_hashes() -> None:
    facts = posted(signed_session())[0]
    written = hours.text(number=1, posted_at=STARTED, facts=facts)
    for field in (b"corrects", b"reason", b"makes_up"):
        assert field not in written
