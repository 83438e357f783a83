"""`python -m server pin`: what one of the staff needs before they can choose a signing PIN, or choose it anew."""

from __future__ import annotations

import click

from facilitation.ids import PersonId
from facilitation.people import STAFF
from server.config import load
from server.operator import work_with_store
from server.signing import SetUpCodes
from server.store.ports import Store
from server.web.site import CLINIC


@click.group()
def command() -> None:
    """Signing PINs. They are kept as hashes: nobody can look one up."""


@command.command()
@click.argument("person")
def code(person: str) -> None:
    """Print the set-up code with which PERSON chooses their signing PIN.

    Read it out to them by another way than their link goes: whoever has both can sign in their name.
    """
    work_with_store(lambda store: _code(store, PersonId(person)))


@command.command()
@click.argument("person")
def forget(person: str) -> None:
    """Let PERSON choose a new signing PIN at their next signature, with their set-up code.

    Do it only when you know that it is really they who ask. What was signed before stays as it is.
    """
    work_with_store(lambda store: _forget(store, PersonId(person)))


async def _code(store: Store, person: PersonId) -> int:
    staff = await _staff(store)
    if person not in staff:
        click.echo(f"{person} is nobody of the staff. Staff of this clinic: {_listed(staff)}.", err=True)
        return 1
    click.echo(f"Set-up code of {person}: {_code_of(person)}")
    if await store.signing.pin(person) is not None:
        click.echo("They have a signing PIN already; the code is good once it is forgotten (pin forget).")
    return 0


async def _forget(store: Store, person: PersonId) -> int:
    if await store.signing.forget(person):
        click.echo(f"Done. {person} chooses a new signing PIN at the next signature, with the code {_code_of(person)}.")
        return 0
    click.echo(f"{person} has no signing PIN. Staff of this clinic: {_listed(await _staff(store))}.", err=True)
    return 1


def _code_of(person: PersonId) -> str:
    return SetUpCodes(load().signing_keys(), clinic=CLINIC).of(person)


async def _staff(store: Store) -> list[PersonId]:
    return sorted(each.person for each in await store.clinic.list_people() if each.role in STAFF)


def _listed(people: list[PersonId]) -> str:
    return ", ".join(people) or "nobody yet"
