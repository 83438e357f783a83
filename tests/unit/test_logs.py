"""Logs hold no personal data, whoever wrote them (server/logs.py)."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from server.logs import PRIVATE_KEYS, Private, blot, configure

TOKEN = "eyJzZXNzaW9uIjoiYSJ9.aBcD-_123.sig"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, noisy = logging.getLogger(), ("uvicorn.access", "uvicorn.error", "aioice", "aiortc", "asyncio", "websockets")
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in noisy}
    yield io.StringIO()
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(False)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_holds_what_happened_when_and_what_it_belongs_to(stream: io.StringIO) -> None:
    configure(form="json", stream=stream)
    with structlog.contextvars.bound_contextvars(session="s-1"):
        structlog.get_logger().info("connected", peer="p-2", peers=3)
    (line,) = lines(stream)
    assert line.pop("at").endswith("Z")
    assert line == {"event": "connected", "level": "info", "session": "s-1", "peer": "p-2", "peers": 3}


def test_below_the_level_nothing_is_written(stream: io.StringIO) -> None:
    configure(level="warning", form="json", stream=stream)
    structlog.get_logger().info("not this")
    logging.getLogger("anything").info("nor this")
    structlog.get_logger().warning("but this")
    assert [line["event"] for line in lines(stream)] == ["but this"]


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("key", sorted(PRIVATE_KEYS))
def test_a_personal_key_is_emptied_whatever_it_holds(stream: io.StringIO, key: str, form: Any) -> None:
    configure(form=form, stream=stream)
    values: dict[str, Any] = {key: "Robin Example", "inside": [{key.title(): {"deep": "Robin Example"}}]}
    structlog.get_logger().info("joined", **values)
    assert "joined" in stream.getvalue()
    assert "Robin" not in stream.getvalue()


def test_what_is_wrapped_prints_as_nothing_however_it_is_printed(stream: io.StringIO) -> None:
    name = Private("Robin Example")
    assert (
        f"{name} {name!r} {name!s} {name:>20} {[name]} %s" % name
        == "(private) " * 3 + "(private) [(private)] (private)"
    )
    configure(form="json", stream=stream)
    structlog.get_logger().info("joined", who=name, all={"a": [name]})
    assert "Robin" not in stream.getvalue()
    assert name.reveal() == "Robin Example"
    assert name == Private("Robin Example") != Private("Sam Example")


def test_uvicorns_access_lines_hold_no_token_and_no_persons_address(stream: io.StringIO) -> None:
    configure(level="debug", form="json", stream=stream)
    access = logging.getLogger("uvicorn.access")
    access.info('%s - "%s %s HTTP/%s" %d', "203.0.113.9:5123", "GET", f"/j/{TOKEN}?x=1", "1.1", 200)
    access.info('%s - "WebSocket %s" [accepted]', "2001:db8::9:5123", f"/ws?ticket={TOKEN}&a=b")
    first, second = (line["event"] for line in lines(stream))
    assert first == '(address):5123 - "GET /j/(private)?x=1 HTTP/1.1" 200'
    assert second == '(address) - "WebSocket /ws?ticket=(private)&a=b" [accepted]'


@pytest.mark.parametrize("door", ["j", "come", "invite", "calendar"])
def test_no_address_that_opens_a_door_gets_through(door: str) -> None:
    assert blot(f"GET /{door}/{TOKEN}/code?x=1") == f"GET /{door}/(private)/code?x=1"


def test_no_mail_address_gets_through() -> None:
    told = "550 <robin.example+iop@mail.example.org>: nobody here, ask postmaster@example.org"
    assert blot(told) == "550 <(address)>: nobody here, ask (address)"


def test_access_lines_come_only_when_one_looks_for_a_mistake(stream: io.StringIO) -> None:
    configure(level="info", form="json", stream=stream)
    logging.getLogger("uvicorn.access").info("GET /static/css/base.css")
    assert stream.getvalue() == ""


def test_a_traceback_is_kept_and_blotted(stream: io.StringIO) -> None:
    configure(form="json", stream=stream)
    try:
        raise ValueError(f"could not open /j/{TOKEN} for 203.0.113.9")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError: could not open /j/(private) for (address)" in lines(stream)[0]["exception"]


def test_warnings_become_lines(stream: io.StringIO) -> None:
    configure(form="json", stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("something is old", stacklevel=1)
        logging.captureWarnings(False)
    assert "something is old" in lines(stream)[0]["event"]


def test_anything_at_all_can_be_logged(stream: io.StringIO) -> None:
    configure(form="json", stream=stream)
    loop: list[Any] = []
    loop.append(loop)
    structlog.get_logger().info("odd", loop=loop, raw=b"\xff", thing=object(), long="x" * 100_000, emoji="🌿")
    (line,) = lines(stream)
    assert len(line["long"]) <= 8_000
    assert line["emoji"] == "🌿"


@pytest.mark.parametrize(
    "text",
    ["at 12:30:45", "127.0.0.1:8420", "version 1.2.3", "::1", "a::b::c", "0.0.0.0", "ratio 1:2", "00:11:22:33:44:55"],
)
def test_what_is_no_persons_address_stays(text: str) -> None:
    assert blot(text) == text


@given(st.ip_addresses())
def test_no_address_of_a_person_gets_through(address: Any) -> None:
    if not (address.is_loopback or address.is_unspecified):
        assert blot(f"from {address} now") == "from (address) now"
        assert blot(f"({address})") == "((address))"


@given(st.text())
def test_blotting_takes_any_text(text: str) -> None:
    assert blot(blot(text)) == blot(text)
