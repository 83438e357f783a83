"""A participant or a guardian never learns who else is in a group, on any route, beyond what the room itself shows.

Everybody bears an unmistakable name, and every answer (body and headers) and every view that such a person can get is
searched for all the others'.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect

from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.timebase import Instant
from server.clock import FakeClock
from server.mail.memory import Pocket
from tests.support.clinic import ASH, FAY, GRAY, ROBIN, SAM, Clinic, clinic
from tests.support.routes import address, routes
from tests.support.visitor import Answer, Visitor


def mark(person: PersonId) -> str:
    """In no word of any language, and in no id."""
    return f"Zq{person.removeprefix('p-').capitalize()}xkv"


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    """The demo clinic under unmistakable names; Gray may do for Ash whatever a guardian can be allowed."""
    async with clinic(tmp_path, clock) as place:
        for person in await place.store.clinic.list_people():
            await place.store.clinic.put_person(replace(person, name=mark(person.person)))
        for n, session in enumerate(place.sessions):
            roster = tuple(replace(each, name=mark(each.person)) for each in session.roster)
            place.sessions[n] = replace(session, roster=roster)
            await place.store.clinic.put_session(place.sessions[n])
        bond = Guardianship(guardian=GRAY, teen=ASH, since=Instant(0), may=frozenset(Care))
        await place.accounts.book.shelves.guardianships.put(bond, upon=0, by="", at=clock.now())
        yield place


def addresses(place: Clinic) -> Iterator[tuple[str, str]]:
    """Every route of the application with ids that exist: one's own, one's group's, others'."""
    teens = place.sessions[2]
    for method, path in routes(place.app):
        if method == "WS" or path in ("/sign-out", "/lock", "/exit") or path.endswith("/exit"):
            continue  # a view is looked at by itself; the others end what is looked at
        plain = address(place, path, place.link(ROBIN, place.evening))
        for person in (ROBIN, SAM, ASH, FAY, GRAY):
            for session in (place.evening.session, teens.session):
                yield method, plain.replace(str(ROBIN), person).replace(place.evening.session, session)


async def answered(browser: Visitor, method: str, path: str) -> Answer:
    own = {"Origin": browser.base_url, "Sec-Fetch-Site": "same-origin"}
    return await browser.send(method, path, None if method == "GET" else b"", own)


async def others(place: Clinic, *known: PersonId) -> set[str]:
    """The names of everybody but these, who are participants or guardians. (Who leads a group is no secret.)"""
    people = await place.store.clinic.list_people()
    return {mark(each.person) for each in people if each.role in (Role.PARTICIPANT, Role.GUARDIAN)} - set(
        map(mark, known)
    )


@pytest.mark.parametrize(
    ("who", "known"), [(ROBIN, (ROBIN,)), (GRAY, (GRAY, ASH))], ids=["participant", "guardian of Ash"]
)
async def test_no_answer_names_another_member(place: Clinic, who: PersonId, known: tuple[PersonId, ...]) -> None:
    browser, _ = await place.begin(who)
    hidden = await others(place, *known)
    assert len(hidden) > 15
    leaks = set()
    for method, path in dict.fromkeys(addresses(place)):
        answer = await answered(browser, method, path)
        told = answer.body.decode(errors="replace") + str(answer.headers)
        leaks |= {(method, path, name) for name in hidden if name in told}
    assert leaks == set()
    assert isinstance(place.mail, Pocket)
    letters = "".join(each.subject + each.text for each in place.mail.letters)
    assert [name for name in hidden if name in letters] == []


async def test_the_marks_would_be_found(place: Clinic) -> None:
    """Staff see them: the search is able to find what it looks for."""
    browser, _ = await place.begin(FAY)
    assert mark(SAM) in (await browser.get("/weeks")).text


async def entered(place: Clinic, browser: Visitor) -> ClientConnection:
    socket = await connect(
        browser.base_url.replace("http", "ws") + f"/s/{place.evening.session}/socket",
        origin=browser.base_url,  # type: ignore[arg-type]
        additional_headers={"Cookie": browser.cookie},
        proxy=None,
    )
    await socket.send(json.dumps({"type": "hello", "protocol": 1, "device": "a-test", "mode": "room"}))
    return socket


async def view(socket: ClientConnection) -> tuple[Any, str]:
    """The next view, and all that came up to it."""
    told = ""
    async for message in socket:
        told += str(message)
        if json.loads(message)["type"] == "view":
            return json.loads(message), told
    raise AssertionError("the line ended")


async def test_at_the_door_a_view_names_nobody_who_takes_part(place: Clinic) -> None:
    browsers = [(await place.begin(person))[0] for person in (SAM, ROBIN)]
    sam = await entered(place, browsers[0])
    await view(sam)
    robin = await entered(place, browsers[1])
    _, told = await view(robin)
    assert mark(ROBIN) in told
    assert {name for name in await others(place, ROBIN) if name in told} == set()
    await sam.close()
    await robin.close()
