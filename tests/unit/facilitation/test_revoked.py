"""A consent is taken back in mid-session: what it governs stops, those who lead are told, and the rest goes on."""

from __future__ import annotations

import pytest

from facilitation import commands as c
from facilitation import events as v
from facilitation.attendance import presence
from facilitation.effects import Dismiss
from facilitation.ids import PersonId
from facilitation.room import react
from facilitation.seats import Place
from facilitation.views import staff_part
from tests.support.evening import FAY, Evening
from tests.support.homes import running

ROBIN, SAM = PersonId("p-1"), PersonId("p-2")


def going() -> Evening:
    held = running("s-1", ROBIN, SAM)
    held.at(10)
    return held


def told(held: Evening, kind: str = "telehealth", *, stops: bool = True) -> list[v.Event]:
    before = len(held.records)
    held.do(c.TellRevoked(person=ROBIN, kind=kind, stops=stops))
    return [each.event for each in held.records[before:]]


def test_who_cannot_stay_without_it_leaves_and_is_told_so() -> None:
    held = going()
    revoked, left = told(held)
    assert revoked == v.ConsentRevoked(person=ROBIN, kind="telehealth", stops=True)
    assert left == v.PersonLeft(person=ROBIN, how="consent")
    assert Dismiss(person=ROBIN, reason="consent") in react(held.state, left)
    assert held.state.seats.of(ROBIN).place is Place.LEFT


def test_nobody_else_leaves_the_clock_goes_on_and_their_minutes_end_at_that_instant() -> None:
    held = going()
    told(held)
    at = held.now
    assert held.state.seats.of(SAM).place is Place.ROOM and held.state.phase == "running"
    held.at(20)
    [(_, until)] = presence(held.state.attendance, ROBIN, held.now)
    assert until == at


@pytest.mark.parametrize("stops", [True, False])
def test_those_who_lead_see_whose_it_was_and_which_and_nobody_else_does(stops: bool) -> None:
    held = going()
    told(held, "part2", stops=stops)
    people = {each["person"]: each for each in staff_part(held.state, held.now)["people"]}
    assert (people[ROBIN]["revoked"], people[SAM]["revoked"]) == (["part2"], [])


def test_one_that_this_session_does_not_need_stops_nothing_in_it() -> None:
    held = going()
    assert told(held, "part2", stops=False) == [v.ConsentRevoked(person=ROBIN, kind="part2", stops=False)]
    assert held.state.seats.of(ROBIN).place is Place.ROOM


def test_it_is_said_once_and_a_return_through_the_door_ends_it() -> None:
    held = going()
    told(held)
    assert told(held) == []
    held.come(ROBIN)
    assert held.state.seats.of(ROBIN).revoked == ()


def test_after_the_end_and_of_a_stranger_nothing_is_said() -> None:
    held = going()
    held.do(c.TellRevoked(person=PersonId("p-nobody"), kind="telehealth", stops=True))
    held.do(c.EndSession(), FAY)
    assert told(held) == []
