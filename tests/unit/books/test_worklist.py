"""Which notes are due, by when and whose turn it is: from evenings that were really held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facilitation import commands as c
from facilitation.ids import PersonId, SectionId, SessionId
from facilitation.notes import Work
from facilitation.people import Expected, Role
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from facilitation.views import record_part
from server.books import worklist
from server.progress import Progress, fold
from server.web.auth import Identity
from server.web.words import IN_ENGLISH
from tests.support.evening import CODY, FAY, ZONE, Evening, usual

TUESDAY_6_PM = 1_795_561_200_000  # 2026-11-24 in New York
END = Instant(TUESDAY_6_PM + 201 * MINUTE_MS)
ROBIN, SAM, ALEX = (PersonId(f"p-{n}") for n in (1, 2, 3))
ABSENT = PersonId("p-7")


SUE = Expected(person=PersonId("p-sue"), role=Role.SUPERVISOR, name="Sue Supervisor")


def held(people: int = 3, programme: str = "adult-iop", session: str = "s-1") -> Evening:
    evening = Evening(session=session, starts_at=TUESDAY_6_PM, people=people, programme=programme)
    evening.do(c.ExpectPerson(expected=SUE))
    evening.roles[SUE.person] = SUE.role
    evening.scheduled = replace(evening.scheduled, roster=(*evening.scheduled.roster, SUE))
    return usual(evening)


def write(evening: Evening, person: PersonId, *sections: str, text: str = "Words of their own.") -> None:
    for section in sections:
        revision = evening.state.notes.section(person, SectionId(section)).revision
        evening.do(c.EditSection(person=person, section=SectionId(section), text=text, revision=revision), FAY)


def sign(evening: Evening, person: PersonId) -> None:
    notes = evening.state.notes
    evening.do(
        c.SignNote(
            person=person,
            group_revision=notes.draft("group").revision,
            person_revision=notes.draft(person).revision,
            sections={section: draft.revision for section, draft in notes.sections.get(person, {}).items()},
        ),
        FAY,
    )


def progress_of(evening: Evening) -> Progress:
    return fold(Progress(), evening.records)


def work_of(evening: Evening, now: int = END) -> dict[PersonId, Work]:
    return {person: due.work for person, due in worklist.dues(progress_of(evening), Instant(now)).items()}


def test_before_the_end_nothing_is_due() -> None:
    evening = Evening(session="s-1", starts_at=TUESDAY_6_PM, people=3)
    evening.at(0).come(FAY)
    evening.do(c.StartSession(), FAY)
    assert worklist.dues(progress_of(evening), Instant(END + 100 * HOUR_MS)) == {}


def test_a_note_goes_from_not_started_to_done() -> None:
    evening = held()
    assert set(work_of(evening).values()) == {Work.NOT_STARTED}
    write(evening, ROBIN, "data")
    assert work_of(evening)[ROBIN] is Work.IN_PROGRESS
    write(evening, ROBIN, "assessment", "plan")
    assert work_of(evening)[ROBIN] is Work.TO_SIGN
    sign(evening, ROBIN)
    assert work_of(evening)[ROBIN] is Work.DONE
    assert work_of(evening)[SAM] is Work.NOT_STARTED


def test_words_that_were_taken_back_are_no_beginning() -> None:
    evening = held()
    write(evening, ROBIN, "data")
    write(evening, ROBIN, "data", text="  \n")
    assert work_of(evening)[ROBIN] is Work.NOT_STARTED


def test_who_did_not_come_only_has_to_be_signed() -> None:
    evening = held(people=7)
    due = worklist.dues(progress_of(evening), END)[ABSENT]
    assert (due.work, due.absent) == (Work.TO_SIGN, True)


def test_where_a_supervisor_signs_too_a_note_is_done_with_their_signature() -> None:
    evening = held(programme="co-occurring-iop")
    write(evening, ROBIN, "goal", "intervention", "response", "plan")
    sign(evening, ROBIN)
    assert work_of(evening)[ROBIN] is Work.TO_COSIGN
    evening.do(c.ReturnNote(person=ROBIN, text="Which goal?"), SUE.person)
    assert work_of(evening)[ROBIN] is Work.RETURNED
    evening.do(c.AddAddendum(person=ROBIN, text="The first one."), FAY)
    assert work_of(evening)[ROBIN] is Work.TO_COSIGN
    hash_ = evening.state.notes.signed[ROBIN].content_hash
    evening.do(c.CosignNote(person=ROBIN, hash=hash_, addenda=1), SUE.person)
    assert work_of(evening)[ROBIN] is Work.DONE


@pytest.mark.parametrize("live", [True, False])
def test_the_list_and_the_record_agree_on_every_note(live: bool) -> None:
    """One is folded from few events, the other from the whole room."""
    evening = held(people=7)
    write(evening, ROBIN, "data", "assessment", "plan")
    write(evening, SAM, "plan")
    if live:
        sign(evening, ROBIN)
        sign(evening, ABSENT)
    now = Instant(END + 73 * HOUR_MS)
    shown = {each["person"]: each for each in record_part(evening.state, now)["people"]}
    for person, due in worklist.dues(progress_of(evening), now).items():
        assert (due.work, due.due, due.overdue) == tuple(shown[person][key] for key in ("work", "due_at", "overdue"))


def test_the_clock_runs_from_the_end_by_the_programmes_hours() -> None:
    for programme, hours in (("adult-iop", 72), ("co-occurring-iop", 48)):
        progress = progress_of(held(programme=programme))
        due = Instant(END + hours * HOUR_MS)
        assert worklist.dues(progress, due)[ROBIN].due == due
        assert not worklist.dues(progress, due)[ROBIN].overdue
        assert worklist.dues(progress, Instant(due + 1))[ROBIN].overdue


def test_an_open_safety_answer_is_named_until_the_note_is_signed() -> None:
    evening = Evening(session="s-1", starts_at=TUESDAY_6_PM, people=2)
    evening.at(-5).come(FAY)
    evening.come(ROBIN)
    evening.do(c.StartSession(), FAY)
    flag = evening.at(5).answer_unsafe(ROBIN)
    writing = progress_of(evening).writing_of(ROBIN)
    assert writing.open_flags == {flag}
    evening.do(c.DisposeFlag(flag=flag, disposition="spoke_safe"), FAY)
    assert progress_of(evening).writing_of(ROBIN).open_flags == frozenset()


# --------------------------------------------------------------- the page


def page(*evenings: Evening, me: PersonId = FAY, role: Role = Role.FACILITATOR, now: int = END) -> dict[str, Any]:
    identity = Identity(person=me, role=role, session=SessionId("s-1"), name="Fay", number=2)
    sessions = [(evening.scheduled, progress_of(evening)) for evening in evenings]
    return worklist.page(sessions, identity, zone=ZONE, now=Instant(now), words=IN_ENGLISH)


def test_the_page_tells_by_when_and_how_much_of_the_time_is_gone() -> None:
    told = page(held(), now=END + 36 * HOUR_MS)
    assert told["count"] == {"open": 3, "overdue": 0, "to_cosign": 0}
    ((key, row),) = [(group["key"], group["sessions"][0]) for group in told["groups"]]
    assert (key, row["gone"], row["left"], row["overdue"]) == ("tomorrow", 0.5, "in 36 h", False)
    assert (row["due"], row["day"]) == ("Friday, November 27, 9:21 PM", "Tuesday, November 24")
    assert (row["programme"], row["format"]) == ("Adult intensive outpatient program", "DAP")
    assert (row["done"], row["head_count"]) == (0, 3)
    assert row["notes"][0] == {
        "person": ROBIN,
        "name": "Robin",
        "work": "not_started",
        "overdue": False,
        "url": "/s/s-1/record?seat=2#p-1",
        "absent": False,
        "blocked": False,
    }


def test_sessions_stand_by_when_they_are_due() -> None:
    first, second = held(session="s-1"), held(session="s-2", programme="co-occurring-iop")
    told = page(first, second, now=END + 49 * HOUR_MS)
    assert [(group["key"], [row["session"] for row in group["sessions"]]) for group in told["groups"]] == [
        ("overdue", ["s-2"]),
        ("tomorrow", ["s-1"]),
    ]
    assert told["count"] == {"open": 6, "overdue": 3, "to_cosign": 0}
    assert told["groups"][0]["sessions"][0]["left"] == "60 min ago"


@pytest.mark.parametrize(
    ("minutes_left", "left"),
    [
        (72 * 60, "in 72 h"),
        (48 * 60 - 6, "in 48 h"),
        (89, "in 89 min"),
        (90, "in 2 h"),
        (0, "in 1 min"),
        (-100 * 60, "4 days ago"),
    ],
)
def test_what_is_left_is_never_much_less_nor_more_than_it_is(minutes_left: int, left: str) -> None:
    told = page(held(), now=END + (72 * 60 - minutes_left) * MINUTE_MS)
    assert told["groups"][0]["sessions"][0]["left"] == left


def test_who_was_taken_off_the_list_after_the_session_is_still_owed_a_note_with_their_name() -> None:
    evening = held()
    evening.scheduled = replace(evening.scheduled, roster=tuple(r for r in evening.scheduled.roster if r.person != SAM))
    row = page(evening)["groups"][0]["sessions"][0]
    assert [note["name"] for note in row["notes"]] == ["Robin", "Sam", "Alex"] and row["head_count"] == 3


def test_what_is_signed_by_all_is_not_shown() -> None:
    evening = held()
    for person in evening.people:
        write(evening, person, "data", "assessment", "plan")
        sign(evening, person)
    assert page(evening) == {
        "now": "Tuesday, November 24",
        "count": {"open": 0, "overdue": 0, "to_cosign": 0},
        "groups": [],
    }


def test_what_waits_for_the_supervisor_is_the_supervisors() -> None:
    evening = held(programme="co-occurring-iop")
    for person in evening.people:
        write(evening, person, "goal", "intervention", "response", "plan")
        sign(evening, person)
    assert [group["key"] for group in page(evening)["groups"]] == ["others"]
    assert [group["key"] for group in page(evening, me=CODY, role=Role.COFACILITATOR)["groups"]] == ["others"]
    told = page(evening, me=SUE.person, role=Role.SUPERVISOR)
    assert told["count"] == {"open": 3, "overdue": 0, "to_cosign": 3}
    assert told["groups"][0]["key"] != "others"
