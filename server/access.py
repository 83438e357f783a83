"""How far everybody is on their way in, and asking them in: the port `Access` of the pages about people."""

from __future__ import annotations

from collections.abc import Mapping

from facilitation.ids import PersonId
from server.accounts.parts import Parts
from server.peoplebook import Standing
from server.web.auth import Visitor


class AccountAccess:
    """Every method may raise StoreUnavailable and CorruptLog."""

    def __init__(self, accounts: Parts) -> None:
        self._accounts = accounts

    async def standings(self) -> Mapping[PersonId, Standing]:
        """Who has a way in is in, also while a new invitation waits for them."""
        accounts = await self._accounts.book.shelves.accounts.all()
        invited = dict.fromkeys(await self._accounts.invitations.waiting(), Standing.INVITED)
        return invited | {PersonId(id): Standing.IN for id, held in accounts.items() if held.value.opens}

    async def invite(self, person: PersonId, address: str, *, by: Visitor) -> None:
        await self._accounts.invitations.invite(person, address, by=by.person, role=by.role, deliver=True)
