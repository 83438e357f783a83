"""Whom to call about somebody, and in which order; who may ask is held by tests/wire/test_web_roles.py."""

from __future__ import annotations

from facilitation.contacts import Contact, Nearest
from facilitation.ids import ClinicId, PersonId, SessionId
from facilitation.people import Expected, Role
from facilitation.timebase import Instant
from server.people.contacts import contacts
from server.school.call_list import CallList, order
from server.store import memory
from server.store.clinic import ScheduledSession

ALEX, GALE = PersonId("p-alex"), PersonId("p-gale")
AUNT = Nearest(name="Ann Example", relation="aunt", phone="555-0103")
MOTHER = Nearest(name="Gale Example", relation="mother", phone="555-0102", guardian=GALE)


def test_themselves_come_first_then_guardians_then_whoever_is_near() -> None:
    contact = Contact(person=ALEX, phone="555-0101", nearest=(AUNT, MOTHER))
    assert [(each["whom"], each["name"]) for each in order(contact, "Alex Example")] == [
        ("self", "Alex Example"),
        ("guardian", "Gale Example"),
        ("emergency", "Ann Example"),
    ]


def test_who_has_no_number_is_left_out() -> None:
    assert order(Contact(person=ALEX, nearest=(MOTHER,)), "Alex")[0]["whom"] == "guardian"


async def test_a_sessions_list_has_those_whom_it_is_for() -> None:
    store = memory.connect()
    await contacts(store.register).put(Contact(person=ALEX, phone="555-0101"), upon=0, by="", at=Instant(1))
    session = ScheduledSession(
        session=SessionId("s-1"),
        clinic=ClinicId("demo"),
        title="Group",
        zone="UTC",
        starts_at=Instant(0),
        plan_id="adult",
        rules_id="exact-floor",
        roster=(
            Expected(person=PersonId("p-fay"), role=Role.FACILITATOR, name="Fay"),
            Expected(person=ALEX, role=Role.PARTICIPANT, name="Alex"),
            Expected(person=GALE, role=Role.PARTICIPANT, name="Gale", guest=True),
            Expected(person=PersonId("p-sam"), role=Role.PARTICIPANT, name="Sam"),
        ),
    )
    await store.clinic.put_session(session)
    found = await CallList(store).of(SessionId("s-1"))
    assert found is not None
    assert list(found["people"]) == [ALEX, "p-sam"]
    assert [each["phone"] for each in found["people"][ALEX]] == ["555-0101"]
    assert found["people"]["p-sam"] == []
    assert await CallList(store).of(SessionId("s-2")) is None
