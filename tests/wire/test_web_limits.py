"""Sizes, rates, other sites' pages, and rubbish: a clear refusal, and the server stays well."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.clock import FakeClock
from server.web.guard import BODY_BYTES_MAX
from tests.support.place import EVENING, FAY, ROBIN, Place
from tests.support.visitor import Visitor

# --------------------------------------------------------------------------- other sites' pages


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 204),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "OWN"}, 403),
        ({"Origin": "OWN"}, 204),
        ({"Origin": "https://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_only_our_own_page_can_act_in_somebodys_name(place: Place, headers: dict[str, str], status: int) -> None:
    visitor = await place.opened(place.link(ROBIN))
    sent = {name: place.url if value == "OWN" else value for name, value in headers.items()}
    answer = await visitor.send("POST", f"/s/{EVENING}/exit", b"", sent)
    assert answer.status == status
    assert (await visitor.get(f"/s/{EVENING}/record")).status == 403
    assert bool(visitor.cookies) is (status == 403)


async def test_a_program_without_a_cookie_needs_no_origin(place: Place) -> None:
    answer = await Visitor(place.url).send("POST", "/api/ticket", b'{"link": "wrong"}')
    assert answer.status == 401


# --------------------------------------------------------------------------- sizes and methods


async def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(place: Place) -> None:
    visitor = Visitor(place.url)
    huge = b"x" * (BODY_BYTES_MAX + 1)
    assert (await visitor.send("POST", "/api/ticket", huge)).status == 413
    chunked = iter([huge[:40_000], huge[40_000:]])
    assert (await visitor.send("POST", "/api/ticket", chunked)).status == 413


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/"), ("POST", "/home"), ("PUT", "/soup"), ("DELETE", "/static/icon.svg"), ("GET", f"/s/{EVENING}/exit")],
)
async def test_a_method_that_a_page_does_not_know_is_refused(place: Place, method: str, path: str) -> None:
    answer = await Visitor(place.url).send(method, path, b"" if method != "GET" else None, {"Origin": place.url})
    assert answer.status == 405


async def test_refusals_of_the_api_are_json(place: Place) -> None:
    visitor = Visitor(place.url)
    for method, path, status, code in (
        ("GET", "/api/ticket", 405, "wrong_method"),
        ("GET", "/api/nothing", 404, "not_found"),
        ("POST", "/api/ticket", 400, "bad_request"),
    ):
        answer = await visitor.send(method, path, b"" if method == "POST" else None)
        assert answer.status == status
        assert answer.json["error"]["code"] == code


# --------------------------------------------------------------------------- rates


async def test_guessing_links_is_slowed_down_and_does_not_lock_out_the_right_ones(clock: FakeClock) -> None:
    async with Place(clock, guesses_per_minute=5).served() as place:
        visitor = Visitor(place.url)
        statuses = [(await visitor.get(f"/j/guess-{n}")).status for n in range(7)]
        assert statuses == [404] * 5 + [429] * 2
        slowed = await visitor.send("POST", "/api/ticket", b'{"link": "guess"}')
        assert (slowed.status, slowed.json["error"]["code"]) == (429, "too_many")
        assert slowed.headers["retry-after"] == "60"
        assert (await visitor.get(place.link(ROBIN))).status == 303


async def test_a_whole_clinic_behind_one_address_comes_in_at_once(place: Place) -> None:
    answers = await asyncio.gather(*(Visitor(place.url).get(place.link(ROBIN)) for _ in range(60)))
    assert {answer.status for answer in answers} == {303}


async def test_too_many_links_in_a_minute_are_refused_in_warm_words(clock: FakeClock) -> None:
    async with Place(clock, links_per_minute=3).served() as place:
        visitor = Visitor(place.url)
        statuses = [(await visitor.get(place.link(ROBIN))).status for _ in range(4)]
        assert statuses == [303, 303, 303, 429]
        assert "One moment, please" in (await visitor.get(place.link(ROBIN))).text


async def test_addresses_told_by_a_proxy_count_only_if_the_proxy_is_trusted(clock: FakeClock) -> None:
    for trusted, statuses in ((["127.0.0.1"], [303] * 4), ([], [303, 303, 429, 429])):
        config = {"proxy_headers": bool(trusted), "forwarded_allow_ips": trusted}
        async with Place(clock, links_per_minute=2).served(**config) as place:
            found = [
                (await Visitor(place.url).get(place.link(ROBIN), {"X-Forwarded-For": f"192.0.2.{n}"})).status
                for n in range(4)
            ]
            assert found == statuses


# --------------------------------------------------------------------------- rubbish


_HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)
_PATH = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#?"), max_size=80)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=_PATH, query=_PATH, cookie=_HEADER, origin=_HEADER)
async def test_no_rubbish_in_an_address_or_a_header_is_more_than_refused(
    place: Place, path: str, query: str, cookie: str, origin: str
) -> None:
    visitor = Visitor(place.url)
    for folder in ("/", "/j/", "/s/", "/statement/", "/static/", "/vendor/icons/"):
        answer = await visitor.get(f"{folder}{path}?seat={query}", {"Cookie": cookie, "Origin": origin})
        assert answer.status < 500


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300), kind=_HEADER)
async def test_no_rubbish_in_a_body_is_more_than_refused(place: Place, body: bytes, kind: str) -> None:
    answer = await Visitor(place.url).send("POST", "/api/ticket", body, {"Content-Type": kind})
    assert answer.status == 400


async def test_a_cookie_in_the_store_that_is_no_cookie_of_ours_proves_nothing(place: Place) -> None:
    visitor = Visitor(place.url)
    for cookie in ("milieu=", "milieu=../../x", "milieu=" + "a" * 4_000, "milieu=\xff", "milieu; milieu=1; milieu=2"):
        assert (await visitor.get("/home", {"Cookie": cookie})).status == 403


async def test_a_session_of_endless_name_is_no_session(place: Place) -> None:
    visitor = await place.opened(place.link(FAY))
    assert (await visitor.get("/s/" + "s" * 5_000)).status == 404
    assert (await visitor.get("/statement/" + "p" * 5_000)).status == 404
