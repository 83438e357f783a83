"""The trail of readings: who is about to read whose record, kept before anything is shown."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from facilitation.audit import Trace
from facilitation.ids import PersonId, SessionId
from facilitation.policy import Action
from server.clock import Clock
from server.store.ports import Audit
from server.web.auth import Visitor


class Trail:
    """The port `Trail` of the doorkeeper. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, audit: Audit, *, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    async def __call__(
        self, visitor: Visitor, action: Action, *, about: Sequence[PersonId], session: SessionId | str
    ) -> None:
        glass = next((each for each in visitor.glass if each.session == session), None)
        await self._audit.record(
            Trace(
                trace=f"read-{secrets.token_hex(12)}",
                at=self._clock.now(),
                by=visitor.person,
                role=visitor.role,
                action=action,
                about=tuple(about),
                session=session,
                reason=glass.reason if glass is not None and action is Action.READ_ANY_RECORD else "",
            )
        )
