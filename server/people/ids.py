"""By what name the clinic knows somebody new: one that follows from their address, for this clinic's servers alone.

A room shows its people's ids to one another. Did they follow from addresses alone, whoever knows somebody's address
could find out that they are in the group, whatever name they go by there.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from facilitation.ids import ClinicId, PersonId

Ids = Callable[[str], PersonId]
"""Whose an address is to be: always the same for one address, and telling nothing of it."""


def ids_under(secret: str, *, clinic: ClinicId) -> Ids:
    """Whoever is here already keeps the id that they have, also under another secret."""
    key = hmac.digest(secret.encode(), f"milieu.person\n{clinic}".encode(), "sha256")

    def id_of(email: str) -> PersonId:
        return PersonId("p-" + hmac.digest(key, email.casefold().encode(), "sha256").hex()[:20])

    return id_of
