"""What each cohort agreed on: versioned in the register, told to its rooms, and kept when a group agrees in one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from facilitation.agreement import CohortAgreement, Kept, checked
from facilitation.commands import Command, TellAgreement
from facilitation.ids import CohortId, PersonId, SessionId
from facilitation.timebase import Instant
from server.clock import Clock
from server.rooms.ports import CorruptLog, Stale, StoreUnavailable
from server.store.ports import Store
from server.store.register import Held, Shelf

log = structlog.get_logger(__name__)

TRIES: Final = 60
TRY_AGAIN_S: Final = 1.0
CLOSE_WITHIN_S: Final = 5.0


class Agreements:
    """Every awaited method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._clinic = store.clinic
        self._clock = clock
        self._shelf = Shelf(store.register, "group-agreement", CohortAgreement, id_of=lambda each: each.cohort)
        self._keeping: set[asyncio.Task[None]] = set()

    async def of(self, cohort: CohortId) -> Held[CohortAgreement] | None:
        return await self._shelf.get(cohort)

    async def versions(self, cohort: CohortId) -> list[Held[CohortAgreement]]:
        """The latest first."""
        return (await self._shelf.history(cohort))[::-1]

    async def brief(self, session: SessionId) -> list[Command]:
        """What a room of the cohort should know as it opens."""
        scheduled = await self._clinic.get_session(session)
        held = None if scheduled is None or scheduled.cohort is None else await self.of(scheduled.cohort)
        if held is None:
            return []
        value = held.value
        return [TellAgreement(version=value.version, lines=value.lines, agreed=value.agreed, at=value.at)]

    # ------------------------------------------------------------------ keeping

    def agreed(self, session: SessionId, kept: Kept) -> None:
        """A group agreed in its room. Kept soon, also if the store is away; a room that opens anew says it again."""
        task = asyncio.create_task(self._keep_until_kept(session, kept), name=f"agreement {session}")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def close(self) -> None:
        """What is being kept is kept first, if the store lets it."""
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=CLOSE_WITHIN_S)

    async def _keep_until_kept(self, session: SessionId, kept: Kept) -> None:
        for _ in range(TRIES):
            try:
                await self.keep(session, kept)
                return
            except (StoreUnavailable, Stale):
                await asyncio.sleep(TRY_AGAIN_S)
            except CorruptLog as error:
                log.critical("an agreement cannot be kept", session=session, error=str(error))
                return
        log.error("an agreement was not kept", session=session)

    async def keep(self, session: SessionId, kept: Kept) -> None:
        """What a group agreed on; of a session that belongs to no cohort it stays in its log. Raises Stale."""
        scheduled = await self._clinic.get_session(session)
        if scheduled is None or scheduled.cohort is None:
            return
        held = await self.of(scheduled.cohort)
        if held is None or held.value.at < kept.at:
            await self._put(scheduled.cohort, kept.lines, held, agreed=kept.agreed, by="", at=kept.at)

    async def write(self, cohort: CohortId, lines: Sequence[str], *, upon: int, by: PersonId) -> None:
        """Between sessions, by staff. Raises Refusal, Stale."""
        held = await self.of(cohort)
        if (held.revision if held else 0) != upon:
            raise Stale("group-agreement", cohort)
        said = checked(lines)
        if said != (held.value.lines if held else ()):
            await self._put(cohort, said, held, agreed=0, by=by, at=self._clock.now())

    async def _put(
        self,
        cohort: CohortId,
        lines: tuple[str, ...],
        held: Held[CohortAgreement] | None,
        *,
        agreed: int,
        by: PersonId | str,
        at: Instant,
    ) -> None:
        version = held.value.version + 1 if held else 1
        agreement = CohortAgreement(cohort=cohort, version=version, lines=lines, agreed=agreed, at=at)
        await self._shelf.put(agreement, upon=held.revision if held else 0, by=by, at=at)
