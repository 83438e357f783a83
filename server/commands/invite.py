"""`python -m server invite`: a link with which somebody chooses how they sign in, for who cannot be reached by mail."""

from __future__ import annotations

import click

from facilitation.ids import PersonId
from facilitation.people import Role
from server.accounts import first
from server.accounts.parts import operators_parts
from server.config import load
from server.operator import work_with_store
from server.store.clinic import Person
from server.store.ports import Store


@click.command()
@click.argument("person", required=False)
@click.option("--email", default="", help="Their mail address; without it their first page asks for it.")
def command(person: str | None, email: str) -> None:
    """Print a link with which PERSON chooses how they sign in. Without PERSON: the administrator of this clinic.

    The link works once, within seven days, and ends every way in that they had when it is used. Give it to nobody else:
    whoever opens it first is that person from then on.
    """
    work_with_store(lambda store: _invite(store, PersonId(person) if person else None, email))


async def _invite(store: Store, person: PersonId | None, email: str) -> int:
    parts = operators_parts(load(), store)
    people = {each.person: each for each in await store.clinic.list_people()}
    if person is None:
        person = await _administrator(store, list(people.values()))
    elif person not in people:
        click.echo(
            f"{person} is nobody of this clinic. There are: {', '.join(sorted(people)) or 'nobody yet'}.", err=True
        )
        return 1
    link = await parts.invitations.invite(person, email, by="", role=None)
    click.echo(f"For {person}, once, within seven days:\n{link}")
    return 0


async def _administrator(store: Store, people: list[Person]) -> PersonId:
    for each in people:
        if each.role is Role.ADMINISTRATOR:
            return each.person
    zone = people[0].zone if people else "America/New_York"
    person = Person(person=first.PERSON, name=first.NAME, role=Role.ADMINISTRATOR, track="adult", zone=zone)
    await store.clinic.put_person(person)
    return person.person
