"""A store that pauses, dies or comes back while people are in the room: nothing is lost, and everyone is told."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from facilitation.events import ChatSent
from facilitation.state import replay
from server.clock import RoomClock
from server.rooms import actor
from server.rooms.silent_media import SilentMedia
from server.store.connect import connect
from server.store.embedded import EmbeddedValkey
from server.store.ports import Store
from tests.wire.browser import Browser, Refused, seat
from tests.wire.example import FACILITATOR, ROBIN, SAM, SESSION
from tests.wire.node import Node, running


@pytest_asyncio.fixture
async def valkey() -> AsyncIterator[EmbeddedValkey]:
    """A Valkey of one's own, to be maltreated."""
    folder = Path(tempfile.mkdtemp(prefix="milieu-"))
    server = EmbeddedValkey(folder)
    await server.start()
    yield server
    await server.stop()
    shutil.rmtree(folder)


@pytest_asyncio.fixture
async def store(valkey: EmbeddedValkey) -> AsyncIterator[Store]:
    store = await connect(valkey.url)
    yield store
    await store.close()


async def test_a_pause_of_the_store_is_shown_and_nothing_is_lost_or_done_twice(
    valkey: EmbeddedValkey, store: Store
) -> None:
    async with (
        running(Node(store.log, store.leases, RoomClock())) as node,
        Browser(node, FACILITATOR) as fran,
        Browser(node, ROBIN) as robin,
        Redis.from_url(valkey.url) as operator,
    ):
        await seat(fran, robin)
        await fran.ask("start_session")
        await operator.client_pause(5_000, all=False)  # longer than the store is waited for
        asked_at = node.clock.now()
        asking = [
            asyncio.create_task(fran.ask("advance", from_segment="check-in")),
            asyncio.create_task(robin.ask("send_chat", id_="mine", text="typed in the outage", to="everyone")),
        ]
        await robin.message(lambda message: message == {"type": "degraded", "store": True})
        await robin.say(type="send_chat", command_id="mine", text="typed in the outage", to="everyone")
        await asyncio.gather(*asking)
        await robin.message(lambda message: message == {"type": "degraded", "store": False})
        view = await robin.view(lambda view: view["room"]["chat"])
        assert view["room"]["agenda"]["position"] == "process"
        assert view["room"]["agenda"]["entered_at"] - asked_at < 1_000  # as of the press, not of the recovery
        assert robin.closed is None and fran.closed is None
    chats = [record for record in await store.log.read(SESSION) if isinstance(record.event, ChatSent)]
    assert [record.command for record in chats] == ["mine"]


async def test_a_killed_store_comes_back_and_the_talk_went_on(valkey: EmbeddedValkey, store: Store) -> None:
    clock = RoomClock()
    media = SilentMedia(clock)
    async with (
        running(Node(store.log, store.leases, clock, media=media)) as node,
        Browser(node, FACILITATOR) as fran,
        Browser(node, ROBIN) as robin,
    ):
        await seat(fran, robin)
        accepted = []
        for kill in range(3):
            assert valkey.pid is not None
            os.kill(valkey.pid, signal.SIGKILL)
            accepted += await asyncio.gather(
                *(fran.ask("send_chat", text=f"{kill}-{number}", to="everyone") for number in range(5)),
                *(robin.ask("send_chat", text=f"{kill}+{number}", to="everyone") for number in range(5)),
            )
        assert len(set(accepted)) == 30
        assert fran.closed is None and robin.closed is None
        await robin.say(type="offer", offer_id="o", sdp="v=0")
        await robin.message(lambda message: message["type"] == "answer")
    records = await store.log.read(SESSION)
    assert {record.seq for record in records if isinstance(record.event, ChatSent)} == set(accepted)


async def test_an_outage_has_no_end_to_memory(
    valkey: EmbeddedValkey, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actor, "MAILBOX_MAX", 5)
    async with (
        running(Node(store.log, store.leases, RoomClock())) as node,
        Browser(node, FACILITATOR) as fran,
        Redis.from_url(valkey.url) as operator,
    ):
        await fran.ask("start_session")
        await operator.client_pause(60_000, all=False)
        asking = [asyncio.create_task(fran.ask("send_chat", text=str(n), to="everyone")) for n in range(20)]
        await fran.until(lambda: sum(message["type"] == "refused" for message in fran.messages) >= 10)
        await operator.client_unpause()
        outcomes = await asyncio.gather(*asking, return_exceptions=True)
        busy = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert 10 <= len(busy) <= 15 and {outcome.code for outcome in busy} == {"busy"}
        await fran.ask("send_chat", text="and again", to="everyone")


async def test_who_comes_during_an_outage_is_welcomed_told_and_let_in_after_it(
    valkey: EmbeddedValkey, store: Store
) -> None:
    async with (
        running(Node(store.log, store.leases, RoomClock())) as node,
        Browser(node, FACILITATOR) as fran,
        Redis.from_url(valkey.url) as operator,
    ):
        await operator.client_pause(60_000, all=False)
        raising = asyncio.create_task(fran.ask("raise_hand"))
        await fran.message(lambda message: message["type"] == "degraded")
        sam = await Browser(node, SAM).connect(shown=False)
        await sam.message(lambda message: message == {"type": "degraded", "store": True})
        assert sam.views == []
        await operator.client_unpause()
        await sam.view(lambda view: view["you"]["place"] == "arriving")
        await raising
        await sam.close()


async def test_a_room_cannot_be_opened_while_the_store_is_away_and_can_after(
    valkey: EmbeddedValkey, store: Store
) -> None:
    async with running(Node(store.log, store.leases, RoomClock())) as node, Redis.from_url(valkey.url) as operator:
        await operator.execute_command("CLIENT", "PAUSE", 3_500, "ALL")
        early = await Browser(node, FACILITATOR).connect(shown=False)
        assert await early.ended() == 1013
        async with Browser(node, FACILITATOR) as fran:
            assert fran.views


async def test_a_log_that_was_tampered_with_is_not_opened(valkey: EmbeddedValkey, store: Store) -> None:
    async with running(Node(store.log, store.leases, RoomClock())) as node, Browser(node, FACILITATOR) as fran:
        await fran.ask("start_session")
    async with Redis.from_url(valkey.url) as operator:
        key = store.keys.log(SESSION)
        entries = await operator.xrange(key)
        await operator.xdel(key, entries[1][0])
    async with running(Node(store.log, store.leases, RoomClock())) as node:
        refused = await Browser(node, FACILITATOR).connect(shown=False)
        assert await refused.ended() == 4500
        async with Browser(node, FACILITATOR, session="s-other"):
            pass


async def test_the_log_replays_to_what_people_saw(store: Store) -> None:
    async with running(Node(store.log, store.leases, RoomClock())) as node, Browser(node, FACILITATOR) as fran:
        await fran.ask("start_session")
        await fran.ask("advance", from_segment="check-in")
        live = (await node.rooms.open(SESSION))._actor.state
        assert replay(await store.log.read(SESSION)) == live
