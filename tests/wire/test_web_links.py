"""Links, cookies and tickets over real HTTP: what opens, what does not, and what is forgotten."""

from __future__ import annotations

import json

import pytest

from facilitation.ids import ClinicId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS
from server.clock import FakeClock
from server.web.links import Links
from tests.support.place import EVENING, FAY, LISTS, MORNING, ROBIN, SAM, Place
from tests.support.visitor import Visitor

# --------------------------------------------------------------------------- links


async def test_a_good_link_leads_to_the_session_and_opens_it(place: Place) -> None:
    visitor = Visitor(place.url)
    answer = await visitor.get(place.link(ROBIN))
    assert (answer.status, answer.headers["location"]) == (303, f"/s/{EVENING}")
    assert (await visitor.get(f"/s/{EVENING}")).status == 200


@pytest.mark.parametrize(
    ("status", "words", "make"),
    [
        (410, "This link has expired. Ask your clinic for a new one.", lambda p: p.link(ROBIN, hours=0)),
        (404, "This link is not complete or not from here.", lambda p: p.link(ROBIN)[:-3]),
        (404, "This link is not complete or not from here.", lambda p: "/j/%F0%9F%A5%A3..%00"),
        (404, "This link is not complete or not from here.", lambda p: "/j/" + "A" * 4_000),
    ],
    ids=["expired", "cut short", "rubbish", "endless"],
)
async def test_a_link_that_does_not_open_says_why_in_plain_words(place: Place, status: int, words: str, make) -> None:
    answer = await Visitor(place.url).get(make(place))
    assert answer.status == status
    assert words in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_link_of_another_clinic_does_not_open(place: Place) -> None:
    alien = Links(place.site.keys, clinic=ClinicId("elsewhere"))
    seat = place.seat(ROBIN, place.sessions[EVENING])
    assert (await Visitor(place.url).get("/j/" + alien.link(seat))).status == 404


async def test_a_link_stops_opening_once_its_person_is_off_the_list(place: Place) -> None:
    link = place.link(SAM)
    visitor = await place.opened(link)
    await place.expect(EVENING, *LISTS[EVENING][:-1])
    assert (await Visitor(place.url).get(link)).status == 404
    assert (await visitor.get(f"/s/{EVENING}")).status == 403


async def test_a_link_does_not_raise_anybodys_role(place: Place) -> None:
    assert (await Visitor(place.url).get(place.link(ROBIN, Role.FACILITATOR))).status == 404


# --------------------------------------------------------------------------- the cookie


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(place: Place) -> None:
    visitor = await place.opened(place.link(ROBIN))
    morsel = visitor.cookies["milieu"]
    assert morsel["httponly"] is True
    assert morsel["samesite"] == "lax"
    assert morsel["path"] == "/"
    assert morsel["domain"] == ""
    assert int(morsel["max-age"]) == 12 * 3_600


async def test_with_tls_the_cookie_is_secure_and_bound_to_this_very_host(clock: FakeClock) -> None:
    async with Place(clock, https=True).served() as place:
        visitor = await place.opened(place.link(ROBIN))
        assert visitor.cookies["__Host-milieu"]["secure"] is True
        answer = await visitor.get(f"/s/{EVENING}")
        assert answer.status == 200
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_cookie_id_planted_before_a_link_was_opened_is_worth_nothing_after_it(place: Place) -> None:
    victim = Visitor(place.url)
    await victim.get(place.link(ROBIN), headers={"Cookie": "milieu=planted"})
    assert victim.cookies["milieu"].value != "planted"
    assert (await Visitor(place.url).get(f"/s/{EVENING}", headers={"Cookie": "milieu=planted"})).status == 403


async def test_opening_a_link_again_changes_the_cookies_id_and_ends_the_old_one(place: Place) -> None:
    visitor = await place.opened(place.link(ROBIN))
    before = visitor.cookie
    await visitor.get(place.link(ROBIN))
    assert visitor.cookie != before
    assert (await Visitor(place.url).get(f"/s/{EVENING}", headers={"Cookie": before})).status == 403


async def test_the_cookie_does_not_outlive_the_link(place: Place) -> None:
    visitor = await place.opened(place.link(ROBIN, hours=2))
    place.clock.advance(minutes=121)
    assert (await visitor.get(f"/s/{EVENING}")).status == 403


async def test_quick_exit_forgets_the_browser_and_the_link_opens_it_again(place: Place) -> None:
    visitor = await place.opened(place.link(ROBIN))
    stolen = visitor.cookie
    assert (await visitor.post(f"/s/{EVENING}/exit")).status == 204
    assert visitor.cookies == {}
    answer = await Visitor(place.url).get(f"/s/{EVENING}", headers={"Cookie": stolen})
    assert answer.status == 403
    assert "Please open your link again" in answer.text
    assert (await visitor.get(place.link(ROBIN))).status == 303
    assert (await visitor.get(f"/s/{EVENING}")).status == 200


async def test_two_people_in_one_browser_keep_a_seat_each(place: Place) -> None:
    visitor = await place.opened(place.link(FAY))
    second = await visitor.get(place.link(ROBIN))
    assert second.headers["location"] == f"/s/{EVENING}?seat=2"
    own = place.url
    assert await place.identity(visitor, origin=own) == "p-fay facilitator"
    assert await place.identity(visitor, origin=own, query="?seat=2") == "p-robin participant"
    assert await place.identity(visitor, origin=own, query="?seat=3") == 4401
    assert (await visitor.get(f"/s/{EVENING}/record")).status == 200
    assert (await visitor.get(f"/s/{EVENING}/record?seat=2")).status == 403


async def test_a_person_may_hold_several_sessions(place: Place) -> None:
    visitor = await place.opened(place.link(ROBIN), place.link(ROBIN, session=MORNING))
    assert (await visitor.get(f"/s/{EVENING}")).status == 200
    assert (await visitor.get(f"/s/{MORNING}")).status == 200


# --------------------------------------------------------------------------- the websocket


async def test_a_browser_is_known_by_its_cookie_and_only_from_our_own_pages(place: Place) -> None:
    visitor = await place.opened(place.link(ROBIN))
    assert await place.identity(visitor, origin=place.url) == "p-robin participant"
    assert await place.identity(visitor, origin="https://evil.test") == 4403
    assert await place.identity(visitor, origin="null") == 4403


async def test_a_cookie_without_an_origin_opens_no_websocket(place: Place) -> None:
    visitor = await place.opened(place.link(ROBIN))
    assert await place.identity(visitor, origin=None) == 4401


async def test_a_stranger_opens_no_websocket(place: Place) -> None:
    assert await place.identity(None, origin=place.url) == 4401
    assert await place.identity(None) == 4401


async def test_a_participant_opens_no_websocket_of_a_session_they_have_no_link_for(place: Place) -> None:
    visitor = await place.opened(place.link(ROBIN))
    assert await place.identity(visitor, MORNING, origin=place.url) == 4401


async def test_staff_are_known_in_every_session_whose_list_they_are_on(place: Place) -> None:
    visitor = await place.opened(place.link(FAY))
    assert await place.identity(visitor, MORNING, origin=place.url) == "p-fay facilitator"
    await place.expect(MORNING, *LISTS[MORNING][1:])
    assert await place.identity(visitor, MORNING, origin=place.url) == 4401


# --------------------------------------------------------------------------- tickets


async def test_a_program_gets_a_ticket_for_a_link_and_is_known_by_it(place: Place) -> None:
    answer = await Visitor(place.url).send("POST", "/api/ticket", _ask(place.link(ROBIN)))
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    ticket = answer.json
    assert ticket == {
        "ticket": ticket["ticket"],
        "session": EVENING,
        "person": ROBIN,
        "role": "participant",
        "socket": f"{place.url.replace('http', 'ws')}/s/{EVENING}/socket",
        "expires_at": place.clock.now() + 12 * HOUR_MS,
    }
    assert await place.identity(None, ticket=ticket["ticket"]) == "p-robin participant"
    assert await place.identity(None, MORNING, ticket=ticket["ticket"]) == 4401
    place.clock.advance(minutes=12 * 60)
    assert await place.identity(None, ticket=ticket["ticket"]) == 4401


async def test_a_ticket_never_outlives_its_link(place: Place) -> None:
    answer = await Visitor(place.url).send("POST", "/api/ticket", _ask(place.link(ROBIN, hours=1)))
    assert answer.json["expires_at"] == place.clock.now() + HOUR_MS


@pytest.mark.parametrize(("hours", "cut", "code"), [(0, 0, "expired_link"), (24, 3, "bad_link")])
async def test_a_link_that_does_not_open_gives_no_ticket(place: Place, hours: int, cut: int, code: str) -> None:
    link = place.link(ROBIN, hours=hours)
    answer = await Visitor(place.url).send("POST", "/api/ticket", _ask(link[: len(link) - cut]))
    assert answer.status == 401
    assert answer.json["error"]["code"] == code
    assert answer.json["error"]["text"]


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b'{"link": 1}', b'{"link": "x", "a": 1}', b"\xff", b'{"link":"x"', b"[" * 9_000],
)
async def test_a_ticket_asked_for_with_rubbish_is_refused(place: Place, body: bytes) -> None:
    answer = await Visitor(place.url).send("POST", "/api/ticket", body)
    assert answer.status == 400
    assert answer.json["error"]["code"] == "bad_request"


def _ask(link: str) -> bytes:
    return json.dumps({"link": link.removeprefix("/j/")}).encode()
