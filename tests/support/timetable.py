"""A small clinic's timetable to try things on: people, a cohort, its series."""

from __future__ import annotations

from facilitation.ids import PersonId
from facilitation.people import Role
from server.store.clinic import Person

FAY = PersonId("p-fay")
ROBIN = PersonId("p-robin")


def person(id: str, role: Role = Role.PARTICIPANT, *, track: str = "adult", zone: str = "America/New_York") -> Person:
    """ "p-robin" is called Robin Example."""
    return Person(person=PersonId(id), name=f"{id[2:].capitalize()} Example", role=role, track=track, zone=zone)
