"""One running process: its parts begun in their order, served, and torn down in the opposite one."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import structlog
import uvicorn
from starlette.applications import Starlette

from server import collector
from server.app import (
    accounts_of,
    build,
    diary_reminders,
    letters_of,
    offer_letters,
    post_office,
    reminders,
    schedule_of,
    site_of,
)
from server.books.agreements import Agreements
from server.catalog import load_catalog
from server.clock import Clock, RoomClock
from server.config import Settings, SettingsError
from server.draining import DrainingServer
from server.library import load_library
from server.opening import briefing, opening
from server.projections.worker import HoursProjection
from server.rooms.directory import Rooms
from server.rooms.ports import StoreUnavailable
from server.school.placing import Placing
from server.school.waiting import WaitingLists
from server.sfu.native.build import NotBuilt
from server.sfu.plane import MediaSettings, Sfu
from server.store.connect import connect
from server.store.embedded import EmbeddedValkey
from server.store.node import NodeName
from server.store.ports import Store
from server.tour import Tour
from server.web.site import CLINIC
from server.welcome import simulated, welcome

log = structlog.get_logger(__name__)

MESSAGE_BYTES_MAX: Final = 64 * 1024
CONNECTIONS_MAX: Final = 5_000
PING_WITHIN_S: Final = 1.0
CANCEL_AGAIN_S: Final = 0.5


async def serve(settings: Settings, *, demo: bool = False, clock: Clock | None = None) -> None:
    """Run Milieu until it is told to stop. Call it from the main thread. `demo` adds simulated participants; `clock` is
    another one than the wall's.

    Raises OSError (an address or port), SettingsError, EmbeddedStoreError, NodeNameTaken, StoreUnavailable and
    CorruptLog, all before anything is served.
    """
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(_listen(settings))
        clock = clock or RoomClock()
        store = await _open_store(settings, stack)
        node = NodeName(settings.data_dir)
        stack.callback(node.release)
        site, mail = site_of(settings), post_office(settings, clock)
        catalog, library = load_catalog(), load_library(numbers=site.lines.numbers)
        letters = letters_of(settings, store, mail, catalog=catalog, clock=clock)
        schedule = schedule_of(store, catalog=catalog, clock=clock, tell=letters.tell)
        hours = HoursProjection(store.log, store.ledger, clock)
        agreements = Agreements(store, clock=clock)
        media = _media_plane(settings, clock)
        rooms = Rooms(
            log=store.log,
            leases=store.leases,
            media=media,
            clock=clock,
            load_session=opening(settings, store=store, catalog=catalog, library=library, learn=schedule.load),
            node=node.name,
            on_signed=hours.wake,
            on_agreed=agreements.agreed,
            brief=briefing(store, catalog=catalog, agreements=agreements),
            sealed_only=settings.end_to_end == "required",
        )
        await media.start(rooms.media_fact)
        stack.push_async_callback(media.stop)
        await stack.enter_async_context(_background(hours.run(), "hours"))
        stack.push_async_callback(agreements.close)
        stack.push_async_callback(rooms.close)
        mail.open()
        await stack.enter_async_context(_background(mail.run(), "mail"))
        if settings.reminder_minutes:
            soon = reminders(settings, store, site=site, mail=mail, clock=clock)
            await stack.enter_async_context(_background(soon.run(), "reminders"))
        minutes = diary_reminders(settings, store, site=site, mail=mail, clock=clock)
        await stack.enter_async_context(_background(minutes.run(), "diary reminders"))
        await stack.enter_async_context(_background(collector.keep_aside(lambda: len(rooms) > 0), "collector"))

        async def health() -> dict[str, bool]:
            return {"store": await _answers(store), "media": media.port > 0, "accepting": not server.stopping}

        placing = Placing(store, schedule=schedule, catalog=catalog, clock=clock, seats_max=settings.seats_max)
        stack.push_async_callback(placing.close)
        accounts = accounts_of(settings, store, site=site, mail=mail, clock=clock)
        tour = Tour(store, settings=settings, accounts=accounts, clock=clock)
        app = build(
            settings,
            site=site,
            store=store,
            catalog=catalog,
            library=library,
            rooms=rooms,
            clock=clock,
            health=health,
            mail=mail,
            schedule=schedule,
            placing=placing,
            tour=tour,
        )

        async def ready() -> None:
            links = await welcome(settings, tour)
            await stack.enter_async_context(_background(schedule.run(), "schedule"))
            lists = WaitingLists(store, schedule=schedule, catalog=catalog, clock=clock, seats_max=settings.seats_max)
            await stack.enter_async_context(_background(lists.run(), "waiting"))
            offers = offer_letters(
                settings, store, schedule=schedule, catalog=catalog, lists=lists, rooms=rooms, mail=mail, clock=clock
            )
            await stack.enter_async_context(_background(offers.run(), "offers"))
            if demo and links:
                await stack.enter_async_context(simulated(links))
            log.info("ready")
            collector.settle()

        server = DrainingServer(_uvicorn(settings, app), moving=rooms.moving, ready=ready)
        await server.serve(sockets=[listener])
    log.info("stopped")


def _media_plane(settings: Settings, clock: Clock) -> Sfu:
    try:
        return Sfu(
            MediaSettings(
                hosts=settings.media_hosts,
                port=settings.udp_port,
                public_addresses=settings.media_addresses,
                core=settings.media_core,
            ),
            clock=clock.now,
        )
    except NotBuilt as reason:
        raise SettingsError([f"MILIEU_MEDIA_CORE: {reason}."]) from None


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
        while not task.done():  # the store's client may swallow a cancellation while it connects
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_AGAIN_S)


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
