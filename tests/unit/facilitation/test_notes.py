from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from facilitation import commands as c
from facilitation import effects as e
from facilitation.events import NoteSigned
from facilitation.ids import FlagId, PersonId
from facilitation.notes import GROUP, content_hash
from facilitation.timebase import MINUTE_MS
from facilitation.views import record_part, staff_part
from tests.support.meeting import COLE, FAY, ROBIN, RULES, SAM, Meeting, running


def ended(*people: PersonId) -> Meeting:
    meeting = running(*people)
    meeting.later(minutes=30)
    meeting.end()
    return meeting


def write(meeting: Meeting, subject: str, text: str, revision: int = 0, by: PersonId = FAY) -> None:
    meeting.do(c.EditNote(subject=subject, text=text, revision=revision), by)


def sign(meeting: Meeting, person: PersonId, group: int = 0, own: int = 1, by: PersonId = FAY) -> NoteSigned:
    events = meeting.do(c.SignNote(person=person, group_revision=group, person_revision=own), by)
    assert isinstance(events[0], NoteSigned)
    return events[0]


# --------------------------------------------------------------- drafts


def test_notes_are_typed_during_the_session_and_counted_up() -> None:
    meeting = running(ROBIN)
    write(meeting, GROUP, "A calm start.")
    write(meeting, ROBIN, "Spoke early.")
    write(meeting, ROBIN, "Spoke early, helped Sam.", revision=1)
    drafts = staff_part(meeting.state, meeting.now)["notes"]
    assert drafts[GROUP] == {"text": "A calm start.", "revision": 1}
    assert drafts[ROBIN] == {"text": "Spoke early, helped Sam.", "revision": 2}
    assert drafts[SAM] == {"text": "", "revision": 0}


def test_two_who_type_in_one_note_cannot_overwrite_each_other() -> None:
    meeting = running(ROBIN)
    write(meeting, ROBIN, "Fay's words")
    stale = c.EditNote(subject=ROBIN, text="Cole's words", revision=0)
    assert meeting.refused(stale, COLE) == "stale_note"
    assert meeting.state.notes.draft(ROBIN).text == "Fay's words"


def test_saying_the_same_text_again_changes_nothing_whatever_the_revision() -> None:
    meeting = running(ROBIN)
    write(meeting, ROBIN, "Same words")
    assert meeting.do(c.EditNote(subject=ROBIN, text="Same words", revision=0), COLE) == ()


def test_different_notes_can_be_typed_at_once() -> None:
    meeting = running(ROBIN, SAM)
    write(meeting, ROBIN, "One", by=FAY)
    write(meeting, SAM, "Two", by=COLE)


@pytest.mark.parametrize(("subject", "code"), [(FAY, "not_a_participant"), (PersonId("p-no"), "unknown_person")])
def test_notes_are_about_participants_and_the_group(subject: PersonId, code: str) -> None:
    assert running(ROBIN).refused(c.EditNote(subject=subject, text="x", revision=0), FAY) == code


def test_a_note_has_a_longest_length() -> None:
    meeting = running(ROBIN)
    assert meeting.refused(c.EditNote(subject=ROBIN, text="x" * 20_001, revision=0), FAY) == "too_long"
    write(meeting, ROBIN, "x" * 20_000)


# --------------------------------------------------------------- signing


def test_a_signed_note_holds_facts_texts_rules_and_signer() -> None:
    meeting = ended(ROBIN)
    write(meeting, GROUP, "We learned to breathe.")
    write(meeting, ROBIN, "Took part with ease.")
    seq = meeting.state.seq
    signed = sign(meeting, ROBIN, group=1, own=1)
    content = signed.content
    assert (content["group_text"], content["text"]) == ("We learned to breathe.", "Took part with ease.")
    assert content["figures"]["countable_min"] == 30
    assert content["signed_by"] == {"person": FAY, "name": "Fay Example", "role": "facilitator"}
    assert content["rules"] == {"id": "exact-floor", "version": "1", "title": "Exact minutes"}
    assert content["signed_at"] == meeting.now
    assert signed.evidence == (1, seq)
    assert meeting.effects == [e.PostHours()]


def test_the_hash_is_that_of_the_canonical_json() -> None:
    meeting = ended(ROBIN)
    write(meeting, ROBIN, "Ça va, “really”.")
    signed = sign(meeting, ROBIN)
    again = json.loads(json.dumps(signed.content))
    canonical = json.dumps(again, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert signed.content_hash == hashlib.sha256(canonical.encode()).hexdigest() == content_hash(again)


def test_facts_say_what_the_log_says() -> None:
    meeting = running()
    meeting.later(minutes=5)
    meeting.join(ROBIN)
    meeting.submit(ROBIN, mood=7, meds="y", goal="Listen", safe=False)
    meeting.do(c.DisposeFlag(flag=FlagId("flag-1"), disposition="safety_plan", text="Called together."), COLE)
    meeting.later(minutes=25)
    meeting.end()
    people = record_part(meeting.state, meeting.now)["people"]
    facts = {fact["label"]: fact["value"] for fact in people[0]["facts"]}
    assert facts == {
        "Date": "Wednesday 18 November 2026",
        "Service": "Evening group: Short plan, in a group by live video",
        "Session": "12:00:00 PM – 12:30:00 PM (America/New_York)",
        "Led by": "Fay Example (facilitator)",
        "Participants attending": "1",
        "Attended": "12:05:00 PM – 12:30:00 PM (America/New_York)",
        "Time present": "25 min 00 s",
        "Counted": "25 min (rule exact-floor, 1)",
        "Came late by": "5 min 00 s",
        "Parts attended": "Check-In 25 min 00 s",
        "Location given": "Home, 1 Example Street",
        "Private space": "Yes",
        "Group agreement": "Agreed on arrival",
        "Check-in": "Mood 7; Safe No; Meds Yes, all",
        "Safety answer at 12:05:00 PM": (
            "Safe No → We made or went through the safety plan (Cole Example, 12:05:00 PM). Called together."
        ),
    }


def facts_under(**fields: Any) -> dict[str, str]:
    """What Robin's note begins with after twenty minutes of check-in with Sam, by rules with these fields."""
    meeting = Meeting(rules=replace(RULES, **fields))
    for person in (FAY, ROBIN, SAM):
        meeting.join(person)
    meeting.start()
    meeting.later(minutes=23)
    meeting.end()
    write(meeting, ROBIN, "Took part.")
    facts = sign(meeting, ROBIN).content["facts"]
    return {each["label"]: each["value"] for each in facts}


def test_a_note_says_the_units_where_its_rules_have_units() -> None:
    assert facts_under()["Counted"] == "23 min (rule exact-floor, 1)"
    by_eight = facts_under(rounding="eight_minute", unit_min=15)
    assert by_eight["Counted"] == "23 min, 2 × 15 min (rule exact-floor, 1)"


def test_a_group_over_its_rules_size_is_said_in_every_note_and_costs_nobody_a_minute() -> None:
    label = "Over the group size of the rule"
    assert label not in facts_under(group_caps={"check_in": 2, "process": 1})
    over = facts_under(group_caps={"check_in": 1})
    assert over[label] == "Check-In: 2, at most 1"
    assert over["Counted"] == facts_under()["Counted"]


def test_a_note_is_signed_after_the_end_only() -> None:
    meeting = running(ROBIN)
    write(meeting, ROBIN, "Words")
    assert meeting.refused(c.SignNote(person=ROBIN, group_revision=0, person_revision=1), FAY) == "not_ended"


@pytest.mark.parametrize(("group", "own"), [(0, 0), (1, 1)])
def test_nobody_signs_a_text_they_have_not_seen(group: int, own: int) -> None:
    meeting = ended(ROBIN)
    write(meeting, ROBIN, "Words")
    unseen = c.SignNote(person=ROBIN, group_revision=group, person_revision=own)
    assert meeting.refused(unseen, FAY) == "stale_note"


def test_a_note_without_words_is_not_signed() -> None:
    meeting = ended(ROBIN)
    assert meeting.refused(c.SignNote(person=ROBIN, group_revision=0, person_revision=0), FAY) == "empty_note"


def test_who_did_not_attend_has_a_note_that_says_so() -> None:
    meeting = ended(ROBIN)
    signed = sign(meeting, SAM, own=0)
    assert signed.content["attended"] is False
    assert {"label": "Attended", "value": "Did not attend"} in signed.content["facts"]
    assert signed.content["figures"]["countable_min"] == 0


def test_an_open_flag_blocks_the_note_of_that_person_alone() -> None:
    meeting = running(ROBIN, SAM)
    source = meeting.state.attendance.owners
    meeting.submit(ROBIN, safe=False)
    for name in list(source):
        meeting.lose(name)
    meeting.later(minutes=30)
    meeting.do(c.Tick())
    assert meeting.state.phase == "ended"
    write(meeting, ROBIN, "Words")
    write(meeting, SAM, "Words")
    assert meeting.refused(c.SignNote(person=ROBIN, group_revision=0, person_revision=1), FAY) == "open_flag"
    assert record_part(meeting.state, meeting.now)["people"][0]["blocked"] == "open_flag"
    sign(meeting, SAM)
    meeting.do(c.DisposeFlag(flag=FlagId("flag-1"), disposition="not_reached"), FAY)
    sign(meeting, ROBIN)


def test_a_signed_note_cannot_be_signed_or_changed_again() -> None:
    meeting = ended(ROBIN)
    write(meeting, ROBIN, "Words")
    sign(meeting, ROBIN)
    assert meeting.refused(c.SignNote(person=ROBIN, group_revision=0, person_revision=1), COLE) == "already_signed"
    assert meeting.refused(c.EditNote(subject=ROBIN, text="Other", revision=1), FAY) == "already_signed"


def test_later_words_on_the_group_leave_signed_notes_as_they_are() -> None:
    meeting = ended(ROBIN, SAM)
    write(meeting, GROUP, "First words")
    write(meeting, ROBIN, "Words")
    content = dict(sign(meeting, ROBIN, group=1).content)
    write(meeting, GROUP, "Better words", revision=1)
    assert meeting.state.notes.signed[ROBIN].content == content


def test_an_addendum_has_author_and_date_and_leaves_the_note() -> None:
    meeting = ended(ROBIN)
    write(meeting, ROBIN, "Words")
    assert meeting.refused(c.AddAddendum(person=ROBIN, text="More"), FAY) == "not_signed"
    sign(meeting, ROBIN)
    before = meeting.state.notes.signed
    meeting.later(minutes=60)
    meeting.do(c.AddAddendum(person=ROBIN, text="Robin called later."), COLE)
    addenda = record_part(meeting.state, meeting.now)["people"][0]["addenda"]
    text = "Robin called later."
    assert addenda == [{"by": COLE, "name": "Cole Example", "at": meeting.now, "text": text}]
    assert meeting.state.notes.signed == before


def test_an_empty_addendum_is_refused() -> None:
    meeting = ended(ROBIN)
    write(meeting, ROBIN, "Words")
    sign(meeting, ROBIN)
    assert meeting.refused(c.AddAddendum(person=ROBIN, text="  "), FAY) == "empty_text"


def test_the_record_is_signed_once_every_participants_note_is() -> None:
    meeting = ended(ROBIN)
    write(meeting, ROBIN, "Words")
    statuses = [record_part(running().state, meeting.now)["status"], record_part(meeting.state, meeting.now)["status"]]
    sign(meeting, ROBIN)
    for seat in meeting.state.seats.participants:
        if seat.person != ROBIN:
            sign(meeting, seat.person, own=0)
    assert [*statuses, record_part(meeting.state, meeting.now)["status"]] == ["open", "ended", "signed"]


def test_the_figures_of_a_signed_note_hold_for_ever() -> None:
    meeting = ended(ROBIN)
    write(meeting, ROBIN, "Words")
    signed = sign(meeting, ROBIN)
    for name in list(meeting.state.attendance.owners):
        meeting.lose(name, seconds_ago=10)
    meeting.later(minutes=10)
    assert meeting.hours(ROBIN).present_ms == 30 * MINUTE_MS == signed.content["figures"]["present_ms"]
