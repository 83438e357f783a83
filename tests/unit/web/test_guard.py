"""What stands before the pages, without a server."""

from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from facilitation.ids import ClinicId
from server.web.guard import Throttle, comes_from_here, network
from server.web.site import Site


def connection(*, client: str = "192.0.2.7", **headers: str) -> HTTPConnection:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": raw, "client": (client, 4000), "path": "/", "query_string": b""})


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("https://meet.example.org", "meet.example.org", True),
        ("https://MEET.example.org", "meet.example.org", True),
        ("http://127.0.0.1:8420", "127.0.0.1:8420", True),
        ("http://127.0.0.1:9999", "127.0.0.1:8420", False),
        ("https://meet.example.org.evil.test", "meet.example.org", False),
        ("https://evil.test/meet.example.org", "meet.example.org", False),
        ("https://user@meet.example.org", "meet.example.org", False),
        ("null", "meet.example.org", False),
        ("file://", "meet.example.org", False),
        ("ftp://meet.example.org", "meet.example.org", False),
        ("https://[half", "meet.example.org", False),
        ("", "", False),
    ],
)
def test_only_our_own_pages_come_from_here(origin: str, host: str, own: bool) -> None:
    assert comes_from_here(connection(origin=origin, host=host)) is own


def test_neighbours_of_one_ipv6_network_count_as_one() -> None:
    assert network(connection(client="2001:db8:1:2:aaaa::1")) == network(connection(client="2001:db8:1:2:bbbb::2"))
    assert network(connection(client="2001:db8:1:2::1")) != network(connection(client="2001:db8:1:3::1"))


def test_an_address_that_is_none_counts_as_unknown() -> None:
    assert network(connection(client="testclient")) == "unknown"


async def test_whoever_asks_too_often_is_told_when_to_come_back() -> None:
    throttle = Throttle(Site(clinic=ClinicId("demo"), keys=(), links_per_minute=3))
    for _ in range(3):
        await throttle.allow(connection())
    with pytest.raises(HTTPException) as refused:
        await throttle.allow(connection())
    assert refused.value.status_code == 429
    assert refused.value.headers == {"Retry-After": "60"}
    await throttle.allow(connection(client="192.0.2.8"))


async def test_wrong_links_of_one_person_do_not_lock_out_the_right_ones_of_a_neighbour() -> None:
    throttle = Throttle(Site(clinic=ClinicId("demo"), keys=(), guesses_per_minute=2))
    for _ in range(2):
        await throttle.wrong(connection())
    with pytest.raises(HTTPException):
        await throttle.wrong(connection())
    await throttle.allow(connection())
