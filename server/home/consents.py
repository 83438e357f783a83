"""The cards of consents: what waits for one's own signature, and whose are missing."""

from __future__ import annotations

from typing import Any, Final

from facilitation.consents import SignedAs
from server.door.consents import Consents
from server.home.visit import Visit

SHOWN_MAX: Final = 4


class ToSign:
    """The card `to_sign`; none where nothing waits. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, consents: Consents) -> None:
        self._consents = consents

    async def __call__(self, visit: Visit) -> dict[str, Any] | None:
        if visit.person is None:
            return None
        asked = await self._consents.of(visit.person, language=visit.words.language)
        titles = [
            each.form.title
            for each in asked
            if each.required and each.form is not None and SignedAs.SELF in each.standing.lacking
        ]
        return {"titles": titles, "url": f"/consents{visit.me.choice}"} if titles else None


class ConsentsMissing:
    """The card `consents`: whose way in waits for a signature. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, consents: Consents) -> None:
        self._consents = consents

    async def __call__(self, visit: Visit) -> dict[str, Any]:
        missing = await self._consents.missing()
        return {
            "names": [each.person.name for each in missing[:SHOWN_MAX]],
            "named": [each.person.person for each in missing[:SHOWN_MAX]],
            "more": len(missing[SHOWN_MAX:]),
            "url": f"/consents/missing{visit.me.choice}",
        }
