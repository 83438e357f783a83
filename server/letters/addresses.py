"""Where letters to somebody go: the address they sign in with, else the one that invitations go to."""

from __future__ import annotations

from facilitation.ids import PersonId
from server.accounts.shelves import shelves
from server.people.contacts import contacts
from server.store.register import Register


async def addresses(register: Register) -> dict[PersonId, str]:
    """Of everybody whose address is known. Raises StoreUnavailable, CorruptLog."""
    invited = (held.value for held in (await contacts(register).all()).values())
    found = {each.person: each.email for each in invited if each.email}
    accounts = (held.value for held in (await shelves(register).accounts.all()).values())
    return found | {each.person: each.email for each in accounts if each.email}
