"""What the clinic's people need of accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from facilitation.ids import PersonId
from server.store.register import Draft


class Standing(StrEnum):
    """How far somebody is on their way in."""

    UNINVITED = "not invited yet"
    INVITED = "invited"
    IN = "signs in"


class Accounts(Protocol):
    """Who signs in with which address. Raises StoreUnavailable, CorruptLog."""

    async def addresses(self) -> Mapping[PersonId, str]: ...
    def opened(self, person: PersonId, address: str) -> Draft:
        """An account for somebody who has none."""
        ...

    async def standings(self) -> Mapping[PersonId, Standing]:
        """Of everybody who has an account."""
        ...

    async def invite(self, people: Sequence[PersonId], *, by: PersonId) -> int:
        """Send each of these a letter with a link that works once; how many went out. Who is in already gets none."""
        ...
