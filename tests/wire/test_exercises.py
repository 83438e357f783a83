"""An exercise over real websockets: in step, private until shared, kept over whatever breaks (PROTOCOL.md §3–§5)."""

from __future__ import annotations

import json
import time

import pytest

from facilitation.runs import LEAD_MS
from tests.wire.browser import Browser, Refused, seat
from tests.wire.example import FACILITATOR, OBSERVER, PARTICIPANTS, ROBIN, SAM
from tests.wire.node import Node

RUN = "exercise-1"


async def test_the_clock_answers_whoever_asks_with_the_mark_they_gave(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran:
        before = time.time_ns() // 1_000_000
        await fran.say(type="clock", mark=7)
        told = await fran.message(lambda m: m["type"] == "clock")
        assert told["mark"] == 7
        assert before - 1 <= told["now"] <= time.time_ns() // 1_000_000 + 1


async def test_everybody_is_told_the_same_instant_for_the_first_breath_and_before_it_comes(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin, Browser(node, OBSERVER) as olli:
        await seat(fran, robin)
        await fran.ask("start_session")
        await fran.ask("open_exercise", exercise="paced-breathing")
        await fran.ask("step_exercise", run=RUN, step=0)
        began = []
        for browser in (fran, robin, olli):
            view = await browser.view(lambda view: (view["room"]["exercise"] or {}).get("step") == 0)
            began.append(view["room"]["exercise"]["starts"])
            assert view["now"] < began[-1] <= view["now"] + LEAD_MS
        assert len(set(began)) == 1


async def test_a_draft_survives_a_lost_line_and_a_new_server_and_is_nobody_elses(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran, Browser(node, ROBIN) as robin, Browser(node, SAM) as sam:
        await seat(fran, robin)
        await seat(fran, sam)
        await fran.ask("start_session")
        await fran.ask("open_exercise", exercise="check-the-facts")
        await robin.ask("answer_exercise", run=RUN, answers={"known": "words of Robin", "before": 6, "fits": "partly"})
        await robin.vanish()
        await robin.connect()
        (paper,) = robin.views[-1]["you"]["exercises"]
        assert paper["answers"] == {"known": "words of Robin", "before": 6, "fits": "partly"}
        await sam.ask("answer_exercise", run=RUN, answers={}, sent=True)
        await fran.view(
            lambda view: (view["staff"]["practice"]["run"] or {"people": {}})["people"].get("p-sam") == "done"
        )
        assert "words of Robin" not in json.dumps([fran.views, sam.views, sam.messages, fran.messages])
        await robin.ask("share_exercise_answer", run=RUN, field="known", entry="words of Robin")
        view = await sam.view(lambda view: view["room"]["exercise"]["shared"])
        assert view["room"]["exercise"]["shared"] == [
            {"person": "p-robin", "field": "known", "entry": "words of Robin"}
        ]


async def test_five_words_are_shown_and_four_are_not(node: Node) -> None:
    async with Browser(node, FACILITATOR) as fran:
        await fran.ask("start_session")
        await fran.ask("open_exercise", exercise="word-cloud")
        for number, person in enumerate(PARTICIPANTS[:5]):
            async with Browser(node, person) as guest:
                await seat(fran, guest)
                if number == 4:
                    with pytest.raises(Refused) as refused:
                        await fran.ask("show_results", run=RUN, to_group=True)
                    assert refused.value.code == "too_few_answers"
                await guest.ask("answer_exercise", run=RUN, answers={"words": [f"word{number}", "tired"]}, sent=True)
        await fran.ask("show_results", run=RUN, to_group=True)
        view = await fran.view(lambda view: view["room"]["exercise"]["results"])
        assert view["room"]["exercise"]["results"]["words"] == [["tired", 5], *([f"word{n}", 1] for n in range(5))]


@pytest.mark.parametrize(
    "fields",
    [
        {"answers": {"known": 1.5}},
        {"answers": {"known": {"a": 1}}},
        {"answers": {"known": [[1]]}},
        {"answers": {"known": True}},
        {"answers": {"known": [None]}},
        {"answers": {"wave": [0] * 201}},
        {"answers": {"before": 2**60}},
        {"answers": "known"},
    ],
)
async def test_rubbish_for_an_answer_ends_the_connection(node: Node, fields: dict[str, object]) -> None:
    robin = await Browser(node, ROBIN).connect()
    await robin.say(type="answer_exercise", command_id="1", run=RUN, **fields)
    await robin.until(lambda: robin.closed)
    assert robin.closed is not None and robin.closed[0] == 4400
