"""A participant or a guardian never learns who else is in a group, on any route, beyond what the room itself shows.

Everybody bears an unmistakable name, and every answer (body and headers) and every view that such a person can get is
searched for all the others'.
"""

from __future__ import annotations

import json
from hashlib import md5, sha1, sha256
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from facilitation.ids import PersonId
from server.people.ids import ids_under
from server.web.site import CLINIC
from tests.support.clinic import ASH, FAY, GRAY, ROBIN, SAM, Clinic
from tests.support.holes import hidden_names, leaks, mark, told_apart
from tests.support.visitor import Visitor


@pytest.mark.parametrize(
    ("who", "known"), [(ROBIN, (ROBIN,)), (GRAY, (GRAY, ASH))], ids=["participant", "guardian of Ash"]
)
async def test_no_answer_and_no_letter_names_another_member(
    marked_place: Clinic, who: PersonId, known: tuple[PersonId, ...]
) -> None:
    assert await leaks(marked_place, who, *known) == []


@pytest.mark.parametrize(("who", "ward"), [(ROBIN, None), (GRAY, ASH)], ids=["participant", "guardian of Ash"])
async def test_what_is_somebody_elses_is_answered_as_what_does_not_exist(
    marked_place: Clinic, who: PersonId, ward: PersonId | None
) -> None:
    assert await told_apart(marked_place, who, ward) == []


async def test_a_name_in_a_room_does_not_follow_from_an_address(marked_place: Clinic) -> None:
    """Whoever knows where somebody is written to cannot work out which of those in a room they are."""
    mail = "sam@example.org"
    known = [marked_place.settings.clinic_name, "demo", "milieu.person", ""]
    guesses = {
        digest(f"{word}{between}{mail}".encode()).hexdigest()
        for digest in (sha256, sha1, md5)
        for word in known
        for between in ("", "\n", " ", ":")
    }
    told = marked_place.newcomer(mail).removeprefix("p-")
    assert told == marked_place.newcomer("SAM@example.org").removeprefix("p-")
    assert not any(guess.startswith(told) for guess in guesses)
    other = ids_under("another secret of forty characters, or so", clinic=CLINIC)
    assert other(mail).removeprefix("p-") != told


async def test_the_marks_would_be_found(marked_place: Clinic) -> None:
    """Staff see them: the search is able to find what it looks for."""
    browser, _ = await marked_place.begin(FAY)
    assert mark(SAM) in (await browser.get("/weeks")).text


async def entered(place: Clinic, browser: Visitor) -> ClientConnection:
    socket = await connect(
        browser.base_url.replace("http", "ws") + f"/s/{place.evening.session}/socket",
        origin=browser.base_url,
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


async def test_at_the_door_a_view_names_nobody_who_takes_part(marked_place: Clinic) -> None:
    browsers = [(await marked_place.begin(person))[0] for person in (SAM, ROBIN)]
    sam = await entered(marked_place, browsers[0])
    await view(sam)
    robin = await entered(marked_place, browsers[1])
    _, told = await view(robin)
    assert mark(ROBIN) in told
    assert {name for name in await hidden_names(marked_place, ROBIN) if name in told} == set()
    await sam.close()
    await robin.close()
