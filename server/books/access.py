"""Who of the clinic's people can sign in, and who was asked to: accounts, as the pages about people need them."""

from __future__ import annotations

from collections.abc import Mapping

from facilitation.accounts import Account, Invitation
from facilitation.ids import PersonId
from server.accounts.book import Book
from server.accounts.invitations import Invitations
from server.books.people import Standing
from server.derived import Derived
from server.store.register import Held
from server.web.auth import Visitor


class AccountAccess:
    """The port `Access` on accounts. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, book: Book, invitations: Invitations) -> None:
        self._book = book
        self._invitations = invitations
        self._standings = Derived(_standings)

    async def standings(self) -> Mapping[PersonId, Standing]:
        return self._standings.of(await self._invitations.waiting(), await self._book.shelves.accounts.all())

    async def invite(self, person: PersonId, address: str, *, by: Visitor) -> None:
        await self._invitations.invite(person, address, by=by.person, role=by.role, deliver=True)


def _standings(
    invited: Mapping[PersonId, Invitation], accounts: Mapping[str, Held[Account]]
) -> dict[PersonId, Standing]:
    found = dict.fromkeys(invited, Standing.INVITED)
    return found | {held.value.person: Standing.IN for held in accounts.values() if held.value.opens}
