"""The first administrator of a clinic: whoever holds the link that the operator's terminal showed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from facilitation.accounts import Account
from facilitation.ids import PersonId
from facilitation.people import Role
from server.accounts.parts import Parts
from server.store.clinic import Person

PERSON: Final = PersonId("p-administrator")
NAME: Final = "Administrator"
"""Until they say what they are called."""


async def first_administrator(parts: Parts, people: Collection[Person], *, zone: str) -> tuple[Person, str] | None:
    """A fresh link for a clinic in which nobody can sign in as an administrator yet; None: somebody can.

    It takes the place of earlier ones. The person may be new: put them before the link is used.
    """
    accounts = await parts.book.shelves.accounts.all()
    if any(_administers(person, accounts[person.person].value) for person in people if person.person in accounts):
        return None
    person = next((each for each in people if each.role is Role.ADMINISTRATOR), None)
    if person is None:
        person = Person(person=PERSON, name=NAME, role=Role.ADMINISTRATOR, track="adult", zone=zone)
        await parts.book.people.put_person(person)
    return person, await parts.invitations.invite(person.person, "", by="", role=None)


def _administers(person: Person, account: Account) -> bool:
    roles = {person.role, *account.also}
    return account.opens and not account.locked and Role.ADMINISTRATOR in roles
