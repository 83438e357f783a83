"""The table of routes and roles in server/web/README.md, held against the composed application, cell by cell."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Mount, Route, WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from facilitation.ids import ClinicId, PersonId
from facilitation.people import Expected
from facilitation.timebase import HOUR_MS, Instant
from server import demo, demo_week
from server.app import build, opening, site_of
from server.catalog import load_catalog
from server.clock import FakeClock
from server.config import Settings
from server.library import load_library
from server.mail.memory import Pocket
from server.rooms.directory import Rooms
from server.rooms.silent_media import SilentMedia
from server.store import memory
from server.store.clinic import ScheduledSession
from server.web.catalogues import catalogue
from server.web.links import Links, Seat
from tests.support.visitor import Visitor, served

README = Path(__file__).parents[2] / "server/web/README.md"
ROW = re.compile(
    r"^\| `(?P<method>GET|POST|PUT|DELETE|WS) (?P<path>/\S*)` \|(?P<action>[^|]*)\|(?P<cells>.*)\|$", re.MULTILINE
)
ROLES = ("stranger", "participant", "other", "staff")
ROBIN = PersonId("p-robin")
ASH = PersonId("p-ash")
FAY = PersonId("p-fay")

TABLE = {
    (row["method"], row["path"]): dict(zip(ROLES, (cell.strip() for cell in row["cells"].split("|")), strict=True))
    for row in ROW.finditer(README.read_text())
}


class Clinic:
    """The demo clinic in memory behind the whole application. Robin is in the evening group, Ash in another."""

    def __init__(self, app: Starlette, links: Links, evening: ScheduledSession, teens: ScheduledSession) -> None:
        self.app = app
        self.links = links
        self.evening = evening
        self.teens = teens
        self.url = ""

    def link(self, role: str) -> str:
        """The link of whoever plays a role of the table; a stranger, too, may have been sent one."""
        person, session = {
            "stranger": (ROBIN, self.evening),
            "participant": (ROBIN, self.evening),
            "other": (ASH, self.teens),
            "staff": (FAY, self.evening),
        }[role]
        expected = next(each for each in session.roster if each.person == person)
        return self.links.link(_seat(session, expected))

    async def visitor(self, role: str) -> Visitor:
        visitor = Visitor(self.url)
        if role != "stranger":
            assert (await visitor.get("/j/" + self.link(role))).status == 303
        return visitor

    def address(self, path: str, role: str) -> str:
        files = {
            "/static/{path}": "icon.svg",
            "/components/{path}": "arrival/arrival.mjs",
            "/vendor/lit-html/{path}": "lit-html.js",
            "/vendor/fonts/{path}": "atkinson-hyperlegible-latin-400-normal.woff2",
            "/vendor/icons/{path}": "mic.svg",
        }
        return path.format(
            link=self.link(role),
            session=self.evening.session,
            person=ROBIN,
            guardian="p-gale",
            skill="wise-mind",
            curriculum="adult",
            name="walk",
            subject="group",
            goal="g-1",
            token="no-token",
            cohort=demo_week.EVENING,
            series="w-evening",
            on="2025-10-10",
            term=demo_week.TERM,
            plan="adult",
            programme="adult-iop",
            path=files.get(path, ""),
            catalogue=catalogue("es").address.rpartition("/")[2],
        )

    async def ask(self, method: str, path: str, role: str) -> str:
        """What happens, in the words of the table."""
        visitor = await self.visitor(role)
        address = self.address(path, role)
        match method:
            case "GET":
                return str((await visitor.get(address)).status)
            case "POST":
                body = {"link": self.link(role)} if path == "/api/ticket" else b""
                return str((await visitor.post(address, body)).status)
            case "PUT" | "DELETE":
                own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
                return str((await visitor.send(method, address, b"", own)).status)
            case _:
                return await self._knock(visitor, address)

    async def _knock(self, visitor: Visitor, address: str) -> str:
        async with connect(
            self.url.replace("http", "ws") + address,
            origin=self.url,  # type: ignore[arg-type]
            additional_headers={"Cookie": visitor.cookie},
            proxy=None,
        ) as websocket:
            await websocket.send(json.dumps({"type": "hello", "protocol": 1, "device": "a-test", "mode": "room"}))
            try:
                return {"welcome": "open"}[json.loads(await websocket.recv())["type"]]
            except ConnectionClosed as closed:
                assert closed.rcvd is not None
                return str(closed.rcvd.code)


@pytest_asyncio.fixture
async def clinic(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    settings = Settings(data_dir=tmp_path)
    store, catalog = memory.connect(), load_catalog()
    evening, _, teens, _ = await demo.prepare(store, clinic=ClinicId("demo"), now=clock.now())
    rooms = Rooms(
        log=store.log,
        leases=store.leases,
        media=SilentMedia(clock),
        clock=clock,
        load_session=opening(settings, store=store, catalog=catalog),
        node="n-test",
    )

    async def health() -> dict[str, bool]:
        return {"store": True}

    app = build(
        settings,
        store=store,
        catalog=catalog,
        library=load_library(),
        rooms=rooms,
        clock=clock,
        health=health,
        mail=Pocket(),
    )
    site = site_of(settings)
    clinic = Clinic(app, Links(site.keys, clinic=site.clinic), evening, teens)
    async with served(app) as clinic.url:
        yield clinic
    await rooms.close()


def _seat(session: ScheduledSession, expected: Expected) -> Seat:
    until = Instant(session.starts_at + 24 * HOUR_MS)
    return Seat(session=session.session, person=expected.person, role=expected.role, until=until)


def routes(app: Starlette) -> set[tuple[str, str]]:
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


async def test_every_route_is_in_the_table_and_every_row_is_a_route(clinic: Clinic) -> None:
    assert routes(clinic.app) == set(TABLE)


@pytest.mark.parametrize("role", ROLES)
async def test_every_route_does_for_a_role_what_the_table_says(clinic: Clinic, role: str) -> None:
    found = {row: await clinic.ask(*row, role) for row in TABLE}
    assert found == {row: cells[role].split()[0] for row, cells in TABLE.items()}


async def test_a_stranger_cannot_tell_a_session_that_is_from_one_that_is_not(clinic: Clinic) -> None:
    visitor = Visitor(clinic.url)
    real = await visitor.get(f"/s/{clinic.evening.session}")
    unreal = await visitor.get("/s/s-nothing")
    echoed = real.text.replace(clinic.evening.session, "s-nothing")  # the address that was asked for, to come back to
    assert (real.status, echoed) == (unreal.status, unreal.text)
