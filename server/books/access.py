"""Who of the clinic's people can sign in, and who was asked to: accounts, as the pages about people need them."""

from __future__ import annotations

from collections.abc import Mapping

from facilitation.ids import PersonId
from server.accounts.book import Book
from server.accounts.invitations import Invitations
from server.books.people import Standing
from server.web.auth import Visitor


class AccountAccess:
    """The port `Access` on accounts. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, book: Book, invitations: Invitations) -> None:
        self._book = book
        self._invitations = invitations

    async def standings(self) -> Mapping[PersonId, Standing]:
        invited = dict.fromkeys(await self._invitations.waiting(), Standing.INVITED)
        accounts = [held.value for held in (await self._book.shelves.accounts.all()).values()]
        return invited | {account.person: Standing.IN for account in accounts if account.opens}

    async def invite(self, person: PersonId, address: str, *, by: Visitor) -> None:
        await self._invitations.invite(person, address, by=by.person, role=by.role, deliver=True)
