"""Coming in over a real websocket: hello, tickets, close codes, what each may see."""

from __future__ import annotations

from tests.wire.browser import Browser, arrive, seat
from tests.wire.example import FACILITATOR, ROBIN
from tests.wire.node import Node


async def test_who_comes_is_welcomed_and_shown_where_they_are(node: Node) -> None:
    async with Browser(node, ROBIN) as robin:
        welcome = robin.messages[0]
        assert welcome["type"] == "welcome"
        assert (welcome["person"], welcome["role"], welcome["session"]) == ("p-robin", "participant", "s-example")
        assert welcome["connection"].startswith("c")
        view = robin.views[0]
        assert view["you"]["place"] == "arriving"
        assert view["room"]["people"] == []
        assert "staff" not in view


async def test_seating(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin:
        await seat(fran, robin)
