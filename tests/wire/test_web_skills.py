"""The skills library over real HTTP: for staff alone, kind to rubbish, and true to the seat somebody sits on."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from facilitation.people import Role
from tests.support.place import EVENING, FAY, MORNING, ROBIN, Place, expected
from tests.support.visitor import Answer, Visitor

PAGES = ["/skills", "/skills?q=urge", "/skills/wise-mind", "/curricula/adult"]


async def staff(place: Place) -> Visitor:
    return await place.opened(place.link(FAY))


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.COFACILITATOR, Role.OBSERVER])
async def test_all_staff_may_read_the_library(place: Place, role: Role) -> None:
    await place.expect(MORNING, expected(FAY, "Dr. Fay Facilitator", role))
    visitor = await place.opened(place.link(FAY, session=MORNING))
    assert [(await visitor.get(path)).status for path in PAGES] == [200] * len(PAGES)


def shown(answer: Answer) -> str:
    """A page without its own address, which whoever asked for it knows."""
    return re.sub(r'name="back" value="[^"]*"', "", answer.text)


async def test_a_participant_cannot_tell_a_skill_that_is_from_one_that_is_not(place: Place) -> None:
    visitor = await place.opened(place.link(ROBIN))
    real, unreal = await visitor.get("/skills/wise-mind"), await visitor.get("/skills/nothing")
    assert shown(real) == shown(unreal)
    assert real.status == 403


@pytest.mark.parametrize("path", ["/skills/nothing", "/curricula/nothing", "/skills/" + "a" * 5_000, "/skills/%00"])
async def test_what_is_not_in_the_library_is_not_found(place: Place, path: str) -> None:
    assert (await (await staff(place)).get(path)).status == 404


RUBBISH = ["zebra", "<script>alert(1)</script>", '" onfocus="x', "\x00", "🥣" * 200, "a" * 4_000]


@pytest.mark.parametrize("words", RUBBISH)
async def test_rubbish_in_the_search_finds_nothing_and_stays_text(place: Place, words: str) -> None:
    answer = await (await staff(place)).get(f"/skills?q={quote(words)}")
    assert answer.status == 200
    assert "Nothing for “" in answer.text and "Show all skills" in answer.text
    assert "<script>" not in answer.text and 'onfocus="x' not in answer.text


async def test_a_search_for_nothing_shows_everything(place: Place) -> None:
    visitor = await staff(place)
    everything = shown(await visitor.get("/skills"))
    assert shown(await visitor.get("/skills?q=")) == everything
    assert shown(await visitor.get("/skills?q=%20%20")) == everything


async def test_every_address_on_a_page_keeps_the_seat(place: Place) -> None:
    visitor = await place.opened(place.link(FAY), place.link(FAY, session=MORNING))
    for path in PAGES:
        page = (await visitor.get(path + ("&" if "?" in path else "?") + "seat=2")).text
        addresses = re.findall(r'<a [^>]*href="(/(?:skills|curricula|home)[^"#]*)', page)
        assert addresses
        assert all("seat=2" in address.partition("?")[2].split("&") for address in addresses), path
        if path.startswith("/skills?") or path == "/skills":
            assert '<input type="hidden" name="seat" value="2">' in page


async def test_a_room_tells_staff_where_the_library_is_and_participants_nothing(place: Place) -> None:
    visitor = await place.opened(place.link(ROBIN), place.link(FAY))
    assert '"library": null' in (await visitor.get(f"/s/{EVENING}")).text
    assert '"library": "/skills?seat=2"' in (await visitor.get(f"/s/{EVENING}?seat=2")).text


async def test_staff_find_the_library_at_home_and_participants_do_not(place: Place) -> None:
    assert 'href="/skills"' in (await (await staff(place)).get("/home")).text
    participant = await place.opened(place.link(ROBIN))
    assert "/skills" not in (await participant.get("/home")).text
