"""The door: what the clinic’s records said of who arrives, and for how long facilitators see where they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from facilitation import commands as c
from facilitation import events as v
from facilitation import views
from facilitation.consents import ConsentKind, SignedAs
from facilitation.doorfacts import Signed, Unsigned, place_words, signed_words, unsigned_words
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.licences import Outcome
from facilitation.people import SERVER
from facilitation.places import HelpLine
from facilitation.room import decide
from facilitation.state import evolve
from server.web.words import words_in
from tests.support.meeting import FAY, ROBIN, SAM, Meeting, running

HELD = c.CheckDoor(
    person=ROBIN,
    held=("guardian",),
    lacking=(Unsigned(kind=ConsentKind.TELEHEALTH, parts=(SignedAs.GUARDIAN,)),),
    licence=Outcome.WARN,
    location="12 Sample Street",
    state="OH",
    callback="555-0100",
    help=(HelpLine(name="Emergency dispatch, Ohio", phone="555-0101"),),
)


SIGNED = Signed(kind=ConsentKind.TELEHEALTH, version="1", day=date(2026, 11, 18))


def told(meeting: Meeting, command: c.CheckDoor) -> tuple[v.Event, ...]:
    return decide(meeting.state, command, by=SERVER, now=meeting.now)


def of_robin(meeting: Meeting) -> views.View:
    people = views.staff_part(meeting.state, meeting.now)["people"]
    return next(each for each in people if each["person"] == ROBIN)


def test_staff_see_who_is_held_why_and_whom_to_call() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    meeting.do(HELD)
    door = of_robin(meeting)["door"]
    assert door["held"] == ["guardian"]
    assert [each["text"] for each in door["words"]] == [
        "Care by video: a guardian’s signature is missing.",
        "In Ohio today. No licence is kept here that covers it: check before you go on.",
    ]
    assert (door["state"], door["callback"]) == ("Ohio", "555-0100")
    assert door["help"] == [{"name": "Emergency dispatch, Ohio", "phone": "555-0101", "checked": None, "stale": True}]


def test_it_is_said_in_the_readers_language_and_words_of_older_logs_stay_as_they_are() -> None:
    spanish = words_in("es")
    both = Unsigned(kind=ConsentKind.GROUP, parts=(SignedAs.SELF, SignedAs.GUARDIAN))
    assert spanish.of(unsigned_words(both)) == "Acuerdo del grupo: faltan su propia firma y la firma de un tutor."
    blocked = place_words(Outcome.BLOCK, "")
    assert blocked is not None and "licencia" in spanish.of(blocked) and place_words(Outcome.IN, "OH") is None
    assert spanish.of(signed_words(SIGNED)) == "Atención por video (versión 1, firma del 2026-11-18)"
    meeting = Meeting()
    old = v.DoorChecked(person=ROBIN, held=("consent",), words="Their own signature is missing.", consents=("x",))
    record = v.Recorded(seq=meeting.state.seq + 1, at=meeting.now, event=old)
    door = evolve(meeting.state, record).seats.by_person[ROBIN].door
    assert door is not None and door.said == ("Their own signature is missing.",) and door.standing == ("x",)


def test_nobody_else_sees_any_of_it() -> None:
    meeting = running(ROBIN, SAM)
    meeting.do(HELD)
    for part in (views.room_part(meeting.state, "group"), views.you_part(meeting.state, SAM, meeting.now)):
        assert "555-0101" not in str(part) and "guardian’s" not in str(part)


def test_after_the_end_where_they_were_is_gone_from_sight_and_in_the_record() -> None:
    meeting = running(ROBIN)
    assert of_robin(meeting)["arrival"] is not None
    meeting.do(replace(HELD, held=(), signed=(SIGNED,)))
    meeting.end()
    after = of_robin(meeting)
    assert after["arrival"] is None
    assert after["door"] is None
    facts = next(each["facts"] for each in views.record_part(meeting.state, meeting.now)["people"])
    said = {each["label"]: each["value"] for each in facts}
    assert said["Location given"]
    assert said["Consents"] == "Care by video (version 1, signed 2026-11-18)"


def seen_by_staff(meeting: Meeting) -> str:
    """All that a facilitator is told outside of the record."""
    parts = (
        views.staff_part(meeting.state, meeting.now),
        views.room_part(meeting.state, "group"),
        views.you_part(meeting.state, FAY, meeting.now),
    )
    return str(parts)


def test_after_the_end_no_message_to_staff_has_the_address_or_a_number_and_the_record_the_address_alone() -> None:
    address, numbers = "Home, 1 Example Street", ("555-0100", "555-0101")
    meeting = running(ROBIN)
    meeting.do(replace(HELD, held=(), location=address))
    meeting.submit(ROBIN, safe=False)
    assert all(each in seen_by_staff(meeting) for each in (address, *numbers))
    meeting.do(c.DisposeFlag(flag=meeting.state.checkin.open_flags[0].flag, disposition="spoke_safe"), FAY)
    meeting.end()
    assert not any(each in seen_by_staff(meeting) for each in (address, *numbers))
    record = str(views.record_part(meeting.state, meeting.now))
    assert address in record and not any(each in record for each in numbers)


def test_what_is_known_is_not_said_again_and_of_whom_nothing_is_known_nothing_is_said() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    assert told(meeting, c.CheckDoor(person=ROBIN, location="x", callback="555-0100")) == ()
    meeting.do(HELD)
    assert told(meeting, HELD) == ()
    assert told(meeting, c.CheckDoor(person=ROBIN)) != ()  # it is all right now


def test_it_is_about_participants_while_the_session_goes_on() -> None:
    meeting = running(ROBIN)
    assert told(meeting, replace(HELD, person=FAY)) == ()
    assert told(meeting, replace(HELD, person=PersonId("p-nobody"))) == ()
    meeting.end()
    assert told(meeting, HELD) == ()


def test_a_state_that_there_is_not_is_refused_in_words() -> None:
    meeting = Meeting()
    meeting.connect(ROBIN)
    answers = c.Arrive(
        name="Robin", location="Home", callback="555-0100", private_space=True, agreement=True, state="ZZ"
    )
    with pytest.raises(Refusal) as refused:
        meeting.do(answers, ROBIN)
    assert refused.value.code == "bad_place"


def test_an_open_flag_keeps_its_place_and_number_after_the_end_until_it_is_answered() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, safe=False)
    (flag,) = views.staff_part(meeting.state, meeting.now)["flags"]
    assert flag["callback"]
    meeting.do(c.DisposeFlag(flag=flag["flag"], disposition="spoke_safe"), FAY)
    meeting.end()
    (after,) = views.staff_part(meeting.state, meeting.now)["flags"]
    assert (after["location"], after["callback"]) == ("", "")
