"""A participant or a guardian never learns who else is in a group, on any route, beyond what the room itself shows.

Everybody bears an unmistakable name, and every answer (body and headers) and every view that such a person can get is
searched for all the others'.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from hashlib import md5, sha1, sha256
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect

from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.timebase import Instant
from server import demo_week
from server.clock import FakeClock
from server.mail.memory import Pocket
from server.people.ids import ids_under
from server.web.site import CLINIC
from tests.support.clinic import ASH, FAY, GRAY, OLA, ROBIN, SAM, Clinic, clinic
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


NOBODY, NOWHERE = PersonId("p-zqnobody"), SessionId("s-zqnowhere")
MADE_UP = {
    **dict.fromkeys(
        ("cohort", "series", "term", "plan", "programme", "skill", "exercise", "curriculum", "goal"), "zqnothing"
    ),
    "person": NOBODY,
    "guardian": NOBODY,
    "session": NOWHERE,
}


def pairs(place: Clinic, who: PersonId, ward: PersonId | None) -> Iterator[tuple[str, str, str]]:
    """Of every route, what exists and is somebody else's beside what does not exist, in every place of the address."""
    theirs: dict[str, tuple[str, ...]] = {
        "person": tuple(each for each in (SAM, ASH, FAY, GRAY, OLA) if each not in (who, ward)),
        "guardian": (PersonId("p-gale"),),
        "session": (place.sessions[2].session, place.sessions[3].session),
        "cohort": (demo_week.EVENING, demo_week.TEENS),
        "series": ("w-evening", "w-teens"),
        "skill": ("wise-mind",),
        "exercise": ("body-scan",),
        "curriculum": ("adult",),
        "term": (demo_week.TERM,),
        "plan": ("adult",),
        "programme": ("adult-iop",),
    }
    rest = {"on": "2026-12-02", "week": "1", "name": "walk", "subject": "group", "goal": "g-1", "token": "no-token"}
    for method, path in routes(place.app):
        names = [name for name in theirs if f"{{{name}}}" in path]
        if method == "WS" or not names or path.endswith("/exit"):
            continue
        usual = rest | {"person": who, "guardian": who, "session": place.evening.session}
        usual |= {name: theirs[name][0] for name in names if name not in usual}
        for name in names:
            for there in theirs[name]:
                yield method, path.format_map(usual | {name: there}), path.format_map(usual | {name: MADE_UP[name]})


def without(answer: Answer, path: str) -> tuple[int, str]:
    """What is told, whatever was asked for."""
    body = answer.body.decode(errors="replace")
    for part in path.split("/"):
        if len(part) > 4:
            body = body.replace(part, "-")
    return answer.status, body


@pytest.mark.parametrize(("who", "ward"), [(ROBIN, None), (GRAY, ASH)], ids=["participant", "guardian of Ash"])
async def test_what_is_somebody_elses_is_answered_as_what_does_not_exist(
    place: Clinic, who: PersonId, ward: PersonId | None
) -> None:
    browser, _ = await place.begin(who)
    told = []
    compared = 0
    for method, there, nowhere in pairs(place, who, ward):
        compared += 1
        first, second = await answered(browser, method, there), await answered(browser, method, nowhere)
        if without(first, there) != without(second, nowhere):
            told.append(f"{method} {there}: {first.status}, and {nowhere}: {second.status}")
    assert compared > 150
    assert told == []


async def test_a_name_in_a_room_does_not_follow_from_an_address(place: Clinic) -> None:
    """Whoever knows where somebody is written to cannot work out which of those in a room they are."""
    mail = "sam@example.org"
    known = [place.settings.clinic_name, "demo", "milieu.person", ""]
    guesses = {
        digest(f"{word}{between}{mail}".encode()).hexdigest()
        for digest in (sha256, sha1, md5)
        for word in known
        for between in ("", "\n", " ", ":")
    }
    told = place.newcomer(mail).removeprefix("p-")
    assert told == place.newcomer("SAM@example.org").removeprefix("p-")
    assert not any(guess.startswith(told) for guess in guesses)
    other = ids_under("another secret of forty characters, or so", clinic=CLINIC)
    assert other(mail).removeprefix("p-") != told


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
