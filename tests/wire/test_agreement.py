"""A group's agreement over real websockets: proposed, agreed on, kept, and read at the door."""

from __future__ import annotations

import json

from tests.wire.browser import Browser, arrive, seat
from tests.wire.example import FACILITATOR, KIM, ROBIN, SAM
from tests.wire.node import Node

LINE = "We listen to the end."


async def test_a_group_makes_its_agreement_and_whoever_comes_next_reads_it_at_the_door(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin, Browser(node, SAM) as sam:
        await seat(fran, robin)
        await seat(fran, sam)
        await robin.ask("propose_line", text="Listen!")
        view = await fran.view(lambda view: view["staff"]["proposals"])
        (proposal,) = view["staff"]["proposals"]
        assert "Listen!" not in json.dumps(sam.views), "nobody else reads it before it is taken up"
        await fran.ask("answer_proposal", proposal=proposal["proposal"], taken=True, text=LINE)
        view = await sam.view(lambda view: view["room"]["agreement"]["draft"])
        await sam.ask("agree_to_draft", revision=view["room"]["agreement"]["revision"])
        await fran.ask("keep_agreement", revision=view["room"]["agreement"]["revision"])
        async with Browser(node, KIM) as kim:
            await arrive(kim)
            view = await kim.view(lambda view: view["you"]["place"] == "waiting")
            assert view["room"]["agreement"] == {"version": 1, "lines": [LINE], "revision": 1, "draft": None}
