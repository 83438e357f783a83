"""The trail of readings: who is about to read whose record, kept before anything is shown."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import Final

from facilitation.audit import Trace
from facilitation.ids import PersonId, SessionId
from facilitation.policy import Action
from facilitation.timebase import Instant
from server.clock import Clock
from server.store.ports import Audit
from server.web.auth import READS_ON_MS, Visitor

LATELY_MAX: Final = 5_000
"""Pages of people that are remembered."""


class Trail:
    """The port `Trail` of the doorkeeper. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, audit: Audit, *, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._lately: OrderedDict[tuple[PersonId, str], tuple[Instant, frozenset[PersonId]]] = OrderedDict()

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

    async def once(self, visitor: Visitor, action: Action, *, about: Collection[PersonId], page: str) -> None:
        """Of a page that names people: not again within the hour, unless it names somebody whom it did not then."""
        now, key = self._clock.now(), (visitor.person, f"{action} {page}")
        at, seen = self._lately.get(key, (now, frozenset()))
        if now >= at + READS_ON_MS:
            at, seen = now, frozenset()
        if not frozenset(about) <= seen:
            await self(visitor, action, about=tuple(about), session="")
            self._lately[key] = (at, seen | frozenset(about))
            self._lately.move_to_end(key)
            while len(self._lately) > LATELY_MAX:
                self._lately.popitem(last=False)
