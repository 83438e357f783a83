"""The browser's line to its room (webclient/static/core/connection.mjs), against a scripted server that misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, WebSocketRoute

from tests.support.application import Application

pytestmark = pytest.mark.timeout(60)

CONNECT = """async (options) => {
    const { connect } = await import("/static/core/connection.mjs");
    window.views = []; window.messages = []; window.states = []; window.drafts = [];
    window.line = connect({
        socketUrl: `ws://${location.host}/line`, device: "d", mode: "room", storage: sessionStorage, ...options,
        onView: view => views.push(view), onMessage: message => messages.push(message),
        onState: state => states.push(state.status), onDraft: (key, state) => drafts.push([key, state.state]),
    });
}"""


class Server:
    """Speaks the protocol as the test tells it to."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[WebSocketRoute] = asyncio.Queue()
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.line: WebSocketRoute | None = None

    def attach(self, line: WebSocketRoute) -> None:
        line.on_message(self._hear)
        self.lines.put_nowait(line)

    def _hear(self, text: str | bytes) -> None:
        message = json.loads(text)
        if message["type"] != "clock":  # asked now and then, whatever else is going on
            self.heard.put_nowait(message)

    async def welcome(self, *, now: int = 1_000_000) -> None:
        """Take the next line that is opened and greet it."""
        self.line = await asyncio.wait_for(self.lines.get(), 20)
        hello = await self.next()
        assert hello["type"] == "hello"
        self.say(type="welcome", now=now, connection="c", slots={"audio": 1, "video": 1}, ice_servers=[])

    def say(self, **message: Any) -> None:
        assert self.line is not None
        self.line.send(json.dumps(message))

    async def next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.heard.get(), 20)

    def accept(self, message: dict[str, Any], seq: int) -> None:
        self.say(type="accepted", command_id=message["command_id"], seq=seq)

    def forget(self) -> None:
        for queue in (self.lines, self.heard):
            while not queue.empty():
                queue.get_nowait()

    async def cut(self, code: int = 1012) -> None:
        assert self.line is not None
        await self.line.close(code=code)


@pytest_asyncio.fixture
async def server() -> Server:
    return Server()


@pytest_asyncio.fixture
async def page(chromium: Browser, server: Server) -> AsyncIterator[Page]:
    async with Application().served() as place:
        context = await chromium.new_context()
        tab = await context.new_page()
        await tab.route_web_socket("**/line", server.attach)
        await tab.goto(f"{place.url}/soup")
        await tab.evaluate(CONNECT, {})
        yield tab
        await context.close()


async def test_a_command_without_an_answer_is_sent_again_with_the_same_id(page: Page, server: Server) -> None:
    await server.welcome()
    await page.evaluate("() => { line.send('raise_hand').then(answer => window.answer = answer.seq); }")
    first = await server.next()
    await server.cut()
    await server.welcome()
    again = await server.next()
    assert again == first
    server.accept(again, 7)
    await page.wait_for_function("window.answer === 7")


async def test_what_was_asked_while_the_line_was_down_arrives_once_it_is_back(page: Page, server: Server) -> None:
    await server.welcome()
    await server.cut()
    await page.evaluate("() => { line.send('raise_hand'); line.send('leave'); }")
    await server.welcome()
    assert [(await server.next())["type"], (await server.next())["type"]] == ["raise_hand", "leave"]


async def test_a_refusal_comes_back_in_words_and_haste_is_tried_again(page: Page, server: Server) -> None:
    await server.welcome()
    await page.evaluate("() => { line.send('advance', {from_segment: 'a'}).catch(no => window.refusal = no); }")
    asked = await server.next()
    server.say(type="refused", command_id=asked["command_id"], code="too_fast", text="Slowly, please.")
    assert await server.next() == asked
    server.say(type="refused", command_id=asked["command_id"], code="stale", text="The group has moved on already.")
    await page.wait_for_function("window.refusal?.code === 'stale'")
    assert await page.evaluate("refusal.text") == "The group has moved on already."


async def test_of_a_draft_the_latest_text_wins_and_only_one_is_on_its_way(page: Page, server: Server) -> None:
    await server.welcome()
    await page.evaluate("for (const text of ['a', 'ab', 'abc']) line.draft('note:x', 'edit_note', {text})")
    first = await server.next()
    assert first["text"] == "abc"
    await page.evaluate("line.draft('note:x', 'edit_note', {text: 'abcd'})")
    assert await page.evaluate("line.draftState('note:x').state") == "waiting"
    server.accept(first, 3)
    second = await server.next()
    assert second["text"] == "abcd"
    assert second["command_id"] != first["command_id"]
    server.accept(second, 4)
    await page.wait_for_function("line.draftState('note:x').state === 'saved'")
    assert await page.evaluate("[line.unsaved('note:x'), sessionStorage.length]") == [None, 0]


async def test_a_draft_outlives_a_reload_in_the_middle_of_an_outage(page: Page, server: Server) -> None:
    await server.welcome()
    await page.evaluate("line.draft('form:check-in', 'save_form', {form: 'check-in', answers: {goal: 'Li'}})")
    sent = await server.next()
    await server.cut()
    await page.evaluate("line.draft('form:check-in', 'save_form', {form: 'check-in', answers: {goal: 'Listen'}})")
    await page.reload()
    server.forget()  # what the page before the reload had opened and said
    await page.evaluate(CONNECT, {})
    assert await page.evaluate("line.unsaved('form:check-in').answers.goal") == "Listen"
    await server.welcome()
    again = await server.next()
    assert again["answers"] == {"goal": "Listen"}
    assert again["command_id"] != sent["command_id"]


async def test_forgetting_leaves_no_typed_word_in_this_browser(page: Page, server: Server) -> None:
    await server.welcome()
    await page.evaluate("line.draft('note:x', 'edit_note', {text: 'secret'}); line.forget()")
    assert await page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("code", [1000, 4400, 4401, 4403, 4404])
async def test_a_final_code_ends_it_and_everything_unanswered_is_told(page: Page, server: Server, code: int) -> None:
    await server.welcome()
    await page.evaluate("() => { line.send('raise_hand').catch(refusal => window.refusal = refusal.code); }")
    await server.next()
    server.say(type="bye", reason="removed")
    await server.cut(code)
    await page.wait_for_function("window.refusal === 'closed'")
    assert await page.evaluate("[line.state.status, line.state.code, line.state.bye]") == ["closed", code, "removed"]


async def test_a_server_that_falls_silent_is_left_for_a_new_line(page: Page, server: Server) -> None:
    await server.welcome()
    silent = server.line
    await server.welcome()
    assert server.line is not silent
    assert "reconnecting" in await page.evaluate("states")


async def test_pings_are_answered_and_the_quickest_sample_sets_the_clock(page: Page, server: Server) -> None:
    await server.welcome(now=1_000_000)
    for late in (50, 0, 80):
        server.say(type="ping", now=1_000_000 - late)
        assert await server.next() == {"type": "pong", "now": 1_000_000 - late}
    now = await page.evaluate("line.now()")
    assert 1_000_000 <= now < 1_005_000


async def test_an_older_view_never_replaces_a_newer_one_and_a_new_line_begins_anew(page: Page, server: Server) -> None:
    await server.welcome()
    for version in (5, 4, 6):
        server.say(type="view", version=version, now=1_000_000)
    await page.wait_for_function("views.length === 2")
    await server.cut()
    await server.welcome()
    server.say(type="view", version=2, now=1_000_000)
    await page.wait_for_function("views.length === 3")
    assert await page.evaluate("views.map(view => view.version)") == [5, 6, 2]


async def test_an_offer_finds_its_answer_or_fails_with_the_line(page: Page, server: Server) -> None:
    await server.welcome()
    await page.evaluate("() => { line.offer('v=0 one').then(answer => window.answer = answer); }")
    offer = await server.next()
    assert (offer["type"], offer["peer"], offer["sdp"]) == ("offer", None, "v=0 one")
    server.say(type="answer", offer_id=offer["offer_id"], peer="m-1", sdp="v=0 two")
    await page.wait_for_function("window.answer?.peer === 'm-1'")
    await page.evaluate("() => { line.offer('v=0', 'm-1').catch(refusal => window.lost = refusal.code); }")
    await server.next()
    await server.cut()
    await page.wait_for_function("window.lost === 'connection_lost'")


async def test_a_move_is_shown_at_once_with_the_rest_as_it_was(page: Page, server: Server) -> None:
    await server.welcome()
    agenda = {"position": "check-in"}
    server.say(
        type="agenda", version=1, now=1_000_000, phase="running", agenda=agenda
    )  # before any view: nothing to show it in
    server.say(type="view", version=2, now=1_000_000, room={"title": "t", "agenda": agenda}, you={"hand": 1})
    server.say(type="agenda", version=3, now=1_000_001, phase="running", agenda={"position": "process"})
    server.say(type="agenda", version=2, now=1_000_002, phase="running", agenda=agenda)  # late
    server.say(type="view", version=3, now=1_000_003, room={"title": "t", "agenda": {"position": "process"}}, you={})
    await page.wait_for_function("views.length === 3")
    shown = await page.evaluate(
        "views.map(view => [view.version, view.room.agenda.position, view.room.title, view.you])"
    )
    assert shown == [[2, "check-in", "t", {"hand": 1}], [3, "process", "t", {"hand": 1}], [3, "process", "t", {}]]


async def test_a_line_in_doubt_is_kept_if_it_answers_and_left_at_once_if_not(page: Page, server: Server) -> None:
    await server.welcome()
    first = server.line
    await page.evaluate("() => { line.doubt().then(is => window.is = is); }")
    server.say(type="clock", mark=1, now=1_000_000)
    await page.wait_for_function("window.is === true")
    # Nothing comes now; the usual patience would be six seconds.
    asked = await page.evaluate("() => { line.doubt().then(is => window.is = is); return performance.now(); }")
    await server.welcome()
    assert server.line is not first
    assert await page.evaluate("window.is") is False
    assert await page.evaluate("performance.now()") - asked < 5_000
    assert await page.evaluate("states") == ["open", "reconnecting", "open"]


STUCK = """() => {
    const made = window.sockets = [];
    window.Slow = class { // as one that was asked of a network that is away
        constructor() { made.push(this); }
        close() { this.closed = true; this.onclose?.({ code: 1006 }); }
        send() {}
        answer(message) { this.onmessage({ data: JSON.stringify(message) }); }
    };
}"""


async def test_a_try_from_before_the_network_was_back_is_not_waited_for(page: Page, server: Server) -> None:
    await page.evaluate(STUCK)
    await page.evaluate(CONNECT.replace("...options,", "...options, socketClass: window.Slow,"), {})
    await page.evaluate("() => { sockets[0].onopen(); sockets[0].answer({ type: 'welcome', now: 1 }); }")
    await page.evaluate("() => sockets[0].onclose({ code: 1006 })")
    await page.wait_for_function("() => sockets.length === 2")
    await page.evaluate("line.wake()")
    assert await page.evaluate("sockets.length") == 2, "it has only just been made"
    await page.wait_for_timeout(600)
    await page.evaluate("line.wake()")
    assert await page.evaluate("[sockets.length, sockets[1].closed]") == [3, True]
    await page.evaluate("() => { sockets[2].onopen(); sockets[2].answer({ type: 'welcome', now: 1 }); }")
    await page.evaluate("line.wake()")
    assert await page.evaluate("[sockets.length, line.state.status]") == [3, "open"]
    # One that never opens is given up by itself, for another.
    await page.evaluate("() => sockets[2].onclose({ code: 1006 })")
    await page.wait_for_function("() => sockets.length === 5", timeout=20_000)
