"""Notes in a programme's format: sections, goals, skills, places; co-signatures, returns; counselling notes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from facilitation import commands as c
from facilitation.errors import Refusal
from facilitation.events import Event, GoalsAddressed, GoalsListed, NoteSigned, SectionDrafted
from facilitation.facts import facts
from facilitation.goals import ListedGoal
from facilitation.ids import CounsellingNoteId, FlagId, GoalId, PersonId, QuestionId, SectionId
from facilitation.noteforms import FORMATS, format_of
from facilitation.notes import Notes, Work, content_hash
from facilitation.people import Expected, Role
from facilitation.programme import NOTE_FORMATS, PLAIN_TEXT, Programme
from facilitation.timebase import HOUR_MS
from facilitation.views import record_part, room_part, staff_part, you_part
from tests.support.meeting import CHECK_IN, COLE, FAY, OLA, ROBIN, ROSTER, SAM, Meeting

SUE = PersonId("p-sue")
DAP = Programme(id="iop", version="7", title="IOP", track="adult", rules_id="exact-floor", note_due_h=48)
COSIGNED = Programme(id="co", version="1", title="Co", track="adult", rules_id="exact-floor", cosign=True, part2=True)
SLEEP, CALL = ListedGoal(goal=GoalId("g-1"), text="Sleep"), ListedGoal(goal=GoalId("g-2"), text="Call the sister")


def ended(*people: PersonId, programme: Programme = DAP) -> Meeting:
    roster = (*ROSTER, Expected(person=SUE, role=Role.SUPERVISOR, name="Sue Example"))
    meeting = Meeting(programme=programme, roster=roster)
    meeting.join(FAY)
    for person in people:
        meeting.join(person)
    meeting.start()
    meeting.later(minutes=30)
    meeting.end()
    return meeting


def write(meeting: Meeting, person: PersonId, section: str, text: str, revision: int = 0) -> tuple[Event, ...]:
    return meeting.do(c.EditSection(person=person, section=SectionId(section), text=text, revision=revision), FAY)


def write_all(meeting: Meeting, person: PersonId) -> None:
    for section in ("data", "assessment", "plan"):
        write(meeting, person, section, f"Words on {section}.")


def signing(meeting: Meeting, person: PersonId, **changes: Any) -> c.SignNote:
    """A signature under all that stands there now."""
    notes = meeting.state.notes
    now: dict[str, Any] = {
        "group_revision": notes.draft("group").revision,
        "person_revision": notes.draft(person).revision,
        "sections": {section: draft.revision for section, draft in notes.sections.get(person, {}).items()},
        "goals_revision": notes.goals_of(person).revision,
    }
    return c.SignNote(person=person, **now | changes)


def sign(meeting: Meeting, person: PersonId) -> NoteSigned:
    (event,) = meeting.do(signing(meeting, person), FAY)
    assert isinstance(event, NoteSigned)
    return event


def shown(meeting: Meeting, person: PersonId = ROBIN) -> dict[str, Any]:
    return next(each for each in record_part(meeting.state, meeting.now)["people"] if each["person"] == person)


# --------------------------------------------------------------- formats


def test_there_is_a_format_for_whatever_a_programme_can_name() -> None:
    assert set(FORMATS) == NOTE_FORMATS
    assert all(id == form.id for id, form in FORMATS.items())


@pytest.mark.parametrize("name", ["dap", "birp", "soap", "girp"])
def test_the_initials_of_a_formats_sections_are_its_name(name: str) -> None:
    form = format_of(name)
    assert "".join(part.title[0] for part in form.sections) == name.upper() == form.title
    assert len({part.id for part in form.sections}) == len(form.sections)
    assert all(part.hint and part.required for part in form.sections)


def test_a_format_that_is_not_known_is_one_text() -> None:
    assert format_of("xyz") is FORMATS[PLAIN_TEXT]


# --------------------------------------------------------------- sections


def test_each_section_is_typed_and_counted_by_itself() -> None:
    meeting = ended(ROBIN)
    write(meeting, ROBIN, "data", "Spoke.")
    write(meeting, ROBIN, "plan", "Walk.")
    write(meeting, ROBIN, "data", "Spoke early.", revision=1)
    assert shown(meeting)["note"] == {
        "text": "",
        "revision": 0,
        "sections": {
            "data": {"text": "Spoke early.", "revision": 2},
            "assessment": {"text": "", "revision": 0},
            "plan": {"text": "Walk.", "revision": 1},
        },
    }
    assert shown(meeting, SAM)["note"]["sections"]["data"] == {"text": "", "revision": 0}


def test_two_who_type_in_one_section_cannot_overwrite_each_other() -> None:
    meeting = ended(ROBIN)
    write(meeting, ROBIN, "data", "Fay's words")
    stale = c.EditSection(person=ROBIN, section=SectionId("data"), text="Cole's words", revision=0)
    assert meeting.refused(stale, COLE) == "stale_note"
    same = c.EditSection(person=ROBIN, section=SectionId("data"), text="Fay's words", revision=0)
    assert meeting.do(same, COLE) == ()
    other = c.EditSection(person=ROBIN, section=SectionId("plan"), text="Cole's words", revision=0)
    assert isinstance(meeting.do(other, COLE)[0], SectionDrafted)


@pytest.mark.parametrize(
    ("person", "section", "text", "code"),
    [
        (ROBIN, "behaviour", "x", "unknown_section"),
        (ROBIN, "", "x", "unknown_section"),
        (ROBIN, "data", "x" * 20_001, "too_long"),
        (ROBIN, "data", "a\x00b", "bad_text"),
        (FAY, "data", "x", "not_a_participant"),
        (PersonId("p-no"), "data", "x", "unknown_person"),
    ],
)
def test_what_is_no_section_of_anybodys_note_is_refused(person: PersonId, section: str, text: str, code: str) -> None:
    ask = c.EditSection(person=person, section=SectionId(section), text=text, revision=0)
    assert ended(ROBIN).refused(ask, FAY) == code


def test_a_programme_without_a_format_has_no_sections() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    ask = c.EditSection(person=ROBIN, section=SectionId("data"), text="x", revision=0)
    assert meeting.refused(ask, FAY) == "unknown_section"


# --------------------------------------------------------------- signing


def test_every_required_section_needs_a_word() -> None:
    meeting = ended(ROBIN)
    write(meeting, ROBIN, "data", "Spoke.")
    write(meeting, ROBIN, "plan", " \n")
    assert shown(meeting)["missing"] == ["assessment", "plan"]
    with pytest.raises(Refusal) as refused:
        meeting.do(signing(meeting, ROBIN), FAY)
    assert refused.value.code == "empty_section"
    assert "Assessment, Plan" in refused.value.text


def test_nothing_has_to_be_said_of_who_did_not_come() -> None:
    meeting = ended(ROBIN)
    assert shown(meeting, SAM)["missing"] == []
    assert sign(meeting, SAM).content["attended"] is False


@pytest.mark.parametrize(
    "changes",
    [
        {"sections": {"data": 1, "assessment": 1}},
        {"sections": {"data": 2, "assessment": 1, "plan": 1}},
        {"sections": {}},
        {"goals_revision": 0},
        {"group_revision": 1},
        {"person_revision": 1},
    ],
)
def test_nobody_signs_what_they_have_not_seen(changes: dict[str, Any]) -> None:
    meeting = ended(ROBIN)
    write_all(meeting, ROBIN)
    meeting.do(c.ListGoals(person=ROBIN, goals=(SLEEP,)))
    meeting.do(c.AddressGoals(person=ROBIN, goals=(SLEEP.goal,), revision=0), FAY)
    assert meeting.refused(signing(meeting, ROBIN, **changes), FAY) == "stale_note"
    sign(meeting, ROBIN)


def test_a_signature_under_a_section_that_is_none_is_refused() -> None:
    meeting = ended(ROBIN)
    write_all(meeting, ROBIN)
    assert meeting.refused(signing(meeting, ROBIN, sections={"objective": 0}), FAY) == "unknown_section"


def test_a_signed_note_holds_its_sections_goals_skills_and_programme() -> None:
    meeting = ended(ROBIN)
    write_all(meeting, ROBIN)
    meeting.do(c.EditNote(subject="group", text="We breathed.", revision=0), FAY)
    meeting.do(c.ListGoals(person=ROBIN, goals=(SLEEP, CALL)))
    meeting.do(c.AddressGoals(person=ROBIN, goals=(CALL.goal,), revision=0), FAY)
    meeting.do(c.NameSkills(skills=("Paced breathing",)), FAY)
    signed = sign(meeting, ROBIN)
    content = signed.content
    assert content["format"] == 2
    assert content["programme"] == {"id": "iop", "version": "7", "title": "IOP", "part2": False, "cosign": False}
    assert content["note"] == {
        "format": "dap",
        "title": "DAP",
        "sections": [
            {"id": "data", "title": "Data", "text": "Words on data.", "revision": 1},
            {"id": "assessment", "title": "Assessment", "text": "Words on assessment.", "revision": 1},
            {"id": "plan", "title": "Plan", "text": "Words on plan.", "revision": 1},
        ],
    }
    assert (content["goals"], content["goals_revision"]) == ([{"goal": "g-2", "text": "Call the sister"}], 1)
    assert (content["skills"], content["group_text"]) == (["Paced breathing"], "We breathed.")
    assert signed.content_hash == content_hash(json.loads(json.dumps(content)))


@pytest.mark.parametrize(
    "change",
    [
        c.EditSection(person=ROBIN, section=SectionId("data"), text="Other words", revision=1),
        c.EditNote(subject=ROBIN, text="Other words", revision=0),
        c.AddressGoals(person=ROBIN, goals=(), revision=1),
    ],
)
def test_a_signed_note_takes_no_change(change: c.Command) -> None:
    meeting = ended(ROBIN)
    write_all(meeting, ROBIN)
    meeting.do(c.ListGoals(person=ROBIN, goals=(SLEEP,)))
    meeting.do(c.AddressGoals(person=ROBIN, goals=(SLEEP.goal,), revision=0), FAY)
    sign(meeting, ROBIN)
    assert meeting.refused(change, FAY) == "already_signed"


# --------------------------------------------------------------- goals


def test_what_the_plan_says_is_listed_once() -> None:
    meeting = ended(ROBIN)
    first = meeting.do(c.ListGoals(person=ROBIN, goals=(SLEEP,)))
    assert first == (GoalsListed(person=ROBIN, goals=(SLEEP,)),)
    assert meeting.do(c.ListGoals(person=ROBIN, goals=(SLEEP,))) == ()
    assert meeting.do(c.ListGoals(person=FAY, goals=(SLEEP,))) == (), "staff have no plan"
    assert meeting.do(c.ListGoals(person=PersonId("p-no"), goals=(SLEEP,))) == ()


def test_goals_are_chosen_from_the_plan_in_its_order() -> None:
    meeting = ended(ROBIN)
    meeting.do(c.ListGoals(person=ROBIN, goals=(SLEEP, CALL)))
    ask = c.AddressGoals(person=ROBIN, goals=(CALL.goal, SLEEP.goal, CALL.goal), revision=0)
    assert meeting.do(ask, FAY) == (GoalsAddressed(person=ROBIN, goals=(SLEEP, CALL)),)
    assert meeting.do(ask, FAY) == ()
    stale = c.AddressGoals(person=ROBIN, goals=(), revision=0)
    assert meeting.refused(stale, COLE) == "stale_note"
    assert meeting.refused(c.AddressGoals(person=SAM, goals=(SLEEP.goal,), revision=0), FAY) == "unknown_goal"


def test_a_goal_that_left_the_plan_or_was_worded_anew_stays_as_it_was_chosen() -> None:
    meeting = ended(ROBIN)
    meeting.do(c.ListGoals(person=ROBIN, goals=(SLEEP, CALL)))
    meeting.do(c.AddressGoals(person=ROBIN, goals=(SLEEP.goal, CALL.goal), revision=0), FAY)
    meeting.do(c.ListGoals(person=ROBIN, goals=(ListedGoal(goal=CALL.goal, text="Visit the sister"),)))
    goals = shown(meeting)["goals"]
    assert {goal["text"] for goal in goals["known"]} == {"Sleep", "Call the sister"}
    assert set(goals["addressed"]) == {"g-1", "g-2"}


# --------------------------------------------------------------- facts


def fact(meeting: Meeting, label: str, person: PersonId = ROBIN) -> str | None:
    figures = {seat.person: meeting.hours(seat.person) for seat in meeting.state.seats.participants}
    return next((each["value"] for each in facts(meeting.state, person, figures) if each["label"] == label), None)


def test_both_places_the_skills_and_what_was_shared_are_facts() -> None:
    meeting = Meeting(programme=DAP)
    meeting.join(FAY)
    meeting.join(ROBIN)
    meeting.start()
    meeting.submit(ROBIN, goal="Listen", mood=6)
    meeting.do(c.ShareAnswer(form=CHECK_IN, question=QuestionId("goal"), shared=True), ROBIN)
    meeting.do(c.SayLocation(location="  Clinic,  Sample Street 1 "), FAY)
    meeting.do(c.NameSkills(skills=("Paced breathing", " Opposite  action", "Paced breathing")), FAY)
    assert fact(meeting, "Led by") == "Fay Example (facilitator, at Clinic, Sample Street 1)"
    assert fact(meeting, "Location given") == "Home, 1 Example Street"
    assert fact(meeting, "Skills taught") == "Paced breathing, Opposite action"
    assert fact(meeting, "Shared with the group (Check-in)") == "Goal: Listen"
    assert fact(meeting, "Shared with the group (Check-in)", SAM) is None


def test_who_leads_by_role_and_never_came_did_not_lead() -> None:
    meeting = Meeting(programme=DAP)
    meeting.join(FAY)
    meeting.join(ROBIN)
    assert fact(meeting, "Led by") is None, "nothing has been led yet"
    meeting.start()
    assert fact(meeting, "Led by") == "Fay Example (facilitator)"
    meeting.later(minutes=5)
    meeting.join(COLE)
    assert fact(meeting, "Led by") == "Fay Example (facilitator), Cole Example (cofacilitator)"
    meeting.later(minutes=5)
    meeting.end()
    assert fact(meeting, "Led by") == "Fay Example (facilitator), Cole Example (cofacilitator)"


def test_facts_are_bounded() -> None:
    meeting = ended(ROBIN)
    assert meeting.refused(c.NameSkills(skills=tuple(map(str, range(13)))), FAY) == "too_many"
    assert meeting.refused(c.NameSkills(skills=("x" * 121,)), FAY) == "too_long"
    assert meeting.refused(c.NameSkills(skills=(" ",)), FAY) == "empty_text"
    assert meeting.refused(c.SayLocation(location="x" * 201), FAY) == "too_long"
    assert meeting.do(c.NameSkills(skills=()), FAY) == ()


# --------------------------------------------------------------- co-signing


def signed(programme: Programme = COSIGNED) -> tuple[Meeting, NoteSigned]:
    meeting = ended(ROBIN, programme=programme)
    write_all(meeting, ROBIN)
    return meeting, sign(meeting, ROBIN)


def test_a_supervisor_cosigns_what_they_read() -> None:
    meeting, note = signed()
    assert shown(meeting)["work"] == Work.TO_COSIGN
    meeting.later(minutes=5)
    cosign = c.CosignNote(person=ROBIN, hash=note.content_hash, addenda=0)
    for somebody in (FAY, COLE, OLA, ROBIN):
        assert meeting.refused(cosign, somebody) == "not_allowed"
    meeting.do(cosign, SUE)
    assert meeting.do(cosign, SUE) == (), "once is enough"
    assert shown(meeting)["signed"]["cosigned"] == {
        "by": SUE,
        "name": "Sue Example",
        "at": meeting.now,
        "addenda": 0,
    }
    assert shown(meeting)["work"] == Work.DONE


@pytest.mark.parametrize(("hash_", "addenda"), [("0" * 64, 0), (None, 1)])
def test_a_note_that_was_not_read_as_it_is_cannot_be_cosigned(hash_: str | None, addenda: int) -> None:
    meeting, note = signed()
    ask = c.CosignNote(person=ROBIN, hash=hash_ or note.content_hash, addenda=addenda)
    assert meeting.refused(ask, SUE) == "stale_note"


def test_an_unsigned_note_can_neither_be_cosigned_nor_returned() -> None:
    meeting = ended(ROBIN)
    assert meeting.refused(c.CosignNote(person=ROBIN, hash="x", addenda=0), SUE) == "not_signed"
    assert meeting.refused(c.ReturnNote(person=ROBIN, text="Why?"), SUE) == "not_signed"


def test_a_returned_note_stays_signed_and_is_answered_by_an_addendum() -> None:
    meeting, note = signed()
    before = shown(meeting)["signed"]["content"]
    back = c.ReturnNote(person=ROBIN, text="Which goal?")
    assert meeting.refused(c.ReturnNote(person=ROBIN, text=" "), SUE) == "empty_text"
    meeting.do(back, SUE)
    assert meeting.do(back, SUE) == (), "a second press says it once"
    assert shown(meeting)["work"] == Work.RETURNED
    cosign = c.CosignNote(person=ROBIN, hash=note.content_hash, addenda=0)
    assert meeting.refused(cosign, SUE) == "note_returned"
    meeting.do(c.AddAddendum(person=ROBIN, text="Sleep."), FAY)
    person = shown(meeting)
    assert (person["work"], person["signed"]["returned"][0]["answered"]) == (Work.TO_COSIGN, True)
    assert person["signed"]["content"] == before
    meeting.do(c.CosignNote(person=ROBIN, hash=note.content_hash, addenda=1), SUE)
    assert meeting.refused(back, SUE) == "already_cosigned"


def test_a_later_addendum_takes_no_cosignature_away_and_can_be_cosigned_too() -> None:
    meeting, note = signed()
    meeting.do(c.CosignNote(person=ROBIN, hash=note.content_hash, addenda=0), SUE)
    meeting.do(c.AddAddendum(person=ROBIN, text="One thing more."), FAY)
    assert shown(meeting)["work"] == Work.DONE
    meeting.do(c.CosignNote(person=ROBIN, hash=note.content_hash, addenda=1), SUE)
    assert shown(meeting)["signed"]["cosigned"]["addenda"] == 1


def test_a_supervisor_changes_nothing_else() -> None:
    meeting = ended(ROBIN)
    for ask in (
        c.EditNote(subject=ROBIN, text="x", revision=0),
        c.EditSection(person=ROBIN, section=SectionId("data"), text="x", revision=0),
        signing(meeting, ROBIN),
        c.AddAddendum(person=ROBIN, text="x"),
        c.NameSkills(skills=("x",)),
        c.DisposeFlag(flag=FlagId("flag-1"), disposition="spoke_safe"),
    ):
        assert meeting.refused(ask, SUE) == "not_allowed"


# --------------------------------------------------------------- what is owed


def test_the_due_clock_runs_from_the_end_and_then_from_the_signature() -> None:
    meeting = ended(ROBIN, programme=COSIGNED)
    end = meeting.now
    assert shown(meeting)["due_at"] == end + 72 * HOUR_MS
    write_all(meeting, ROBIN)
    meeting.later(minutes=60)
    sign(meeting, ROBIN)
    assert shown(meeting)["due_at"] == meeting.now + 72 * HOUR_MS
    meeting.later(minutes=72 * 60)
    assert not shown(meeting)["overdue"]
    meeting.later(ms=1)
    assert shown(meeting)["overdue"]
    assert shown(meeting, SAM)["overdue"]


def test_before_the_end_nothing_is_due() -> None:
    meeting = Meeting(programme=DAP)
    meeting.join(FAY)
    meeting.join(ROBIN)
    meeting.start()
    meeting.later(minutes=3)
    for section in ("data", "assessment", "plan"):
        write(meeting, ROBIN, section, "x")
    person = shown(meeting)
    assert (person["work"], person["due_at"], person["overdue"]) == (Work.IN_PROGRESS, None, False)
    assert (person["warnings"], record_part(meeting.state, meeting.now)["group_warnings"]) == ([], [])


# --------------------------------------------------------------- warnings, in the view


def test_the_record_warns_of_what_may_be_wrong() -> None:
    meeting = ended(ROBIN, SAM)
    own = "Named the anger of this morning, checked the facts and will write to the sister tonight."
    write(meeting, ROBIN, "data", own)
    write(meeting, SAM, "data", own)
    write(meeting, ROBIN, "plan", "Did not attend.")
    meeting.do(c.ListGoals(person=ROBIN, goals=(SLEEP,)))
    codes = [(warning["field"], warning["code"]) for warning in shown(meeting)["warnings"]]
    assert codes == [("data", "alike"), ("plan", "attendance"), ("goals", "no_goals")]
    group = record_part(meeting.state, meeting.now)["group_warnings"]
    assert [(warning["field"], warning["code"], warning["person"]) for warning in group] == [
        ("group", "no_group_text", None),
        ("group", "no_location", FAY),
    ]
    write(meeting, ROBIN, "assessment", "x")
    sign(meeting, ROBIN)
    assert shown(meeting)["warnings"] == [], "what is signed is not argued with"


# --------------------------------------------------------------- counselling notes


def test_the_log_knows_that_a_counselling_note_was_kept_and_no_view_shows_it() -> None:
    meeting = ended(ROBIN)
    before = (staff_part(meeting.state, meeting.now), record_part(meeting.state, meeting.now))
    keep = c.KeepCounsellingNote(note=CounsellingNoteId("n-1"), subject=ROBIN, author=FAY)
    (event,) = meeting.do(keep)
    assert meeting.do(keep) == ()
    assert set(type(event).__dataclass_fields__) == {"note", "subject", "author"}
    assert (staff_part(meeting.state, meeting.now), record_part(meeting.state, meeting.now)) == before
    for part in (room_part(meeting.state, "group"), you_part(meeting.state, ROBIN, meeting.now)):
        assert "n-1" not in json.dumps(part)


def test_nobody_but_the_server_says_that_one_was_kept() -> None:
    meeting = ended(ROBIN)
    keep = c.KeepCounsellingNote(note=CounsellingNoteId("n-1"), subject=ROBIN, author=FAY)
    for somebody in (FAY, SUE, ROBIN):
        assert meeting.refused(keep, somebody) == "not_allowed"


def test_a_log_from_before_there_were_sections_is_one_text() -> None:
    assert Notes().section(ROBIN, SectionId("data")).revision == 0
    meeting = Meeting()
    assert record_part(meeting.state, meeting.now)["format"] == {"id": "text", "title": "Note", "sections": []}
