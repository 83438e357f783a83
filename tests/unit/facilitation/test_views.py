"""The shapes of the wire protocol, §5, key by key, and what stays out of them."""

from __future__ import annotations

import json

from facilitation import commands as c
from facilitation import views
from facilitation.timebase import MINUTE_MS
from tests.support.meeting import CHECK_IN, COLE, FAY, OLA, ROBIN, SAM, START, Meeting, running

ROOM = {
    "session",
    "title",
    "starts_at",
    "zone",
    "phase",
    "agenda",
    "people",
    "elsewhere",
    "small_room",
    "breakouts",
    "led",
    "screen",
    "camera",
    "skill",
    "exercise",
    "round",
    "agreement",
    "milestones",
    "last_time",
    "weeks",
    "shared",
    "chat",
}
AGENDA = {
    "segments",
    "position",
    "entered_at",
    "ends_at",
    "left_ms",
    "paused",
    "next",
    "expected_end",
    "ahead_ms",
}
SEGMENT = {"id", "kind", "title", "planned_ms", "state", "spent_ms", "card"}
PERSON = {"person", "name", "role", "microphone", "camera", "hand", "reaction", "connected", "lead"}
MESSAGE = {"id", "at", "person", "name", "to", "text"}
YOU = {
    "measures",
    "person",
    "role",
    "name",
    "teen",
    "place",
    "microphone",
    "camera",
    "hand",
    "shielded",
    "may_share",
    "lead",
    "minutes",
    "arrival",
    "unmute_asked",
    "still_here",
    "disputes",
    "forms",
    "exercises",
    "turn",
    "moved",
    "called",
    "agreement",
    "week",
    "glad",
    "help",
    "chat",
}
MINUTES = {"present_ms", "counted_ms", "running", "since", "counting", "target_ms", "corrected_ms"}
STAFF = {
    "dispositions",
    "safety",
    "people",
    "flags",
    "notes",
    "chat",
    "disputes",
    "practice",
    "rounds",
    "breakouts",
    "proposals",
    "undo",
    "advice",
    "seats",
    "labels",
}
STAFF_PERSON = {
    "measures",
    "told",
    "missing_since",
    "attempts",
    "person",
    "name",
    "role",
    "teen",
    "guest",
    "place",
    "connected",
    "arrived_at",
    "waiting_since",
    "late_ms",
    "arrival",
    "door",
    "minutes",
    "left_how",
    "left_at",
    "asked_until",
    "unanswered_at",
    "shielded",
    "may_share",
    "week_shown_at",
    "revoked",
    "forms",
}
FLAG = {
    "taken",
    "steps",
    "screen",
    "plan",
    "flag",
    "person",
    "name",
    "form",
    "at",
    "questions",
    "disposition",
    "text",
    "by",
    "disposed_at",
    "location",
    "callback",
    "state",
    "contact_name",
    "contact_phone",
    "help",
}
RECORD = {
    "status",
    "started_at",
    "ended_at",
    "plan",
    "rules",
    "segments",
    "gaps",
    "facilitators",
    "head_count",
    "people",
    "group_note",
    "group_warnings",
    "programme",
    "format",
    "skills",
    "policy",
}
RECORD_SEGMENT = {"id", "title", "kind", "counts", "planned_ms", "spent_ms", "spans"}
RECORD_PERSON = {
    "week_shown_at",
    "measures",
    "told",
    "noticed_at",
    "attempts",
    "person",
    "name",
    "clock_ms",
    "present_ms",
    "counted_ms",
    "countable_min",
    "first",
    "last",
    "late_ms",
    "left_early_ms",
    "gap_credit_ms",
    "intervals",
    "by_segment",
    "corrected_ms",
    "pieces",
    "marks",
    "prompts",
    "disputes",
    "corrections",
    "posted",
    "amendable",
    "amendments",
    "evidence",
    "facts",
    "note",
    "goals",
    "missing",
    "warnings",
    "work",
    "due_at",
    "overdue",
    "signed",
    "addenda",
    "absence",
    "makes_up",
    "blocked",
}
QUESTION = {
    "id",
    "kind",
    "label",
    "hint",
    "low",
    "high",
    "low_label",
    "high_label",
    "choices",
    "required",
    "shareable",
}


def busy() -> Meeting:
    """A session in which everything has happened that a view can show."""
    meeting = running(ROBIN, SAM)
    meeting.submit(ROBIN, safe=False, goal="Listen")
    meeting.do(c.SendChat(text="Hello"), ROBIN)
    meeting.do(c.SendChat(text="Private words", to="staff"), ROBIN)
    meeting.do(c.EditNote(subject=ROBIN, text="Note words", revision=0), FAY)
    meeting.later(minutes=40)
    meeting.advance()
    return meeting


def test_the_room_part_has_the_shape_of_the_protocol() -> None:
    part = views.room_part(busy().state, "group")
    assert set(part) == ROOM
    assert set(part["agenda"]) == AGENDA
    assert all(set(segment) == SEGMENT for segment in part["agenda"]["segments"])
    assert all(set(person) == PERSON for person in part["people"])
    assert all(set(message) == MESSAGE for message in part["chat"])


def test_the_part_about_you_has_the_shape_of_the_protocol() -> None:
    meeting = busy()
    part = views.you_part(meeting.state, ROBIN, meeting.now)
    assert set(part) == YOU
    assert set(part["minutes"]) == MINUTES
    said = {"name", "location", "callback", "private_space", "others_present"}
    assert set(part["arrival"]) == said | {"state", "contact_name", "contact_phone"}
    assert set(part["forms"][CHECK_IN]) == {"form", "offered", "status", "answers", "shared"}
    assert set(part["forms"][CHECK_IN]["form"]) == {"id", "title", "intro", "questions"}
    assert all(set(question) == QUESTION for question in part["forms"][CHECK_IN]["form"]["questions"])


def test_the_staff_part_has_the_shape_of_the_protocol() -> None:
    meeting = busy()
    part = views.staff_part(meeting.state, meeting.now)
    assert set(part) == STAFF
    assert all(set(person) == STAFF_PERSON and set(person["minutes"]) == MINUTES for person in part["people"])
    assert all(set(flag) == FLAG for flag in part["flags"])
    assert set(part["undo"]) == {"move", "to", "until"}
    assert set(part["advice"]) == {"over_ms", "planned_ms"}
    assert part["advice"]["over_ms"] == 20 * MINUTE_MS
    assert part["seats"] == {"taken": 3, "max": 16}


def test_the_record_part_has_the_shape_of_the_protocol() -> None:
    meeting = busy()
    part = views.record_part(meeting.state, meeting.now)
    assert set(part) == RECORD
    assert all(set(segment) == RECORD_SEGMENT for segment in part["segments"])
    assert all(set(person) == RECORD_PERSON for person in part["people"])
    assert [set(leader) for leader in part["facilitators"]] == [{"person", "name", "role", "minutes", "location"}]
    assert part["head_count"] == 2


def test_every_part_is_plain_json() -> None:
    meeting = busy()
    parts = (
        views.room_part(meeting.state, "group"),
        views.room_part(meeting.state, "outside"),
        views.you_part(meeting.state, ROBIN, meeting.now),
        views.staff_part(meeting.state, meeting.now),
        views.record_part(meeting.state, meeting.now),
    )
    for part in parts:
        assert json.loads(json.dumps(part)) == part


def test_from_outside_nobody_and_nothing_of_the_group_is_seen() -> None:
    part = views.room_part(busy().state, "outside")
    assert set(part) == ROOM
    assert (part["people"], part["shared"], part["chat"], part["agenda"]["segments"]) == ([], [], [], [])
    assert (part["phase"], part["title"], part["starts_at"]) == ("running", "Evening group", START)
    text = json.dumps(part)
    assert "Example" not in text and "p-" not in text


def test_who_may_look_inside() -> None:
    meeting = running(ROBIN)
    meeting.connect(SAM)
    inside = {person: views.audience_of(meeting.state, person) for person in (FAY, COLE, OLA, ROBIN, SAM)}
    assert inside == {FAY: "group", COLE: "group", OLA: "group", ROBIN: "group", SAM: "outside"}
    meeting.do(c.MoveToWaiting(person=ROBIN), FAY)
    assert views.audience_of(meeting.state, ROBIN) == "outside"


def test_a_form_in_the_browser_does_not_tell_which_answers_raise_a_flag() -> None:
    meeting = running(ROBIN)
    assert "flag" not in json.dumps(views.you_part(meeting.state, ROBIN, meeting.now))


def test_that_someone_walked_in_is_told_to_staff_alone() -> None:
    meeting = running(ROBIN, SAM)
    before = views.room_part(meeting.state, "group")
    meeting.do(c.Shield(on=True), ROBIN)
    assert views.room_part(meeting.state, "group") == before
    people = views.staff_part(meeting.state, meeting.now)["people"]
    assert next(person for person in people if person["person"] == ROBIN)["shielded"] is True


def test_minutes_run_and_stop_with_what_is_counted() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=5)
    part = views.you_part(meeting.state, ROBIN, meeting.now)["minutes"]
    assert part == {
        "present_ms": 5 * MINUTE_MS,
        "counted_ms": 5 * MINUTE_MS,
        "running": True,
        "since": meeting.now,
        "counting": True,
        "target_ms": 80 * MINUTE_MS,
        "corrected_ms": 0,
    }
    meeting.advance()
    meeting.advance()
    part = views.you_part(meeting.state, ROBIN, meeting.now)["minutes"]
    assert (part["running"], part["counting"]) == (True, False)


def test_an_old_proof_of_life_changes_nothing_in_the_room_part() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=5)
    before = views.room_part(meeting.state, "group")
    meeting.later(seconds=2)
    meeting.hear_all()
    assert views.room_part(meeting.state, "group") == before


def test_lateness_grows_for_staff_while_someone_is_missing() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=4)
    people = views.staff_part(meeting.state, meeting.now)["people"]
    late = {person["person"]: person["late_ms"] for person in people}
    assert (late[ROBIN], late[SAM]) == (0, 4 * MINUTE_MS)
