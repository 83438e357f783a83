"""Measures over real websockets: kept after each answer, told at once where somebody must know, never to nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from facilitation.ids import ItemId, MeasureId, PersonId
from facilitation.people import Expected, Role
from facilitation.room import RoomState, replay
from server.catalog import load_catalog
from server.clock import RoomClock
from server.store import memory
from tests.wire.browser import Browser, Refused, seat
from tests.wire.example import COFACILITATOR, FACILITATOR, OBSERVER, ROBIN, SAM
from tests.wire.node import Node, running

CATALOG = load_catalog().measures
ASKED = tuple(CATALOG[MeasureId(name)] for name in ("phq-9", "gad-7", "phq-a"))
NINTH = {"measure": "phq-9", "item": "9"}


@pytest_asyncio.fixture
async def measuring() -> AsyncIterator[Node]:
    store = memory.connect()
    async with running(Node(store.log, store.leases, RoomClock(), measures=ASKED)) as node:
        yield node


def own(view: dict[str, Any], measure: str = "phq-9") -> dict[str, Any]:
    return next(each for each in view["you"]["measures"] if each["id"] == measure)


async def test_whoever_is_listed_late_is_offered_what_is_due_as_soon_as_they_come(measuring: Node) -> None:
    late = Expected(person=PersonId("p-late"), role=Role.PARTICIPANT, name="Late Example")
    async with Browser(measuring, FACILITATOR) as fran, Browser(measuring, ROBIN) as robin:
        await seat(fran, robin)
        await robin.ask("answer_item", measure="gad-7", item="1", value=3)
        measuring.expect(late)
        async with Browser(measuring, late) as newcomer:
            await seat(fran, newcomer)
            view = await newcomer.view(lambda view: view["you"]["measures"])
            assert [each["id"] for each in view["you"]["measures"]] == [measure.id for measure in ASKED]
        assert own(robin.views[-1], "gad-7")["values"] == {"1": 3}, "nobody else is asked anew"


async def test_answers_survive_a_lost_line_and_go_to_staff_when_they_are_handed_in(measuring: Node) -> None:
    async with (
        Browser(measuring, FACILITATOR) as fran,
        Browser(measuring, ROBIN) as robin,
        Browser(measuring, SAM) as sam,
    ):
        await seat(fran, robin, sam)
        for item in ("1", "2", "3"):
            await robin.ask("answer_item", measure="gad-7", item=item, value=3)
        await robin.vanish()
        await robin.connect()
        assert own(robin.views[-1], "gad-7")["values"] == {"1": 3, "2": 3, "3": 3}
        await fran.until(lambda: fran.views)
        assert "Nearly every day" not in json.dumps(fran.views)
        for item in ("4", "5", "6", "7"):
            await robin.ask("answer_item", measure="gad-7", item=item, value=0)
        await robin.ask("hand_in_measure", measure="gad-7", page_language="es")
        view = await fran.view(lambda view: result_of(view, "gad-7"))
        assert result_of(view, "gad-7")["answered_in"]["text"] == "answered in English, on a page in Spanish"
        assert (result_of(view, "gad-7")["score"], result_of(view, "gad-7")["band"]) == (9, "mild")
        assert "Nearly every day" not in json.dumps([each["room"] for each in sam.views + robin.views])
        assert all(each["values"] == {} for view in sam.views for each in view["you"]["measures"])


def result_of(view: dict[str, Any], measure: str, person: str = "p-robin") -> Any:
    people = {each["person"]: each["measures"] for each in view["staff"]["people"]}
    return next(each["result"] for each in people[person] if each["id"] == measure)


async def test_the_ninth_question_is_told_to_facilitators_at_once_and_to_no_peer(measuring: Node) -> None:
    async with (
        Browser(measuring, FACILITATOR) as fran,
        Browser(measuring, OBSERVER) as olli,
        Browser(measuring, ROBIN) as robin,
        Browser(measuring, SAM) as sam,
    ):
        await seat(fran, robin, sam)
        await robin.ask("answer_item", **NINTH, value=1)
        for staff in (fran, olli):
            view = await staff.view(lambda view: view["staff"]["flags"])
            assert view["staff"]["flags"][0]["questions"][0]["answer"] == "Several days"
        await robin.view(lambda view: view["you"]["help"])
        await sam.ask("raise_hand")
        await sam.view(lambda view: view["you"]["hand"])
        told = json.dumps([[view["room"], view["you"]["help"]] for view in sam.views] + sam.messages)
        assert "Several days" not in told and "flag" not in told and "true]" not in told


async def test_nothing_is_taken_while_nobody_who_leads_is_there(measuring: Node) -> None:
    async with Browser(measuring, ROBIN) as robin, Browser(measuring, OBSERVER):
        async with Browser(measuring, FACILITATOR) as fran:
            await seat(fran, robin)
            await robin.ask("answer_item", measure="phq-9", item="1", value=2)
        await robin.view(lambda view: own(view)["waits"])
        for value in (0, 3, None):
            with pytest.raises(Refused) as refused:
                await robin.ask("answer_item", **NINTH, value=value)
            assert refused.value.code == "nobody_watching"
        async with Browser(measuring, COFACILITATOR):
            view = await robin.view(lambda view: not own(view)["waits"])
            assert own(view)["values"] == {"1": 2}
            await robin.ask("answer_item", **NINTH, value=3)


@pytest.mark.parametrize("first", ["answer", "goodbye"])
async def test_whoever_is_first_an_answer_is_either_flagged_or_kept_nowhere(measuring: Node, first: str) -> None:
    """The facilitator's tab closes while the answer is under way: ten times, in either order."""
    for _ in range(10):
        async with Browser(measuring, ROBIN, session="s-race") as robin:
            fran = await Browser(measuring, FACILITATOR, session="s-race").connect()
            await fran.until(lambda fran=fran: fran.views)
            if robin.views[-1]["you"]["place"] != "room":
                await seat(fran, robin)
            before = len((await state(measuring)).checkin.flags)
            answer = asyncio.create_task(flip(robin))
            if first == "goodbye":
                await asyncio.gather(fran.close(), answer, return_exceptions=True)
            else:
                await asyncio.gather(answer, fran.close(), return_exceptions=True)
            after = await state(measuring)
            kept = after.measuring.sheet(ROBIN.person, MeasureId("phq-9")).values.get(ItemId("9"))
            raised = len(after.checkin.flags) - before
            if answer.exception() is None:
                assert raised == 1 and kept == answer.result()
            else:
                error = answer.exception()
                assert isinstance(error, Refused) and error.code == "nobody_watching"
                assert raised == 0


async def flip(robin: Browser) -> int:
    """Another worrying answer than the one that stands."""
    value = 1 if own(robin.views[-1])["values"].get("9") != 1 else 2
    await robin.ask("answer_item", **NINTH, value=value)
    return value


async def state(node: Node) -> RoomState:
    return replay(await node.log.read("s-race"))


@pytest.mark.parametrize(
    "fields",
    [
        {"measure": "phq-9", "item": "1", "value": "2"},
        {"measure": "phq-9", "item": "1", "value": True},
        {"measure": "phq-9", "item": "1", "value": 1.5},
        {"measure": "phq-9", "item": 1, "value": 1},
        {"measure": "phq-9", "item": "1"},
        {"measure": "phq-9", "item": "1", "value": 2**60},
        {"measure": "phq-9", "item": "1", "value": 1, "person": "p-sam"},
    ],
)
async def test_rubbish_closes_the_line_and_changes_nothing(measuring: Node, fields: dict[str, Any]) -> None:
    async with Browser(measuring, FACILITATOR) as fran, Browser(measuring, ROBIN) as robin:
        await seat(fran, robin)
        await robin.say(type="answer_item", command_id="c-1", **fields)
        assert await robin.ended() == 4400
        await robin.connect()
        assert own(robin.views[-1])["values"] == {}
