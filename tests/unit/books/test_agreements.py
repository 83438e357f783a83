"""A cohort's agreement from session to session: kept in versions, told to rooms, written by staff in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation.agreement import Kept
from facilitation.commands import TellAgreement
from facilitation.errors import Refusal
from facilitation.ids import CohortId, PersonId, SessionId
from facilitation.timebase import Instant
from server.books.agreements import Agreements
from server.clock import Clock
from server.rooms.ports import Stale
from server.store import memory
from server.store.ports import Store
from tests.support.evening import FAY, Evening

START = 1_795_021_200_000
COHORT = CohortId("c-evening")
SESSION = SessionId("s-1")
LISTEN = ("We listen to the end.",)


class Told(Clock):
    def __init__(self) -> None:
        self.at = Instant(START)

    def now(self) -> Instant:
        return self.at


async def clinic(cohort: CohortId | None = COHORT) -> tuple[Store, Agreements]:
    store = memory.connect()
    scheduled = replace(Evening(session=SESSION, starts_at=START, people=1).scheduled, cohort=cohort)
    await store.clinic.put_session(scheduled)
    return store, Agreements(store, clock=Told())


def kept(*lines: str, at: int = START + 5) -> Kept:
    return Kept(version=1, lines=lines, agreed=4, at=Instant(at), here=True)


async def test_what_a_group_agreed_on_is_told_to_its_next_room() -> None:
    _, agreements = await clinic()
    assert await agreements.brief(SESSION) == []
    agreements.agreed(SESSION, kept(*LISTEN))
    await agreements.close()
    assert await agreements.brief(SESSION) == [TellAgreement(version=1, lines=LISTEN, agreed=4, at=Instant(START + 5))]
    await agreements.keep(SESSION, kept(*LISTEN))
    assert len(await agreements.versions(COHORT)) == 1, "to say it twice changes nothing"


async def test_the_later_one_stands_whoever_wrote_it() -> None:
    _, agreements = await clinic()
    await agreements.keep(SESSION, kept(*LISTEN, at=START - 5))
    await agreements.write(COHORT, ["We pass.", "  ", "We pass."], upon=1, by=FAY)
    await agreements.keep(SESSION, kept("An older word.", at=START - 1))
    held = await agreements.of(COHORT)
    assert held is not None and held.value.lines == ("We pass.",)
    assert (held.value.version, held.value.agreed, held.by) == (2, 0, FAY)
    assert [each.value.version for each in await agreements.versions(COHORT)] == [2, 1]


async def test_of_two_who_write_the_second_is_told() -> None:
    _, agreements = await clinic()
    await agreements.write(COHORT, LISTEN, upon=0, by=FAY)
    with pytest.raises(Stale):
        await agreements.write(COHORT, ["Other words."], upon=0, by=PersonId("p-cody"))
    with pytest.raises(Refusal):
        await agreements.write(COHORT, ["a" * 1_000], upon=1, by=FAY)
    await agreements.write(COHORT, LISTEN, upon=1, by=FAY)
    assert len(await agreements.versions(COHORT)) == 1, "the same lines are no new version"


async def test_a_session_of_no_cohort_keeps_its_agreement_to_itself() -> None:
    _, agreements = await clinic(None)
    await agreements.keep(SESSION, kept(*LISTEN))
    await agreements.keep(SessionId("s-nowhere"), kept(*LISTEN))
    assert await agreements.brief(SESSION) == [] and await agreements.of(COHORT) is None
