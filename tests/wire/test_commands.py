"""Asking over a real websocket: answers, repetitions, haste, rubbish, slow readers (PROTOCOL.md §4, §8)."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket as sockets
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from server.clock import RoomClock
from server.store import memory
from server.wire import connection
from tests.wire.browser import Browser, Refused, seat
from tests.wire.example import COFACILITATOR, FACILITATOR, ROBIN, SAM, SESSION
from tests.wire.node import Node, running


async def test_accepted_means_it_is_in_the_log(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran:
        seq = await fran.ask("start_session", id_="once")
        record = (await node.rooms._log.read(SESSION, after=seq - 1))[0]
        assert (record.by, record.command) == ("p-fran", "once")
        view = await fran.view(lambda view: view["room"]["phase"] == "running")
        assert view["version"] >= seq


async def test_a_refusal_is_a_word_and_a_sentence_and_the_connection_stays(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran:
        with pytest.raises(Refused) as refused:
            await fran.ask("advance", from_segment="check-in")
        assert refused.value.code == "not_running"
        await fran.ask("start_session")


async def test_sending_a_command_again_does_it_once(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran:
        await fran.ask("start_session")
        first = await fran.ask("send_chat", id_="chat-1", text="hello", to="everyone")
        assert await fran.ask("send_chat", id_="chat-1", text="hello", to="everyone") >= first
        await fran.vanish()
        await fran.connect()
        await fran.ask("send_chat", id_="chat-1", text="hello", to="everyone")
        await fran.ask("send_chat", id_="chat-2", text="end", to="everyone")
        view = await fran.view(lambda view: view["room"]["chat"] and view["room"]["chat"][-1]["text"] == "end")
        assert [message["text"] for message in view["room"]["chat"]] == ["hello", "end"]


async def test_two_presses_at_once_advance_once(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, COFACILITATOR) as cody:
        await fran.ask("start_session")
        presses = (browser.ask("advance", from_segment="check-in") for browser in (fran, cody))
        outcomes = await asyncio.gather(*presses, return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused", "int"]
        await cody.view(lambda view: view["room"]["agenda"]["position"] == "process")


async def test_a_move_is_told_to_those_in_the_room_ahead_of_their_views_and_to_nobody_else(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin, Browser(node, SAM) as sam:
        await seat(fran, robin)
        await sam.view(lambda view: view["you"]["place"] == "arriving")
        seq = await fran.ask("start_session")
        for browser in (fran, robin):
            told = await browser.message(lambda message: message["type"] == "agenda")
            view = await browser.view(lambda view: view["room"]["phase"] == "running")
            assert told["version"] == seq <= view["version"]
            assert told["agenda"]["position"] == view["room"]["agenda"]["position"] == "check-in"
        await sam.view(lambda view: view["version"] >= seq)
        assert "agenda" not in {message["type"] for message in sam.messages}


async def test_what_is_typed_is_shown_to_its_author_and_not_to_the_group(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin, Browser(node, SAM) as sam:
        await seat(fran, robin, sam)
        await sam.view(lambda view: len(view["room"]["people"]) == 3)
        await sam.ask("raise_hand")
        await sam.view(lambda view: view["you"]["hand"] == 1)  # and whatever was before it
        before = len(sam.views)
        await robin.ask("save_form", form="check-in", answers={"mood": 3, "goal": "my secret"})
        await robin.view(lambda view: view["you"]["forms"]["check-in"]["answers"].get("goal") == "my secret")
        await fran.ask("edit_note", subject="p-robin", text="staff's secret", revision=0)
        await fran.view(lambda view: view["staff"]["notes"]["p-robin"]["text"] == "staff's secret")
        assert len(sam.views) == before
        await sam.ask("lower_hand")
        await sam.view(lambda view: view["you"]["hand"] is None)
        assert "secret" not in json.dumps(sam.views)
        assert "staff's secret" not in json.dumps(robin.views)


async def test_a_burst_of_news_is_sent_as_a_few_views_of_which_the_last_is_whole(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin:
        await seat(fran, robin)
        before, began = len(robin.views), asyncio.get_running_loop().time()
        for number in range(40):
            await fran.ask("send_chat", text=str(number), to="everyone")
        await robin.view(lambda view: len(view["room"]["chat"]) == 40)
        took_s = asyncio.get_running_loop().time() - began
        assert len(robin.views) - before <= connection.VIEW_BURST + 1 + took_s * connection.VIEWS_PER_S


# --------------------------------------------------------------- too much


async def test_haste_is_refused_and_loses_nothing_else(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran:
        began = asyncio.get_running_loop().time()
        for number in range(100):
            await fran.say(type="send_chat", command_id=f"c{number}", text=str(number), to="everyone")
        await fran.until(lambda: sum(m["type"] in ("accepted", "refused") for m in fran.messages) == 100)
        took_s = asyncio.get_running_loop().time() - began
        refused = [message for message in fran.messages if message["type"] == "refused"]
        assert {message["code"] for message in refused} <= {"too_fast"}
        assert 100 - connection.BURST - took_s * connection.RATE_PER_S - 1 <= len(refused) <= 101 - connection.BURST
        await asyncio.sleep(0.2)
        await fran.ask("send_chat", text="again", to="everyone")


async def test_a_flood_ends_the_connection_and_nobody_elses(node: Node) -> None:
    async with Browser(node, ROBIN) as robin, Browser(node, FACILITATOR) as fran:
        for number in range(400):
            try:
                await robin.say(type="pong", now=number)
            except ConnectionClosed:
                break
        assert await robin.ended() == 4429
        await fran.ask("start_session")


async def test_who_does_not_read_is_let_go_and_the_room_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STUCK_S", 0.5)
    monkeypatch.setattr(connection, "PING_EVERY_S", 0.1)
    monkeypatch.setattr(connection, "LOST_AFTER_S", 60.0)  # its network lives, it only does not read
    store = memory.connect()
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    async with (
        running(Node(store.log, store.leases, RoomClock(), send_buffer=4096)) as node,
        Browser(node, FACILITATOR) as fran,
    ):
        raw.connect(("127.0.0.1", node.port))
        slow = await connect(node.address(), sock=raw, proxy=None, max_queue=1, ping_interval=None)
        await slow.send(json.dumps({"type": "hello", "protocol": 1, "device": "d", "ticket": "p-cody"}))

        def slow_is(connected: bool) -> bool:
            return {p["person"]: p["connected"] for p in fran.views[-1]["staff"]["people"]}["p-cody"] is connected

        await fran.view(lambda _: slow_is(True))
        for number in range(55):
            await fran.ask("send_chat", id_=f"long-{number}", text="x" * 2000, to="everyone")
        await fran.view(lambda _: slow_is(False))
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await slow.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4408


# --------------------------------------------------------------- rubbish


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xff",
        "",
        "null",
        "[" * 60_000,
        '{"type": "advance", "command_id": "1", "from_segment": ' + "[" * 10_000,
        json.dumps({"type": "send_chat", "command_id": "1", "text": "x" * 70_000, "to": "everyone"}),
        json.dumps({"type": "open_session", "command_id": "1"}),
        json.dumps({"type": "raise_hand", "command_id": "1", "person": "p-fran"}),
        json.dumps({"type": "hello", "protocol": 1, "device": "d", "mode": "room"}),
        '{"type": "extend", "command_id": "1", "segment": "a", "by_ms": NaN}',
    ],
    ids=lambda data: repr(data[:30]),
)
async def test_a_malformed_message_ends_its_connection_only(node: Node, data: str | bytes) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin:
        await robin.send(data)
        assert await robin.ended() == 4400
        await fran.ask("start_session")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("person", "text", "to", "form", "answers", "segment", "from_segment", "by_ms", "on", "subject", "revision")
plausible = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["arrive", "admit", "send_chat", "advance", "extend", "save_form", "submit_form", "edit_note", "replan",
             "shield", "react", "offer", "wish", "lower_hand", "set_media", "share_answer", "sign_note"]
        ),
        "command_id": st.text(min_size=1, max_size=8),
    },
    optional=dict.fromkeys(NAMES, json_values) | {"sdp": st.text(), "peer": st.text(), "offer_id": st.text()},
)  # fmt: skip
typed = st.one_of(
    st.builds(lambda text, to: {"type": "send_chat", "text": text, "to": to}, st.text(), st.text()),
    st.builds(lambda s, r: {"type": "edit_note", "subject": s, "text": s, "revision": r},
              st.text(), st.integers(-5, 5)),
    st.builds(lambda s, ms: {"type": "extend", "segment": s, "by_ms": ms},
              st.text(), st.integers(-(2**53) + 1, 2**53 - 1)),
    st.builds(lambda f, a: {"type": "submit_form", "form": f, "answers": a},
              st.just("check-in") | st.text(),
              st.dictionaries(st.sampled_from(["mood", "goal", "unsafe"]) | st.text(),
                              st.none() | st.booleans() | st.integers(-100, 100) | st.text(), max_size=4)),
    st.builds(lambda p: {"type": "replan", "planned_ms": p},
              st.dictionaries(st.sampled_from(["process", "break"]) | st.text(), st.integers(-10, 10**12), max_size=3)),
    st.builds(lambda p: {"type": "admit", "person": p}, st.text()),
    st.builds(lambda f, q, s: {"type": "share_answer", "form": f, "question": q, "shared": s},
              st.just("check-in") | st.text(), st.text(), st.booleans()),
    st.builds(lambda n, t: {"type": "arrive", "name": n, "location": t, "callback": t, "private_space": True,
                            "agreement": True}, st.text(), st.text()),
)  # fmt: skip


_scenes = itertools.count()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(st.tuples(st.booleans(), json_values | plausible | typed), min_size=1, max_size=5))
async def test_no_rubbish_ends_a_room(node: Node, messages: list[tuple[bool, Any]]) -> None:
    """Whatever two people send, of all well-formed and malformed things, a third one's room goes on."""
    session = f"s-{next(_scenes)}"
    async with Browser(node, COFACILITATOR, session=session) as cody:
        senders = {
            True: await Browser(node, FACILITATOR, session=session).connect(),
            False: await Browser(node, ROBIN, session=session).connect(),
        }
        await seat(cody, senders[False])
        for number, (staff, message) in enumerate(messages):
            if isinstance(message, dict) and "type" in message:
                message = {"command_id": f"rubbish-{number}", **message}
            try:
                await senders[staff].send(json.dumps(message))
            except ConnectionClosed:
                pass
        for sender in senders.values():
            await sender.close()
            assert sender.closed is not None and sender.closed[0] in (1001, 4400)
        await cody.ask("send_chat", text="still here", to="everyone")
        assert cody.closed is None
