"""A round over real websockets: everyone in turn, over lost lines, a new server and a facilitator who is gone."""

from __future__ import annotations

import json

import pytest

from server.clock import RoomClock
from server.store import memory
from tests.wire.browser import Browser, Refused, seat
from tests.wire.example import FACILITATOR, KIM, ROBIN, SAM
from tests.wire.node import Node, running

ROUND = "round-1"


async def opened(fran: Browser, *people: Browser) -> None:
    await seat(fran, *people)
    await fran.ask("start_session")
    line = [each.person.person for each in people]
    await fran.ask("open_round", kind="check_in", order="given", line=line, turn_ms=60_000)
    await fran.ask("move_round_on", round=ROUND, turn=0)


async def test_the_next_one_is_told_in_private_and_nobody_sees_who_passed(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin, Browser(node, SAM) as sam:
        await opened(fran, robin, sam)
        mine = await robin.view(lambda view: (view["you"]["turn"] or {}).get("place") == "now")
        assert mine["room"]["round"]["until"] - mine["room"]["round"]["since"] == 60_000
        next_ = await sam.view(lambda view: (view["you"]["turn"] or {}).get("place") == "next")
        assert next_["you"]["turn"]["before"] == 0
        await robin.ask("pass_turn", round=ROUND)
        view = await sam.view(lambda view: (view["you"]["turn"] or {}).get("place") == "now")
        assert '"passed"' not in json.dumps([view["room"]["round"], view["you"]["turn"]])
        told = await fran.view(lambda view: view["staff"]["rounds"]["line"][0]["place"] == "passed")
        assert [each["person"] for each in told["staff"]["rounds"]["line"]] == ["p-robin", "p-sam"]
        with pytest.raises(Refused) as refused:
            await robin.ask("choose_next", round=ROUND, person="p-sam")
        assert refused.value.code == "not_allowed"


async def test_a_round_goes_on_after_a_lost_line_a_killed_server_and_without_its_facilitator() -> None:
    store, clock = memory.connect(), RoomClock()
    first = Node(store.log, store.leases, clock)
    await first.start()
    fran, robin, sam, kim = [await Browser(first, each).connect() for each in (FACILITATOR, ROBIN, SAM, KIM)]
    await opened(fran, robin, sam, kim)
    await robin.vanish()
    await robin.connect()
    await robin.ask("move_round_on", round=ROUND, turn=1)
    await sam.view(lambda view: (view["you"]["turn"] or {}).get("place") == "now")
    await first.crash()
    async with running(Node(store.log, store.leases, clock, port=first.port)) as second:
        for browser in (sam, kim):
            await browser.ended()
            browser.node = second
            browser.views.clear()
            await browser.connect()
        view = await sam.view()
        assert (view["you"]["turn"]["place"], view["room"]["round"]["turn"]) == ("now", 2)
        await sam.ask("move_round_on", round=ROUND, turn=2)
        await kim.view(lambda view: (view["you"]["turn"] or {}).get("place") == "now")
        await kim.ask("move_round_on", round=ROUND, turn=3)
        assert (await kim.view(lambda view: view["room"]["round"]["over"]))["you"]["turn"]["place"] == "spoke"
        for browser in (sam, kim):
            await browser.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "check_in", "turn_ms": 1.5},
        {"kind": "check_in", "line": "p-robin"},
        {"kind": "check_in", "line": ["p"] * 201},
        {"kind": 7},
        {"kind": "check_in", "seed": 4},
    ],
)
async def test_rubbish_for_a_round_ends_the_connection(node: Node, fields: dict[str, object]) -> None:
    fran = await Browser(node, FACILITATOR).connect()
    await fran.say(type="open_round", command_id="1", **fields)
    assert await fran.ended() == 4400
