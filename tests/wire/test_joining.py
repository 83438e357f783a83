"""Coming in over a real websocket: hello, tickets, close codes, what each may see (PROTOCOL.md §2, §5, §8)."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from facilitation.people import Expected
from server.clock import RoomClock
from server.store import memory
from server.wire import connection
from tests.wire.browser import Browser, Message, Refused, arrive, seat
from tests.wire.example import COFACILITATOR, FACILITATOR, OBSERVER, ROBIN, SAM, SESSION
from tests.wire.node import Node, running


async def turned_away(node: Node, *messages: Any, session: str = SESSION, **options: Any) -> int:
    """The code a stranger's connection is closed with who says these messages."""
    async with connect(node.address(session), proxy=None, **options) as socket:
        for message in messages:
            await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def hello(person: Expected | None = ROBIN, **fields: Any) -> dict[str, Any]:
    ticket = {} if person is None else {"ticket": person.person}
    return {"type": "hello", "protocol": 1, "device": "d", "mode": "room", **ticket, **fields}


# --------------------------------------------------------------- in


async def test_who_comes_is_welcomed_and_shown_where_they_are(node: Node) -> None:
    async with Browser(node, ROBIN) as robin:
        welcome = robin.messages[0]
        assert welcome["type"] == "welcome"
        assert (welcome["person"], welcome["role"], welcome["session"]) == ("p-robin", "participant", "s-example")
        assert welcome["connection"].startswith("c")
        assert welcome["slots"] == {"audio": 15, "video": 15, "screen": 1}
        assert robin.views[0]["you"]["place"] == "arriving"


async def test_nobody_sees_who_is_there_before_being_admitted(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin, Browser(node, SAM) as sam:
        await seat(fran, robin)
        await robin.ask("send_chat", text="a word to the group", to="everyone")
        await robin.ask("send_chat", text="a word to staff", to="staff")
        await arrive(sam)
        await fran.view(lambda view: len(view["staff"]["chat"]) == 1)
        view = await sam.view(lambda view: view["you"]["place"] == "waiting")
        for seen in sam.views:
            assert seen["room"]["people"] == seen["room"]["chat"] == seen["room"]["shared"] == []
            assert "Robin" not in json.dumps(seen) and "a word" not in json.dumps(seen)
            assert "staff" not in seen and "record" not in seen
        assert view["room"]["title"] == "Tuesday evening group"

        await fran.ask("admit_all")
        view = await sam.view(lambda view: view["you"]["place"] == "room")
        assert [person["name"] for person in view["room"]["people"]] == [
            "Fran Example", "Robin Example", "Sam Example",
        ]  # fmt: skip
        assert [message["text"] for message in view["room"]["chat"]] == ["a word to the group"]
        assert "a word to staff" not in json.dumps(view)
        assert any(message["type"] == "nudge" and message["kind"] == "admitted" for message in sam.messages)


async def test_an_observer_sees_what_staff_see_and_changes_nothing(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, OBSERVER) as olli, Browser(node, ROBIN) as robin:
        await arrive(robin)
        view = await olli.view(lambda view: any(p["place"] == "waiting" for p in view["staff"]["people"]))
        robins = next(person for person in view["staff"]["people"] if person["person"] == "p-robin")
        assert robins["arrival"]["location"] == "1 Example Road"
        with pytest.raises(Refused) as refused:
            await olli.ask("admit", person="p-robin")
        assert refused.value.code == "not_allowed"
        with pytest.raises(Refused):
            await olli.ask("edit_note", subject="group", text="mine", revision=0)
        await fran.ask("admit", person="p-robin")


async def test_the_record_is_shown_to_staff_without_their_being_there(node: Node) -> None:
    async with Browser(node, COFACILITATOR, mode="record") as cody, Browser(node, FACILITATOR) as fran:
        view = await cody.view(lambda view: view["room"]["people"])
        assert view["record"]["status"] == "open"
        assert [person["name"] for person in view["room"]["people"]] == ["Fran Example"]
        assert "record" not in fran.views[-1]


async def test_two_sessions_know_nothing_of_each_other(node: Node) -> None:
    async with Browser(node, ROBIN, session="s-one") as one, Browser(node, FACILITATOR, session="s-two") as two:
        assert one.views[-1]["room"]["session"] == "s-one"
        assert two.views[-1]["room"]["session"] == "s-two"
        assert not any(person["connected"] for person in two.views[-1]["staff"]["people"] if person["name"][0] == "R")


# --------------------------------------------------------------- out


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"type": "pong", "now": 1}], 4400),
        ([{"type": "raise_hand", "command_id": "1"}], 4400),
        (["rubbish"], 4400),
        ([b"\x00\x01"], 4400),
        ([hello(protocol=2)], 4400),
        ([{**hello(), "role": "facilitator"}], 4400),
        ([{**hello(), "person": "p-fran"}], 4400),
        ([hello(None)], 4401),
        ([hello(None, ticket="nobody")], 4401),
        ([hello(mode="record")], 4403),
        ([hello(), hello()], 4400),
    ],
)
async def test_who_does_not_introduce_themself_rightly_is_turned_away(node: Node, messages: Any, code: int) -> None:
    assert await turned_away(node, *messages) == code


async def test_another_sites_page_is_turned_away(node: Node) -> None:
    assert await turned_away(node, hello(), origin="https://evil.example") == 4403


async def test_a_session_that_nobody_scheduled_is_not_found(node: Node) -> None:
    assert await turned_away(node, hello(), session="x-nothing") == 4404
    assert len(node.rooms) == 0


async def test_silence_instead_of_hello_ends_the_connection(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HELLO_WITHIN_S", 0.1)
    assert await turned_away(node) == 4408


async def test_a_seventh_device_of_one_person_is_one_too_many(node: Node) -> None:
    async with AsyncExitStack() as stack:
        for number in range(6):
            await stack.enter_async_context(Browser(node, ROBIN, device=f"device-{number}"))
        assert await turned_away(node, hello()) == 4429
        async with Browser(node, SAM):
            pass


async def test_who_was_removed_is_told_so_and_stays_out(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin:
        await seat(fran, robin)
        await fran.ask("remove", person="p-robin")
        assert await robin.ended() == 1000
        assert robin.messages[-1] == {"type": "bye", "reason": "removed"}
        again = await Browser(node, ROBIN).connect(shown=False)
        assert await again.ended() == 1000
        assert again.messages[-1] == {"type": "bye", "reason": "removed"}
        assert again.views == []


async def test_leaving_says_goodbye_to_every_device_and_the_answer_comes_first(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin, Browser(node, ROBIN) as phone:
        await seat(fran, robin)
        await robin.ask("quick_exit")
        assert await robin.ended() == 1000
        assert await phone.ended() == 1000
        assert [message["type"] for message in robin.messages[-2:]] == ["accepted", "bye"]
        assert phone.messages[-1] == {"type": "bye", "reason": "quick_exit"}

        def robins(view: Message) -> Message:
            return next(person for person in view["staff"]["people"] if person["person"] == "p-robin")

        view = await fran.view(lambda view: robins(view)["place"] == "left" and not robins(view)["connected"])
        assert robins(view)["left_how"] == "quick_exit"
        assert len(view["room"]["people"]) == 1


async def test_a_room_of_another_node_sends_its_browsers_there() -> None:
    store = memory.connect()
    async with (
        running(Node(store.log, store.leases, RoomClock(), name="one")) as one,
        running(Node(store.log, store.leases, RoomClock(), name="two")) as two,
        Browser(one, ROBIN),
    ):
        assert await turned_away(two, hello()) == 4409


async def test_a_node_that_lost_its_lease_lets_go_at_once() -> None:
    store = memory.connect(lease_ms=0)
    async with (
        running(Node(store.log, store.leases, RoomClock(), name="one")) as one,
        running(Node(store.log, store.leases, RoomClock(), name="two")) as two,
        Browser(one, ROBIN) as old,
        Browser(two, ROBIN) as new,
    ):
        await old.say(type="arrive", command_id="1", name="Robin", location="here", callback="555 0100",
                      private_space=True, agreement=True)  # fmt: skip
        assert await old.ended() == 4409
        assert not any(message["type"] == "accepted" for message in old.messages)
        assert new.views[-1]["you"]["place"] == "arriving"
        await arrive(new)


async def test_a_server_that_stops_on_request_says_so_and_writes_down_who_was_there() -> None:
    store = memory.connect()
    node = Node(store.log, store.leases, RoomClock())
    await node.start()
    robin = await Browser(node, ROBIN).connect()
    assert node.rooms.moving(2_000) == 1
    await robin.message(lambda message: message == {"type": "moving", "in_ms": 2_000})
    await node.stop()
    assert await robin.ended() == 1012
    kinds = [type(record.event).__name__ for record in await store.log.read(SESSION)]
    assert kinds[-1] == "ConnectionClosed"
