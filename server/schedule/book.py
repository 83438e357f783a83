"""The schedule where it is kept: read as a whole, changed record by record, and planned after every change.

A background task plans once an hour besides, because the weeks roll on, and takes in at once what another process
changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

import structlog

from facilitation.ids import PersonId, SessionId
from facilitation.makeups import MakeUp, Standing
from facilitation.plan import SessionPlan
from facilitation.programme import Programme
from server.clock import Clock
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.schedule.planner import BegunOf, Planned, Planner
from server.schedule.shelves import Shelves
from server.schedule.snapshot import Schedule
from server.store.ports import Store
from server.store.register import Draft, Held, Shelf, put_all

log = structlog.get_logger(__name__)

EVERY_S: Final = 3_600.0
AGAIN_S: Final = 15.0

T = TypeVar("T")
Id = TypeVar("Id", bound=str)


class Catalog(Protocol):
    """What the files of the catalog hold, and the clinic's own beside it."""

    @property
    def plans(self) -> dict[str, SessionPlan]: ...
    @property
    def programmes(self) -> dict[str, Programme]: ...
    def take_in(self, plans: Mapping[str, SessionPlan], programmes: Mapping[str, Programme]) -> None: ...


def own_name(id: str, version: int) -> str:
    """What a version of a clinic's own plan or programme is called in the catalog: "adult@3"."""
    return f"{id}@{version}"


class ScheduleBook:
    """Every method may raise StoreUnavailable or CorruptLog. `tell`: lets people know what has changed for them."""

    def __init__(
        self,
        store: Store,
        *,
        catalog: Catalog,
        begun: BegunOf,
        clock: Clock,
        tell: Callable[[Planned], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self.begun = begun
        self._tell = tell
        self._planner = Planner(
            sessions=store.clinic, begun=begun, clinic=store.keys.clinic, programmes=catalog.programmes
        )
        self._planning = asyncio.Lock()
        self.shelves = Shelves(store.register)

    # ------------------------------------------------------------------ reading

    async def load(self) -> Schedule:
        """As it stands now. The catalog knows afterwards every plan and programme that is named in it."""
        revisions: dict[tuple[str, str], int] = {}

        async def values(kind: str, shelf: Shelf[T]) -> dict[str, T]:
            every = await shelf.all()
            revisions.update({(kind, id): held.revision for id, held in every.items()})
            return {id: held.value for id, held in every.items()}

        await values("plan", self.shelves.plans)
        await values("programme", self.shelves.programmes)
        plans = {id: own_name(id, revision) for (kind, id), revision in revisions.items() if kind == "plan"}
        programmes = {id: own_name(id, revision) for (kind, id), revision in revisions.items() if kind == "programme"}
        for id, name in plans.items():
            if name not in self._catalog.plans:
                self._catalog.take_in(_versions(await self.shelves.plans.history(id)), {})
        for id, name in programmes.items():
            if name not in self._catalog.programmes:
                self._catalog.take_in({}, _versions(await self.shelves.programmes.history(id)))
        people = {person.person: person for person in await self._store.clinic.list_people()}
        return Schedule(
            terms=_by_id(await values("term", self.shelves.terms)),
            cohorts=_by_id(await values("cohort", self.shelves.cohorts)),
            series=_by_id(await values("series", self.shelves.series)),
            enrolments=_by_id(await values("enrolment", self.shelves.enrolments)),
            covers=_by_id(await values("cover", self.shelves.covers)),
            discharges=_by_id(await values("discharge", self.shelves.discharges)),
            make_ups=_by_session(await values("make-up", self.shelves.make_ups)),
            guardianships=tuple((await values("guardianship", self.shelves.guardianships)).values()),
            people=people,
            plans=plans,
            programmes=programmes,
            revisions=revisions,
        )

    # ------------------------------------------------------------------ changing

    async def put(self, drafts: Sequence[Draft], *, by: PersonId | str) -> Planned:
        """All of them or none, and the weeks planned by them. Raises Stale."""
        await put_all(self._store.register, drafts, by=by, at=self._clock.now())
        return await self.plan()

    async def plan(self) -> Planned:
        """One after the other: of two runs at once the older one could write what the newer one has changed."""
        async with self._planning:
            planned = await self._planner.plan(await self.load(), now=self._clock.now())
        if self._tell is not None:
            await self._tell(planned)
        return planned

    async def run(self) -> None:
        """Plan now and again, until cancelled."""
        while True:
            wait_s = EVERY_S
            try:
                planned = await self.plan()
                if planned.made or planned.changed or planned.cancelled:
                    log.info(
                        "weeks planned",
                        made=len(planned.made),
                        changed=len(planned.changed),
                        cancelled=len(planned.cancelled),
                        kept=len(planned.kept),
                    )
            except StoreUnavailable as error:
                log.warning("the schedule waits for the store", error=str(error))
                wait_s = AGAIN_S
            except CorruptLog as error:
                log.error("the schedule cannot be read", error=str(error))
            except Exception:  # a mistake of ours in one record must not end what plans all others tomorrow
                log.exception("planning failed")
            await asyncio.sleep(wait_s)


def _versions(history: Sequence[Held[T]]) -> dict[str, T]:
    return {own_name(held.id, held.revision): held.value for held in history}


def _by_session(found: dict[str, MakeUp]) -> dict[SessionId, tuple[PersonId, ...]]:
    """Who comes to which session to make up for another."""
    agreed: dict[SessionId, tuple[PersonId, ...]] = {}
    for each in found.values():
        if each.standing is Standing.AGREED:
            agreed[each.session] = (*agreed.get(each.session, ()), each.person)
    return agreed


def _by_id(found: dict[str, T]) -> dict[Id, T]:
    """Records are named by ids, and an id is what it is in the domain."""
    return found  # type: ignore[return-value]
