"""The demo clinic, as those see it who try to learn more of it than they may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.people import Expected, Role
from facilitation.timebase import Instant
from server.clock import FakeClock
from tests.support.clinic import ASH, GRAY, OLA, ROBIN, Clinic, clinic
from tests.support.holes import mark


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    """Ola watches the evening, so that each session role is on its list; Gray answers for Robin."""
    async with clinic(tmp_path, clock) as place:
        ola = Expected(person=OLA, role=Role.OBSERVER, name="Ola Observer")
        place.sessions[0] = replace(place.evening, roster=(*place.evening.roster, ola))
        await place.store.clinic.put_session(place.evening)
        await answer_for(place, ROBIN)
        yield place


@pytest_asyncio.fixture
async def marked_place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    """Under unmistakable names; Gray may do for Ash whatever a guardian can be allowed."""
    async with clinic(tmp_path, clock) as place:
        for person in await place.store.clinic.list_people():
            await place.store.clinic.put_person(replace(person, name=mark(person.person)))
        for n, session in enumerate(place.sessions):
            roster = tuple(replace(each, name=mark(each.person)) for each in session.roster)
            place.sessions[n] = replace(session, roster=roster)
            await place.store.clinic.put_session(place.sessions[n])
        await answer_for(place, ASH)
        yield place


async def answer_for(place: Clinic, teen: PersonId) -> None:
    bond = Guardianship(guardian=GRAY, teen=teen, since=Instant(0), may=frozenset(Care))
    await place.accounts.book.shelves.guardianships.put(bond, upon=0, by="", at=place.clock.now())
