"""The first administrator of a clinic: whoever holds the link that the operator's terminal showed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from facilitation.accounts import Account
from facilitation.ids import PersonId
from facilitation.people import Role
from server.accounts.parts import Parts
from server.store.clinic import Person

PERSON: Final = PersonId("p-administrator")
NAME: Final = "Administrator"
"""Until they say what they are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """`link`: what they open, the same at every start until it is used or a week is over; None: they were sent one."""

    person: Person
    link: str | None


async def first_administrator(parts: Parts, people: Collection[Person], *, zone: str) -> First | None:
    """Who is to be the administrator of a clinic in which nobody can sign in as one yet; None: somebody can."""
    accounts = await parts.book.shelves.accounts.all()
    if any(_administers(person, accounts[person.person].value) for person in people if person.person in accounts):
        return None
    person = next((each for each in people if each.role is Role.ADMINISTRATOR), None)
    if person is None:
        person = Person(person=PERSON, name=NAME, role=Role.ADMINISTRATOR, track="adult", zone=zone)
        await parts.book.people.put_person(person)
    return First(person=person, link=await parts.invitations.lasting(person.person))


def _administers(person: Person, account: Account) -> bool:
    roles = {person.role, *account.also}
    return account.opens and not account.locked and Role.ADMINISTRATOR in roles
