"""Presence over real websockets: silence, goodbyes, two devices, and a server that was killed (PROTOCOL.md §3)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from facilitation.events import ConnectionClosed, ConnectionOpened, Heard, ServerTookOver
from facilitation.state import replay
from server.clock import RoomClock
from server.rooms.ports import Proofs
from server.rooms.silent_media import SilentMedia
from server.store import memory
from server.store.ports import Store
from server.wire import connection
from tests.wire.browser import Browser, arrive, seat
from tests.wire.example import FACILITATOR, ROBIN, SAM, SESSION
from tests.wire.node import Node, running


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence counts as loss a few times sooner than in earnest."""
    monkeypatch.setattr(connection, "PING_EVERY_S", 0.2)
    monkeypatch.setattr(connection, "LOST_AFTER_S", 0.6)


async def events(store: Store, kind: type[Any], **fields: Any) -> list[Any]:
    found = [record.event for record in await store.log.read(SESSION) if isinstance(record.event, kind)]
    return [event for event in found if all(getattr(event, name) == value for name, value in fields.items())]


async def pulse(store: Store) -> Proofs:
    """The next proofs of life that are kept beside the log."""
    before = await store.leases.proofs(SESSION)
    async with asyncio.timeout(60):
        while (kept := await store.leases.proofs(SESSION)) in (None, before):  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.05)
    assert kept is not None
    return kept


def of_staff(view: dict[str, Any], person: str) -> dict[str, Any]:
    return next(each for each in view["staff"]["people"] if each["person"] == person)


def of_record(view: dict[str, Any], person: str) -> dict[str, Any]:
    return next(each for each in view["record"]["people"] if each["person"] == person)


def test_a_loss_is_seen_within_five_seconds() -> None:
    assert connection.PING_EVERY_S * 2 < connection.LOST_AFTER_S
    assert connection.LOST_AFTER_S + connection.STALL_S < 5


async def test_silence_is_a_loss_and_presence_ends_when_last_heard(quick: None) -> None:
    store = memory.connect()
    clock = RoomClock()
    async with (
        running(Node(store.log, store.leases, clock)) as node,
        Browser(node, FACILITATOR) as fran,
        Browser(node, FACILITATOR, mode="record") as record,
    ):
        robin = await Browser(node, ROBIN).connect()
        await seat(fran, robin)
        await fran.ask("start_session")
        already = robin.pings
        await robin.until(lambda: robin.pings == already + 2)
        robin.pongs = False
        silent_from = clock.now()
        view = await fran.view(lambda view: not of_staff(view, "p-robin")["connected"])
        seen_at = clock.now()
        assert of_staff(view, "p-robin")["left_how"] == "dropped"
        assert [person["connected"] for person in view["room"]["people"]] == [True, False]
        assert 500 <= seen_at - silent_from <= 2_500

        view = await record.view(lambda view: of_record(view, "p-robin")["intervals"])
        closed = (await events(store, ConnectionClosed))[0]
        assert closed.heard <= silent_from + 20
        assert of_record(view, "p-robin")["intervals"][-1][1] == closed.heard
        assert await robin.ended() == 1013


async def test_a_closed_tab_is_gone_at_that_instant(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin:
        await seat(fran, robin)
        await fran.ask("start_session")
        before = node.clock.now()
        await robin.close()
        await fran.view(lambda view: not of_staff(view, "p-robin")["connected"])
        records = [r for r in await node.rooms._log.read(SESSION) if isinstance(r.event, ConnectionClosed)]
        assert before <= records[-1].event.heard <= records[-1].at


async def test_two_devices_are_one_seat_and_one_measure_of_minutes() -> None:
    store = memory.connect()
    async with (
        running(Node(store.log, store.leases, RoomClock())) as node,
        Browser(node, FACILITATOR) as fran,
        Browser(node, ROBIN, device="laptop") as laptop,
        Browser(node, FACILITATOR, mode="record") as record,
    ):
        await seat(fran, laptop)
        await fran.ask("start_session")
        phone = await Browser(node, ROBIN, device="phone").connect()
        assert phone.views[-1]["you"]["place"] == "room"
        assert len(fran.views[-1]["room"]["people"]) == 2
        await laptop.vanish()
        await asyncio.sleep(0.3)
        await fran.ask("send_chat", text="still two", to="everyone")
        view = await fran.view(lambda view: view["room"]["chat"])
        assert [person["connected"] for person in view["room"]["people"]] == [True, True]
        await phone.close()
        view = await record.view(lambda view: len(of_record(view, "p-robin")["evidence"]) >= 7)
        figures = of_record(view, "p-robin")
        opened, closed = await events(store, ConnectionOpened, person="p-robin"), await events(store, ConnectionClosed)
        assert [event.device for event in opened] == ["laptop", "phone"]
        assert len(figures["intervals"]) == 1
        assert figures["intervals"][0][1] == closed[-1].heard
        assert figures["present_ms"] == figures["intervals"][0][1] - figures["intervals"][0][0]


async def test_proofs_of_life_are_kept_so_that_a_killed_server_knows_who_was_there(quick: None) -> None:
    store = memory.connect()
    async with running(Node(store.log, store.leases, RoomClock())) as node, Browser(node, ROBIN) as robin:
        connection_id = robin.messages[0]["connection"]
        assert connection_id in (await pulse(store)).heard
        assert await events(store, Heard) == []


async def test_after_a_kill_everyone_is_back_where_they_were(quick: None, store: Store) -> None:
    clock = RoomClock()
    first = Node(store.log, store.leases, clock)
    await first.start()
    fran, robin = await Browser(first, FACILITATOR).connect(), await Browser(first, ROBIN).connect()
    sam = await Browser(first, SAM).connect()
    await seat(fran, robin)
    await arrive(sam)
    await fran.ask("start_session")
    await fran.ask("advance", from_segment="check-in")
    await fran.ask("edit_note", subject="p-robin", text="typed before the kill", revision=0)
    await robin.ask("save_form", form="check-in", answers={"mood": 4})
    await robin.ask("send_chat", text="before", to="everyone")
    before = await fran.view(lambda view: view["room"]["chat"])
    heard = (await pulse(store)).heard[robin.messages[0]["connection"]]
    seq = (await store.log.read(SESSION))[-1].seq
    before_kill = clock.now()
    await first.crash()
    for browser in (fran, robin, sam):
        assert await browser.ended() == 1006
    assert [record.seq for record in await store.log.read(SESSION)][-1] == seq  # nothing was said at the end

    await asyncio.sleep(0.5)
    async with running(Node(store.log, store.leases, RoomClock(), port=first.port)) as second:
        for browser in (fran, robin, sam):
            browser.node = second
            await browser.connect()
        view = await fran.view(lambda view: all(person["connected"] for person in view["room"]["people"]))
        agenda = view["room"]["agenda"]
        for same in ("position", "entered_at", "ends_at", "paused", "expected_end"):
            assert agenda[same] == before["room"]["agenda"][same]
        assert [message["text"] for message in view["room"]["chat"]] == ["before"]
        assert view["staff"]["notes"]["p-robin"]["text"] == "typed before the kill"
        assert robin.views[-1]["you"]["place"] == "room"
        assert robin.views[-1]["you"]["forms"]["check-in"]["answers"] == {"mood": 4}
        assert sam.views[-1]["you"]["place"] == "waiting"

        took_over = await events(store, ServerTookOver)
        assert [event.gap_from is None for event in took_over] == [True, False]
        async with Browser(second, FACILITATOR, mode="record") as record:
            figures = of_record(record.views[-1], "p-robin")
            (gap,) = record.views[-1]["record"]["gaps"]
        assert gap[0] <= before_kill and gap[1] - before_kill >= 400
        # Present until last heard before the kill, again from the return on; the short gap between is credited.
        (left, right) = figures["intervals"]
        assert left[1] == heard <= before_kill < right[0]
        assert figures["gap_credit_ms"] == right[0] - left[1]
        for browser in (fran, robin, sam):
            await browser.close()
    assert replay(await store.log.read(SESSION)).agenda.position == "process"


async def test_after_a_kill_an_unanswered_command_sent_again_is_done_once(store: Store) -> None:
    first = Node(store.log, store.leases, RoomClock())
    await first.start()
    fran = await Browser(first, FACILITATOR).connect()
    await fran.ask("start_session", id_="press")
    await first.crash()
    await fran.ended()
    async with running(Node(store.log, store.leases, RoomClock(), port=first.port)) as second:
        fran.node = second
        await fran.connect()
        await fran.ask("start_session", id_="press")
        await fran.close()
    records = [record for record in await store.log.read(SESSION) if record.command == "press"]
    assert len(records) == len({type(record.event) for record in records})


async def test_a_picture_that_still_moves_is_presence_when_the_websocket_is_lost(quick: None) -> None:
    store = memory.connect()
    clock = RoomClock()
    media = SilentMedia(clock)
    async with (
        running(Node(store.log, store.leases, clock, media=media)) as node,
        Browser(node, FACILITATOR) as fran,
        Browser(node, ROBIN) as robin,
    ):
        await seat(fran, robin)
        await robin.say(type="offer", offer_id="o", peer=None, sdp="v=0")
        peer = (await robin.message(lambda message: message["type"] == "answer"))["peer"]
        media.connect(room=SESSION, peer=peer)
        await robin.vanish()
        await asyncio.sleep(0.3)
        await fran.ask("send_chat", text="a turn", to="everyone")
        view = await fran.view(lambda view: view["room"]["chat"])
        assert of_staff(view, "p-robin")["connected"]
        media.packet(room=SESSION, peer=peer)
        heard = media.heard(room=SESSION)[peer]
        media.lose(room=SESSION, peer=peer)
        view = await fran.view(lambda view: not of_staff(view, "p-robin")["connected"])
        assert of_staff(view, "p-robin")["left_at"] == heard
