"""The schedule where it is kept: read as a whole, changed record by record, and planned after every change.

A background task plans once an hour besides, because the weeks roll on, and takes in at once what another process
changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

import structlog

from facilitation.cohorts import Cohort
from facilitation.enrolment import Discharge, Enrolment
from facilitation.guardianship import Guardianship
from facilitation.ids import PersonId, SessionId
from facilitation.makeups import MakeUp, Standing
from facilitation.plan import SessionPlan
from facilitation.programme import Programme
from facilitation.schedule import Cover, Series
from facilitation.terms import Term
from server.clock import Clock
from server.derived import Derived
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.schedule.planner import BegunOf, Planned, Planner
from server.schedule.shelves import Shelves
from server.schedule.snapshot import Schedule
from server.store.clinic import Person
from server.store.ports import Store
from server.store.register import Draft, Held, put_all

log = structlog.get_logger(__name__)

EVERY_S: Final = 3_600.0
AGAIN_S: Final = 15.0

T = TypeVar("T")
Id = TypeVar("Id", bound=str)
Kept = Mapping[str, Held[T]]


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
        self._schedule = Derived(_schedule)
        self.shelves = Shelves(store.register)

    # ------------------------------------------------------------------ reading

    async def load(self) -> Schedule:
        """As it stands now. The catalog knows afterwards every plan and programme that is named in it.

        The same object as before while nothing of it has changed.
        """
        shelves = self.shelves
        schedule = self._schedule.of(
            await self._store.clinic.list_people(),
            await shelves.plans.all(),
            await shelves.programmes.all(),
            await shelves.terms.all(),
            await shelves.cohorts.all(),
            await shelves.series.all(),
            await shelves.enrolments.all(),
            await shelves.covers.all(),
            await shelves.discharges.all(),
            await shelves.make_ups.all(),
            await shelves.guardianships.all(),
        )
        for id, name in schedule.plans.items():
            if name not in self._catalog.plans:
                self._catalog.take_in(_versions(await shelves.plans.history(id)), {})
        for id, name in schedule.programmes.items():
            if name not in self._catalog.programmes:
                self._catalog.take_in({}, _versions(await shelves.programmes.history(id)))
        return schedule

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


def _schedule(
    people: Sequence[Person],
    plans: Kept[SessionPlan],
    programmes: Kept[Programme],
    terms: Kept[Term],
    cohorts: Kept[Cohort],
    series: Kept[Series],
    enrolments: Kept[Enrolment],
    covers: Kept[Cover],
    discharges: Kept[Discharge],
    make_ups: Kept[MakeUp],
    guardianships: Kept[Guardianship],
) -> Schedule:
    kinds: dict[str, Kept[Any]] = {
        "plan": plans,
        "programme": programmes,
        "term": terms,
        "cohort": cohorts,
        "series": series,
        "enrolment": enrolments,
        "cover": covers,
        "discharge": discharges,
        "make-up": make_ups,
        "guardianship": guardianships,
    }
    return Schedule(
        terms=_by_id(terms),
        cohorts=_by_id(cohorts),
        series=_by_id(series),
        enrolments=_by_id(enrolments),
        covers=_by_id(covers),
        discharges=_by_id(discharges),
        make_ups=_by_session(held.value for held in make_ups.values()),
        guardianships=tuple(held.value for held in guardianships.values()),
        people={person.person: person for person in people},
        plans={id: own_name(id, held.revision) for id, held in plans.items()},
        programmes={id: own_name(id, held.revision) for id, held in programmes.items()},
        revisions={(kind, id): held.revision for kind, every in kinds.items() for id, held in every.items()},
    )


def _by_session(found: Iterable[MakeUp]) -> dict[SessionId, tuple[PersonId, ...]]:
    """Who comes to which session to make up for another."""
    agreed: dict[SessionId, tuple[PersonId, ...]] = {}
    for each in found:
        if each.standing is Standing.AGREED:
            agreed[each.session] = (*agreed.get(each.session, ()), each.person)
    return agreed


def _by_id(found: Kept[T]) -> dict[Id, T]:
    """Records are named by ids, and an id is what it is in the domain."""
    return {id: held.value for id, held in found.items()}  # type: ignore[misc]
