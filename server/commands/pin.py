"""`python -m server pin forget PERSON`: for one of the staff who has forgotten their signing PIN."""

from __future__ import annotations

import click

from facilitation.ids import PersonId
from facilitation.people import STAFF
from server.operator import work_with_store
from server.store.ports import Store


@click.group()
def command() -> None:
    """Signing PINs. They are kept as hashes: nobody can look one up."""


@command.command()
@click.argument("person")
def forget(person: str) -> None:
    """Let PERSON choose a new signing PIN at their next signature.

    Do it only when you know that it is really they who ask: whoever signs first then chooses it. What was signed
    before stays as it is.
    """
    work_with_store(lambda store: _forget(store, PersonId(person)))


async def _forget(store: Store, person: PersonId) -> int:
    if await store.signing.forget(person):
        click.echo(f"Done. {person} chooses a new signing PIN at the next signature.")
        return 0
    staff = sorted(each.person for each in await store.clinic.list_people() if each.role in STAFF)
    click.echo(f"{person} has no signing PIN. Staff of this clinic: {', '.join(staff) or 'nobody yet'}.", err=True)
    return 1
