"""The composition root: every part made once, joined, and torn down in the opposite order."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import sys
import tomllib
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import structlog
import uvicorn
from rich.console import Console
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from starsessions import InMemoryStore
from starsessions.stores.base import SessionStore

from facilitation.commands import OpenSession
from facilitation.ids import ClinicId, SessionId
from facilitation.people import Expected, Role
from facilitation.timebase import HOUR_MS, Instant
from server import demo as demo_clinic
from server.books import ClinicBooks
from server.catalog import Catalog, load_catalog
from server.clock import Clock, RoomClock
from server.config import Settings, SettingsError
from server.draining import DrainingServer
from server.errand import Errands
from server.projections.worker import HoursProjection
from server.rooms.directory import LoadSession, Rooms
from server.rooms.ports import StoreUnavailable
from server.sfu.plane import MediaSettings, Sfu
from server.store.calls import ask
from server.store.connect import connect
from server.store.embedded import EmbeddedValkey
from server.store.node import NodeName
from server.store.ports import Store
from server.web.application import application
from server.web.auth import Doorkeeper
from server.web.cookies import Cookies
from server.web.links import Links
from server.web.pages import Health
from server.web.site import Site
from server.wire.connection import Greeting, session_socket

log = structlog.get_logger(__name__)

CLINIC: Final = ClinicId("demo")
ROOT: Final = Path(__file__).parents[1]
MESSAGE_BYTES_MAX: Final = 64 * 1024
CONNECTIONS_MAX: Final = 5_000
PING_WITHIN_S: Final = 1.0
BOTS_STOP_WITHIN_S: Final = 2.0


def version() -> str:
    """What runs here, as pyproject.toml says it."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def site_of(settings: Settings) -> Site:
    return Site(
        clinic=CLINIC,
        keys=settings.signing_keys(),
        https=settings.https,
        public_url=settings.public_url,
        exit_url=settings.exit_url or "/soup",
        version=version(),
    )


def build(
    settings: Settings, *, store: Store, catalog: Catalog, rooms: Rooms, clock: Clock, health: Health
) -> Starlette:
    """The application over its parts. It starts and stops nothing."""
    site = site_of(settings)
    links = Links(site.keys, clinic=site.clinic)
    books = ClinicBooks(store, catalog=catalog, clock=clock)
    doorkeeper = Doorkeeper(links, roster=books.roster, clock=clock)
    greeting = Greeting(exit_url=site.exit_url)

    async def socket_endpoint(websocket: WebSocket) -> None:
        await session_socket(websocket, rooms=rooms, identify=doorkeeper.identify, clock=clock, greeting=greeting)

    return application(
        site,
        links=links,
        doorkeeper=doorkeeper,
        cookies=_cookies(store),
        books=books,
        depart=Errands(rooms).depart,
        health=health,
        clock=clock,
        routes=[WebSocketRoute("/s/{session}/socket", socket_endpoint)],
    )


def _cookies(store: Store) -> SessionStore:
    if store.client is None:
        return InMemoryStore()
    return Cookies(store.client, prefix=store.keys.web_sessions, ask=ask)


def opening(settings: Settings, *, store: Store, catalog: Catalog) -> LoadSession:
    """How a session begins that has no log yet: as it was scheduled, by the catalog of today."""

    async def load(session: SessionId) -> OpenSession | None:
        scheduled = await store.clinic.get_session(session)
        if scheduled is None:
            return None
        return OpenSession(
            session=scheduled.session,
            clinic=scheduled.clinic,
            title=scheduled.title,
            zone=scheduled.zone,
            starts_at=scheduled.starts_at,
            plan=catalog.plans[scheduled.plan_id],
            rules=catalog.rules[scheduled.rules_id],
            forms=tuple(catalog.forms.values()),
            roster=scheduled.roster,
            seats_max=settings.seats_max,
        )

    return load


# --------------------------------------------------------------------------- running


async def serve(settings: Settings, *, demo: bool = False) -> None:
    """Run Milieu until it is told to stop. Call it from the main thread. `demo` adds simulated participants.

    Raises OSError (an address or port), SettingsError, EmbeddedStoreError, NodeNameTaken, StoreUnavailable and
    CorruptLog, all before anything is served.
    """
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(_listen(settings))
        clock = RoomClock()
        store = await _open_store(settings, stack)
        node = NodeName(settings.data_dir)
        stack.callback(node.release)
        catalog = load_catalog()
        hours = HoursProjection(store.log, store.ledger, clock)
        media = Sfu(
            MediaSettings(
                hosts=(settings.media_host,), port=settings.udp_port, public_addresses=settings.media_addresses
            ),
            clock=clock.now,
        )
        rooms = Rooms(
            log=store.log,
            leases=store.leases,
            media=media,
            clock=clock,
            load_session=opening(settings, store=store, catalog=catalog),
            node=node.name,
            on_signed=hours.wake,
        )
        await media.start(rooms.media_fact)
        stack.push_async_callback(media.stop)
        await stack.enter_async_context(_background(hours.run(), "hours"))
        stack.push_async_callback(rooms.close)

        async def health() -> dict[str, bool]:
            return {"store": await _answers(store), "media": media.port > 0, "accepting": not server.stopping}

        app = build(settings, store=store, catalog=catalog, rooms=rooms, clock=clock, health=health)

        async def ready() -> None:
            await _welcome(settings, store, clock, stack, bots=demo)
            log.info("ready")
            gc.collect()
            gc.freeze()  # what is here now stays: no collection walks it again

        server = DrainingServer(_uvicorn(settings, app), moving=rooms.moving, ready=ready)
        await server.serve(sockets=[listener])
    log.info("stopped")


def _listen(settings: Settings) -> socket.socket:
    """The bound socket, taken before anything else starts. Raises OSError that names the address."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{error.strerror}: port {settings.port} of {settings.host}") from None
    return listener


async def _open_store(settings: Settings, stack: AsyncExitStack) -> Store:
    url = settings.redis_url
    if url is None:
        valkey = EmbeddedValkey(settings.data_dir)
        stack.push_async_callback(valkey.stop)
        url = await valkey.start()
    store = await connect(url, clinic=CLINIC)
    stack.push_async_callback(store.close)
    return store


def _uvicorn(settings: Settings, app: Starlette) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        lifespan="off",
        log_config=None,
        log_level="warning",  # its comings and goings; ours are told by us
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES_MAX,
        ws_ping_interval=None,  # the protocol has its own proof of life
        ws_per_message_deflate=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )
    try:
        config.load()
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(
            [f"The certificate cannot be used ({error.strerror or error}). More: python -m server check"]
        ) from error
    return config


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Runs `work` until the block is left. It handles its own errors: one that ends it early is our bug, and told."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_tell_early_end)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _tell_early_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        log.critical("background work ended", task=task.get_name(), exc_info=task.exception())


async def _answers(store: Store) -> bool:
    try:
        async with asyncio.timeout(PING_WITHIN_S):
            await store.ping()
    except (StoreUnavailable, TimeoutError):
        return False
    return True


# --------------------------------------------------------------------------- what people see first


async def _welcome(settings: Settings, store: Store, clock: Clock, stack: AsyncExitStack, *, bots: bool) -> None:
    """Say where Milieu is and, for a demo clinic, what to open."""
    console = Console(highlight=False, soft_wrap=True)
    console.print("\n[bold]Milieu is running.[/bold]  Ctrl-C stops it.")
    console.print(f"  Pages  {settings.base_url}")
    console.print(f"  Media  UDP port {settings.udp_port} of {settings.media_host}")
    console.print(
        f"  Data   {(settings.redis_url and 'the store of MILIEU_REDIS_URL, and ') or ''}{settings.data_dir.absolute()}"
    )
    if not await demo_clinic.belongs(store):
        return
    now = clock.now()
    links = Links(settings.signing_keys(), clinic=CLINIC)
    until = Instant(now + settings.link_hours * HOUR_MS)
    for number, session in enumerate(await demo_clinic.prepare(store, clinic=CLINIC, now=now)):
        invited = [
            (each, f"{settings.base_url}/j/{links.link(seat)}")
            for each, seat in demo_clinic.seats(session, until=until)
        ]
        _print_links(console, session.title, invited, all_of_them=number == 0)
        if bots and number == 0:
            participants = [link for each, link in invited if each.role is Role.PARTICIPANT]
            await _seat_bots(participants[1:], stack)  # the first one's link is left for whoever looks


def _print_links(console: Console, title: str, invited: Sequence[tuple[Expected, str]], *, all_of_them: bool) -> None:
    """The first group with everybody; of the others the facilitator and two participants, to keep it readable."""
    console.print(f"\n[bold]{title}[/bold] can start now. Each of these made-up people has a link of their own:")
    participants = [each for each in invited if each[0].role is Role.PARTICIPANT]
    shown = invited if all_of_them else [invited[0], *participants[:2]]
    width = max(len(each.name) for each, _ in shown)
    for each, link in shown:
        console.print(f"  {each.name:{width}}  [dim]{each.role:13}[/dim]  {link}", markup=True)


async def _seat_bots(links: Sequence[str], stack: AsyncExitStack) -> None:
    """Simulated participants in a process of their own: their pictures must not cost the server its time."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.bots", *links), cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
    )

    async def dismiss() -> None:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(BOTS_STOP_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    stack.push_async_callback(dismiss)
