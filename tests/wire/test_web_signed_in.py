"""Somebody signed in: known without a link, in the rooms on whose list they stand, beside seats that links gave."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from facilitation.ids import PersonId
from facilitation.people import Role
from server.clock import FakeClock
from server.store.clinic import Person
from tests.support.pages import EVENING, FAY, MORNING, ROBIN, SAM
from tests.support.visitor import Visitor, served
from tests.wire.test_web_links import Place

ADA = PersonId("p-ada")


class Desk(Place):
    """The same pages, with a door for tests through which anybody comes in as whom they name."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.app.router.routes.insert(0, Route("/let-me-be/{person}", self._sign_in))

    async def signed_in(self, person: PersonId, *links: str) -> Visitor:
        visitor = await self.visitor(*links)
        assert (await visitor.get(f"/let-me-be/{person}")).status == 204
        return visitor

    async def _sign_in(self, request: Request) -> Response:
        await self.doorkeeper.sign_in(request, PersonId(request.path_params["person"]), device="d-test")
        return Response(status_code=204)


@pytest_asyncio.fixture
async def place(clock: FakeClock) -> AsyncIterator[Desk]:
    place = Desk(clock)
    async with served(place.app) as place.url:
        yield place


async def test_who_is_signed_in_enters_the_rooms_on_whose_list_they_stand(place: Desk) -> None:
    sam = await place.signed_in(SAM)
    assert (await sam.get(f"/s/{EVENING}")).status == 200
    assert await place.identity(sam, origin=place.url) == f"{SAM} participant"
    assert (await sam.get(f"/s/{MORNING}")).status == 403
    assert await place.identity(sam, MORNING, origin=place.url) == 4401


async def test_a_participant_who_is_signed_in_has_no_more_rights_than_by_link(place: Desk) -> None:
    robin = await place.signed_in(ROBIN)
    assert (await robin.get(f"/statement/{ROBIN}")).status == 200
    assert (await robin.get(f"/statement/{SAM}")).status == 403
    assert (await robin.get(f"/s/{EVENING}/record")).status == 403


@pytest.mark.parametrize(
    ("role", "open_to_them"),
    [
        (Role.ADMINISTRATOR, {"/home", "/weeks", f"/statement/{ROBIN}", "/export", "/clinic", "/skills"}),
        (Role.AUDITOR, {"/home", "/weeks", f"/statement/{ROBIN}", "/clinic", "/skills"}),
        (Role.GUARDIAN, {"/home"}),
    ],
)
async def test_roles_of_the_clinic_open_what_the_table_gives_them_and_no_room(
    place: Desk, role: Role, open_to_them: set[str]
) -> None:
    place.clinic.others[ADA] = Person(person=ADA, name="Ada Example", role=role, track="adult", zone="America/New_York")
    ada = await place.signed_in(ADA)
    pages = ("/home", "/work", "/weeks", f"/statement/{ROBIN}", f"/papers/{ROBIN}", "/export", "/clinic", "/skills")
    rooms = (f"/s/{EVENING}", f"/s/{EVENING}/record", f"/s/{EVENING}/notebook", f"/s/{EVENING}/minutes")
    assert {path for path in pages + rooms if (await ada.get(path)).status == 200} == open_to_them
    assert await place.identity(ada, origin=place.url) == 4401


async def test_a_seat_in_the_same_browser_keeps_a_number_of_its_own(place: Desk) -> None:
    both = await place.signed_in(FAY, place.link(ROBIN))
    assert await place.identity(both, origin=place.url) == f"{FAY} facilitator"
    assert await place.identity(both, origin=place.url, query="?seat=2") == f"{ROBIN} participant"
    assert (await both.get("/weeks")).status == 200
    assert (await both.get("/weeks?seat=2")).status == 403
    answer = await both.get(place.link(SAM))
    assert answer.headers["location"] == f"/s/{EVENING}?seat=3"


async def test_the_link_of_who_is_signed_in_already_needs_no_seat(place: Desk) -> None:
    robin = await place.signed_in(ROBIN, place.link(ROBIN))
    answer = await robin.get(place.link(ROBIN))
    assert answer.headers["location"] == f"/s/{EVENING}"
    assert await place.identity(robin, origin=place.url, query="?seat=2") == 4401


async def test_signing_in_gives_the_browser_a_new_cookie(place: Desk) -> None:
    browser = await place.visitor(place.link(ROBIN))
    before = browser.cookie
    await browser.get(f"/let-me-be/{ROBIN}")
    assert browser.cookie != before
    assert (await browser.send("GET", "/home", headers={"Cookie": before})).status == 403


async def test_a_quick_exit_signs_out(place: Desk) -> None:
    robin = await place.signed_in(ROBIN)
    assert (await robin.post(f"/s/{EVENING}/exit")).status == 204
    assert (await robin.get("/home")).status == 403
    assert [each.person for each in place.clinic.departed] == [ROBIN]


async def test_who_is_of_the_clinic_no_more_is_signed_in_no_more(place: Desk) -> None:
    place.clinic.others[ADA] = Person(
        person=ADA, name="Ada Example", role=Role.ADMINISTRATOR, track="adult", zone="America/New_York"
    )
    ada = await place.signed_in(ADA)
    del place.clinic.others[ADA]
    assert (await ada.get("/home")).status == 403
