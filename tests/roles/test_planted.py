"""The checks of this folder are able to fail: holes are planted in the application, and each is found and named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from facilitation import commands as c
from facilitation import policy
from facilitation.people import Role
from facilitation.policy import ALLOWED, MAY, Action
from facilitation.room import decide
from server.mail.letter import Letter
from tests.support.clinic import GRAY, ROBIN, SAM, Clinic
from tests.support.holes import (
    clinic_roles_in_rooms,
    command_holes,
    leaks,
    mark,
    open_to_strangers,
    role_holes,
    table_holes,
    told_apart,
    unlisted_routes,
)

Handler = Callable[[Request], Awaitable[Response]]


def plant(place: Clinic, path: str, handler: Handler, method: str = "GET") -> None:
    """In the place of whatever answers there."""
    place.app.router.routes.insert(0, Route(path, handler, methods=[method]))


def says(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    async def handler(request: Request) -> Response:
        return PlainTextResponse(text, status, headers)

    return handler


# --------------------------------------------------------------------------- the tables


@pytest.mark.parametrize(
    ("role", "action"),
    [
        (Role.PARTICIPANT, Action.SEE_WEEKS),
        (Role.GUARDIAN, Action.SEE_MEMBERS),
        (Role.AUDITOR, Action.KEEP_LICENCES),
        (Role.OBSERVER, Action.TELL_ABSENCE),
        (Role.SCHEDULER, Action.READ_RECORD),
        (Role.FACILITATOR, Action.KEEP_ACCOUNTS),
        (Role.SUPERVISOR, Action.READ_ANY_RECORD),
    ],
)
def test_one_right_too_many_in_the_table_is_found(role: Role, action: Action) -> None:
    assert table_holes({**MAY, action: MAY[action] | {role}}) == [f"{role} may {action}"]


def test_an_action_that_the_table_forgets_is_found() -> None:
    assert table_holes({action: MAY[action] for action in MAY if action is not Action.SEE_AUDIT}) == [
        f"no role is named for: {Action.SEE_AUDIT}"
    ]


def test_a_room_that_takes_a_command_before_it_asks_who_asks_is_found() -> None:
    def lax(state: Any, command: c.Command, **more: Any) -> Any:
        return [] if isinstance(command, c.AdmitAll) else decide(state, command, **more)

    found = command_holes(lax, ALLOWED, [c.Admit, c.AdmitAll])
    assert "AdmitAll of a participant is taken" in found
    assert [each for each in found if not each.startswith("AdmitAll ")] == []


def test_a_room_that_looks_inside_a_command_before_it_asks_who_asks_is_found() -> None:
    def hasty(state: Any, command: Any, **more: Any) -> Any:
        return decide(state, command, **more) if command.person else []

    assert "Admit of a participant is looked at" in command_holes(hasty, ALLOWED, [c.Admit])


def test_a_role_of_the_clinic_that_is_given_a_command_is_found() -> None:
    planted = {**ALLOWED, c.Admit: ALLOWED[c.Admit] | {Role.SCHEDULER}}
    assert clinic_roles_in_rooms(planted) == [f"{Role.SCHEDULER} asks Admit of a room"]


# --------------------------------------------------------------------------- roles on routes


async def test_a_right_that_the_running_table_gives_is_found_on_its_route(
    place: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(policy.MAY, Action.SEE_CLINIC, MAY[Action.SEE_CLINIC] | {Role.PARTICIPANT})
    assert await role_holes(place, Role.PARTICIPANT, only={"/clinic", "/people"}) == [
        "participant GET /clinic: 200, though the table says no"
    ]


async def test_a_handler_that_forgets_the_doorkeeper_is_found(place: Clinic) -> None:
    only = {"/people", "/accounts"}
    assert await open_to_strangers(place, only=only) == []
    plant(place, "/accounts", says("everybody's account"))
    assert await open_to_strangers(place, only=only) == ["a stranger GET /accounts: 200"]
    assert await role_holes(place, Role.GUARDIAN, only=only) == [
        "guardian GET /accounts: 200, though the table says no"
    ]


async def test_a_handler_that_refuses_whom_the_table_lets_in_is_found(place: Clinic) -> None:
    plant(place, "/people", says("no", 403))
    assert await role_holes(place, Role.FACILITATOR, only={"/people", "/weeks"}) == [
        "facilitator GET /people: 403, though the table says yes"
    ]


async def test_a_route_without_a_row_is_found(place: Clinic) -> None:
    plant(place, "/everybody.json", says("[]"), "POST")
    assert unlisted_routes(place.app) == ["POST /everybody.json has no row"]


# --------------------------------------------------------------------------- who else is there


async def test_a_page_that_names_another_member_is_found(marked_place: Clinic) -> None:
    assert await leaks(marked_place, ROBIN, ROBIN, only={"/calendar"}) == []
    plant(marked_place, "/calendar", says(f"Your group: you and {mark(SAM)}."))
    assert await leaks(marked_place, ROBIN, ROBIN, only={"/calendar"}) == [
        f"GET /calendar tells {ROBIN} of {mark(SAM)}"
    ]


async def test_a_header_that_names_another_member_is_found(marked_place: Clinic) -> None:
    plant(marked_place, "/calendar", says("fine", headers={"X-Beside": mark(SAM)}))
    assert await leaks(marked_place, GRAY, GRAY, only={"/calendar"}) == [f"GET /calendar tells {GRAY} of {mark(SAM)}"]


async def test_a_letter_that_names_another_member_is_found(marked_place: Clinic) -> None:
    async def write(request: Request) -> Response:
        await marked_place.mail.send(
            Letter(key="k", to="robin@example.org", subject="Your meeting", text=f"{mark(SAM)} will be there.")
        )
        return PlainTextResponse("sent")

    plant(marked_place, "/calendar/new", write, "POST")
    assert await leaks(marked_place, ROBIN, ROBIN, only={"/calendar/new"}) == [f"a letter tells of {mark(SAM)}"]


@pytest.mark.parametrize(
    ("there", "nowhere"),
    [(says("no", 403), says("none", 404)), (says("not yours"), says("nobody of that name"))],
    ids=["by the status", "by the words"],
)
async def test_an_answer_that_tells_whether_somebody_exists_is_found(
    marked_place: Clinic, there: Handler, nowhere: Handler
) -> None:
    async def answer(request: Request) -> Response:
        known = await marked_place.store.clinic.get_person(request.path_params["person"])
        return await (there if known else nowhere)(request)

    only = {"/progress/{person}", "/statement/{person}"}
    assert await told_apart(marked_place, ROBIN, None, only=only, least=1) == []
    plant(marked_place, "/statement/{person}", answer)
    found = await told_apart(marked_place, ROBIN, None, only=only, least=1)
    assert found
    assert all(each.startswith("GET /statement/{person} tells whether there is such a one") for each in found)
