"""The table of routes in server/web/README.md, with an address for each row, and a knock at websockets."""

from __future__ import annotations

import json
import re
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount, Route, WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from server import demo_week
from server.web.catalogues import catalogue
from tests.support.clinic import ROBIN, Clinic
from tests.support.visitor import Visitor

ROLES = ("stranger", "participant", "other", "staff")
_README = Path(__file__).parents[2] / "server/web/README.md"
_ROW = re.compile(
    r"^\| `(?P<method>GET|POST|PUT|DELETE|WS) (?P<path>/\S*)` \|(?P<action>[^|]*)\|(?P<cells>.*)\|$", re.MULTILINE
)
_ROWS = list(_ROW.finditer(_README.read_text()))

TABLE = {
    (row["method"], row["path"]): dict(zip(ROLES, (cell.strip() for cell in row["cells"].split("|")), strict=True))
    for row in _ROWS
}
ACTIONS = {(row["method"], row["path"]): row["action"].strip() for row in _ROWS}

_FILES = {
    "/static/{path}": "icon.svg",
    "/components/{path}": "arrival/arrival.mjs",
    "/vendor/lit-html/{path}": "lit-html.js",
    "/vendor/fonts/{path}": "atkinson-hyperlegible-latin-400-normal.woff2",
    "/vendor/icons/{path}": "mic.svg",
}


def routes(app: Starlette) -> set[tuple[str, str]]:
    """What the application answers to, as the table writes it."""
    found = set()
    for route in app.routes:
        match route:
            case WebSocketRoute():
                found.add(("WS", route.path))
            case Route():
                found |= {(method, route.path) for method in route.methods or () if method != "HEAD"}
            case Mount():
                found.add(("GET", f"{route.path}/{{path}}"))
            case _:
                raise AssertionError(f"what is {route}?")
    return found


def address(place: Clinic, path: str, link: str) -> str:
    """A row's path with ids that exist: those of the demo clinic's evening, of Robin, and the token of a `link`."""
    return path.format(
        link=link.removeprefix("/j/"),
        session=place.evening.session,
        person=ROBIN,
        guardian="p-gale",
        skill="wise-mind",
        curriculum="adult",
        week="1",
        exercise="body-scan",
        name="walk",
        subject="group",
        goal="g-1",
        token="no-token",
        key="no-key",
        cohort=demo_week.EVENING,
        series="w-evening",
        on="2025-10-10",
        term=demo_week.TERM,
        plan="adult",
        programme="adult-iop",
        path=_FILES.get(path, ""),
        catalogue=catalogue("es").address.rpartition("/")[2],
    )


async def ask(browser: Visitor, method: str, address: str, body: object = b"") -> str:
    """What happens, in the words of the table."""
    match method:
        case "GET":
            return str((await browser.get(address)).status)
        case "POST":
            return str((await browser.post(address, body)).status)
        case "PUT" | "DELETE":
            own = {"Origin": browser.base_url, "Sec-Fetch-Site": "same-origin"}
            return str((await browser.send(method, address, b"", own)).status)
        case _:
            return await _knock(browser, address)


async def _knock(browser: Visitor, address: str) -> str:
    async with connect(
        browser.base_url.replace("http", "ws") + address,
        origin=browser.base_url,
        additional_headers={"Cookie": browser.cookie},
        proxy=None,
    ) as websocket:
        await websocket.send(json.dumps({"type": "hello", "protocol": 1, "device": "a-test", "mode": "room"}))
        try:
            return {"welcome": "open"}[json.loads(await websocket.recv())["type"]]
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return str(closed.rcvd.code)
