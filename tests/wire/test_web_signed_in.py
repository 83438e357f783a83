"""Somebody signed in: known without a link, in the rooms on whose list they stand, beside seats that links gave."""

from __future__ import annotations

import pytest

from facilitation.ids import PersonId
from facilitation.people import Role
from tests.support.application import ADA
from tests.support.place import EVENING, FAY, MORNING, ROBIN, SAM, Place
from tests.support.visitor import Visitor


async def signed_in(place: Place, person: PersonId, *links: str) -> Visitor:
    """A browser in which these links were opened before somebody signed in."""
    browser, _ = await place.begin(person, await place.opened(*links, browser=place.browser()))
    return browser


async def test_who_is_signed_in_enters_the_rooms_on_whose_list_they_stand(place: Place) -> None:
    sam = await signed_in(place, SAM)
    assert (await sam.get(f"/s/{EVENING}")).status == 200
    assert await place.identity(sam, origin=sam.base_url) == f"{SAM} participant"
    assert (await sam.get(f"/s/{MORNING}")).status == 403
    assert await place.identity(sam, MORNING, origin=sam.base_url) == 4401


async def test_a_participant_who_is_signed_in_has_no_more_rights_than_by_link(place: Place) -> None:
    robin = await signed_in(place, ROBIN)
    assert (await robin.get(f"/statement/{ROBIN}")).status == 200
    assert (await robin.get(f"/statement/{SAM}")).status == 403
    assert (await robin.get(f"/s/{EVENING}/record")).status == 403


@pytest.mark.parametrize(
    ("role", "open_to_them"),
    [
        (Role.ADMINISTRATOR, {"/home", "/weeks", f"/statement/{ROBIN}", "/export", "/clinic", "/skills"}),
        (Role.AUDITOR, {"/home", "/weeks", f"/statement/{ROBIN}", "/clinic", "/skills"}),
        (Role.SCHEDULER, {"/home", "/weeks", "/skills"}),
        (Role.GUARDIAN, {"/home"}),
    ],
)
async def test_roles_of_the_clinic_open_what_the_table_gives_them_and_no_room(
    place: Place, role: Role, open_to_them: set[str]
) -> None:
    await place.add(ADA, "Ada Example", role)
    ada = await signed_in(place, ADA)
    pages = ("/home", "/work", "/weeks", f"/statement/{ROBIN}", f"/papers/{ROBIN}", "/export", "/clinic", "/skills")
    rooms = (f"/s/{EVENING}", f"/s/{EVENING}/record", f"/s/{EVENING}/notebook", f"/s/{EVENING}/minutes")
    assert {path for path in pages + rooms if (await ada.get(path)).status == 200} == open_to_them
    assert await place.identity(ada, origin=ada.base_url) == 4401


async def test_a_seat_in_the_same_browser_keeps_a_number_of_its_own(place: Place) -> None:
    both = await signed_in(place, FAY, place.link(ROBIN))
    assert await place.identity(both, origin=both.base_url) == f"{FAY} facilitator"
    assert await place.identity(both, origin=both.base_url, query="?seat=2") == f"{ROBIN} participant"
    assert (await both.get("/weeks")).status == 200
    assert (await both.get("/weeks?seat=2")).status == 403
    answer = await both.get(place.link(SAM))
    assert answer.headers["location"] == f"/s/{EVENING}?seat=3"


async def test_the_link_of_who_is_signed_in_already_needs_no_seat(place: Place) -> None:
    robin = await signed_in(place, ROBIN, place.link(ROBIN))
    answer = await robin.get(place.link(ROBIN))
    assert answer.headers["location"] == f"/s/{EVENING}"
    assert await place.identity(robin, origin=robin.base_url, query="?seat=2") == 4401


async def test_signing_in_gives_the_browser_a_new_cookie(place: Place) -> None:
    browser = await place.opened(place.link(ROBIN), browser=place.browser())
    before = browser.cookie
    await place.begin(ROBIN, browser)
    assert browser.cookie != before
    assert (await browser.send("GET", "/home", headers={"Cookie": before})).status == 403


async def test_a_quick_exit_signs_out(place: Place) -> None:
    robin = await signed_in(place, ROBIN)
    assert (await robin.post(f"/s/{EVENING}/exit")).status == 204
    assert (await robin.get("/home")).status == 403


async def test_who_is_of_the_clinic_no_more_is_signed_in_no_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(person: PersonId) -> None:
        return None

    ada = await signed_in(place, ADA)
    assert (await ada.get("/home")).status == 200
    monkeypatch.setattr(place.store.clinic, "get_person", nobody)
    assert (await ada.get("/home")).status == 403


async def test_what_is_not_theirs_is_said_kindly_with_the_way_home_and_without_a_word_of_links(place: Place) -> None:
    for who, path, status in ((ROBIN, "/weeks", 403), (FAY, "/weeks/p-nobody", 404)):
        answer = await (await signed_in(place, who)).get(path)
        assert answer.status == status and "link your clinic sent" not in answer.text
        assert 'href="/home"' in answer.text
    stranger = await place.browser().get("/nowhere")
    assert "Open the link your clinic sent you again." in stranger.text
