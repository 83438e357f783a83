"""Every reading of somebody else's record leaves a trace before it is shown; the glass; records without a seat."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect

from facilitation.audit import Trace
from facilitation.cohorts import Cohort
from facilitation.enrolment import Enrolment, Step
from facilitation.ids import CohortId, EnrolmentId, PersonId
from facilitation.people import Role
from facilitation.policy import Action
from facilitation.timebase import MINUTE_MS, Instant
from server import demo
from server.clock import FakeClock
from server.rooms.ports import StoreUnavailable
from server.schedule.shelves import Shelves
from server.web.words import local
from tests.support.clinic import ADA, FAY, OLA, ROBIN, SAM, SUE, UMA, Clinic, clinic, typed
from tests.support.visitor import Visitor


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, clock) as place:
        yield place


async def traces(place: Clinic, by: PersonId, action: Action | None = None) -> list[Trace]:
    found = (await place.store.audit.search(by=by)).traces
    return [each for each in found if action is None or each.action == action]


async def fay(place: Clinic) -> Visitor:
    """By a link, as ever."""
    browser = place.browser()
    await browser.get(place.link(FAY, place.evening))
    return browser


async def test_a_reading_says_who_what_about_whom_and_of_which_session(place: Clinic) -> None:
    browser = await fay(place)
    await browser.get(f"/s/{place.evening.session}/record")
    await browser.get(f"/statement/{ROBIN}")
    statement, record = await traces(place, FAY)
    assert (record.action, record.role, record.session) == ("read a record", Role.FACILITATOR, place.evening.session)
    assert set(record.about) == {each.person for each in place.evening.roster if each.role is Role.PARTICIPANT}
    assert (statement.action, statement.about) == ("read anybody's statement", (ROBIN,))


async def test_whom_to_call_and_consents_are_readings_too(place: Clinic) -> None:
    browser, (sue, _) = await fay(place), await place.begin(SUE)
    assert (await browser.get(f"/s/{place.evening.session}/contacts")).status == 200
    assert (await sue.get(f"/consents/{ROBIN}")).status == 200
    assert [each.action for each in await traces(place, FAY)] == [Action.CALL_MISSING]
    assert [each.about for each in await traces(place, SUE, Action.READ_CONSENTS)] == [(ROBIN,)]


async def test_a_record_that_is_read_past_its_page_leaves_a_trace_and_a_line_that_broke_no_second_one(
    place: Clinic,
) -> None:
    browser, told = await fay(place), Action.READ_RECORD
    for _ in range(2):
        await (await record_of(place, browser)).close()
    assert len(await traces(place, FAY, told)) == 1
    place.clock.advance(minutes=61)
    await (await record_of(place, browser)).close()
    assert len(await traces(place, FAY, told)) == 2
    again = await fay(place)
    await again.get(f"/s/{place.evening.session}/record")
    await (await record_of(place, again)).close()  # the page has told it already
    assert len(await traces(place, FAY, told)) == 3


async def test_a_room_that_is_over_holds_the_record_and_one_that_goes_on_is_treatment(place: Clinic) -> None:
    browser = await fay(place)
    room = await record_of(place, browser, mode="room")
    assert await traces(place, FAY, Action.READ_RECORD) == []
    for n, command in enumerate(("start_session", "end_session")):
        await room.send(json.dumps({"type": command, "command_id": f"c-{n}"}))
        await said(room, "accepted")
    await room.close()
    await (await record_of(place, await fay(place), mode="room")).close()
    assert len(await traces(place, FAY, Action.READ_RECORD)) == 1


async def record_of(place: Clinic, browser: Visitor, *, mode: str = "record") -> ClientConnection:
    """A websocket that has been shown something."""
    address = browser.base_url.replace("http", "ws") + f"/s/{place.evening.session}/socket"
    cookie = {"Cookie": browser.cookie}
    line = await connect(address, origin=browser.base_url, additional_headers=cookie, proxy=None)
    await line.send(json.dumps({"type": "hello", "protocol": 1, "device": "a-test", "mode": mode}))
    await said(line, "view")
    return line


async def said(line: ClientConnection, kind: str) -> None:
    async for message in line:
        if json.loads(message)["type"] == kind:
            return
    raise AssertionError("the line ended")


async def test_ones_own_is_read_without_a_trace_and_what_is_refused_leaves_none(place: Clinic) -> None:
    browser = place.browser()
    await browser.get(place.link(ROBIN, place.evening))
    assert (await browser.get(f"/statement/{ROBIN}")).status == 200
    assert (await browser.get("/weeks")).status == 403
    assert await traces(place, ROBIN) == []


async def test_nothing_is_shown_that_could_not_be_written_down(place: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await fay(place)

    async def down(trace: Trace) -> Trace:
        raise StoreUnavailable("it is down")

    monkeypatch.setattr(place.store.audit, "record", down)
    answer = await browser.get(f"/statement/{ROBIN}")
    assert answer.status == 503 and "Robin" not in answer.text


async def test_the_log_is_searched_by_whom_about_whom_what_and_when(place: Clinic, clock: FakeClock) -> None:
    browser, (uma, _) = await fay(place), await place.begin(UMA)
    await browser.get(f"/statement/{ROBIN}")
    await browser.get("/weeks")
    clock.advance(minutes=48 * 60)
    uma, _ = await place.begin(UMA)

    async def found(query: str) -> int:
        answer = await uma.get(f"/audit?{query}")
        assert answer.status == 200
        return len(re.findall(r"<strong>Dr. Fay Facilitator</strong>", answer.text))

    assert await found(f"about={ROBIN}") == 1
    assert await found(f"by={FAY}") == 2
    assert await found(f"by={FAY}&kind=files") == 0
    assert await found(f"by={FAY}&kind=readings&until=2999-01-01&since=2000-01-01") == 2
    assert await found(f"by={FAY}&since=2026-01-01") == 0
    for rubbish in ("about=%00&by=%FF", "kind=no&before=x", "before=-1", "about=" + "x" * 5_000):
        assert (await uma.get(f"/audit?{rubbish}")).status == 200
    assert (await uma.get("/audit?since=never")).status == 400


async def test_who_is_in_a_group_is_a_reading_and_looking_again_is_the_same_one(
    place: Clinic, clock: FakeClock
) -> None:
    sue, _ = await place.begin(SUE)
    told = Action.SEE_MEMBERS
    await enrol(place, ROBIN)
    for _ in range(3):
        assert (await sue.get("/schedule/cohorts/c-new")).status == 200
    [once] = await traces(place, SUE, told)
    assert (once.about, once.role) == ((ROBIN,), Role.SUPERVISOR)
    await enrol(place, SAM)
    assert (await sue.get("/schedule/cohorts/c-new")).status == 200
    assert [set(each.about) for each in await traces(place, SUE, told)] == [{ROBIN, SAM}, {ROBIN}]
    clock.advance(minutes=61)
    sue, _ = await place.begin(SUE)
    assert (await sue.get("/schedule/cohorts/c-new")).status == 200
    assert len(await traces(place, SUE, told)) == 3


async def enrol(place: Clinic, person: PersonId) -> None:
    shelves, at = Shelves(place.store.register), place.clock.now()
    if await shelves.cohorts.get("c-new") is None:
        group = Cohort(id=CohortId("c-new"), title="A new group", programme="adult-iop", zone="America/New_York")
        await shelves.cohorts.put(group, upon=0, by=ADA, at=at)
    enrolment = Enrolment(
        id=EnrolmentId(f"e-{person}"),
        person=person,
        cohort=CohortId("c-new"),
        steps=(Step(since=date(2020, 1, 1), days=(0, 2)),),
    )
    await shelves.enrolments.put(enrolment, upon=0, by=ADA, at=at)


async def test_a_page_that_names_nobody_leaves_no_trace_of_having_been_read(place: Clinic) -> None:
    sue, _ = await place.begin(SUE)
    for path in ("/schedule/cohorts", "/schedule/terms", "/schedule/plans", "/schedule/programmes"):
        assert (await sue.get(path)).status == 200
    assert await traces(place, SUE, Action.SEE_MEMBERS) == []


async def test_whose_notes_are_due_is_a_reading(place: Clinic) -> None:
    browser = await fay(place)
    room = await record_of(place, browser, mode="room")
    for n, command in enumerate(("start_session", "end_session")):
        await room.send(json.dumps({"type": command, "command_id": f"c-{n}"}))
        await said(room, "accepted")
    await room.close()
    for _ in range(2):
        assert (await browser.get("/work")).status == 200
    [due] = await traces(place, FAY, Action.SEE_DUE_NOTES)
    assert ROBIN in due.about


async def test_the_log_is_searched_by_words_of_what_was_done_and_by_a_name(place: Clinic) -> None:
    browser, (uma, _) = await fay(place), await place.begin(UMA)
    await browser.get(f"/statement/{ROBIN}")
    await browser.get("/weeks")

    async def found(query: str, language: str = "en") -> list[str]:
        answer = await uma.get(f"/audit?{query}", {"Accept-Language": language})
        assert answer.status == 200
        rows = re.findall(r"<strong>Dr. Fay Facilitator</strong>.*?</span> (.*?)</span>", answer.text)
        return [html.unescape(row) for row in rows]

    assert await found("deed=statement") == ["read the statement of hours of Robin Example"]
    assert await found("deed=read+week") == ["read everybody’s week"]
    assert await found("about=robin") == ["read the statement of hours of Robin Example"]
    assert len(await found("by=fay+facilitator")) == 2
    assert await found("deed=semana", "es") == ["leyó la semana de todas las personas"]
    assert await found("deed=xyzzy") == []
    assert await found("by=nobody+at+all") == []
    unclear = (await uma.get("/audit?about=example")).text
    assert "Whose record do you mean?" in unclear and f"about={ROBIN}" in unclear


async def test_many_traces_are_shown_a_page_at_a_time_and_each_once(place: Clinic) -> None:
    for n in range(120):
        await place.store.audit.record(
            Trace(trace=f"t-{n}", at=place.clock.now(), by=SUE, role=Role.SUPERVISOR, action=f"read {n:03}")
        )
    uma, _ = await place.begin(UMA)
    seen: list[str] = []
    path: str | None = f"/audit?by={SUE}"
    while path is not None:
        text = (await uma.get(path)).text
        seen += re.findall(r"read \d{3}", text)
        more = re.search(r'href="(/audit\?[^"]+)">Older', text)
        path = more[1].replace("&amp;", "&") if more else None
    assert seen == [f"read {n:03}" for n in reversed(range(120))]


# --------------------------------------------------------------------------- a record without a seat


async def test_an_auditor_reads_any_record_takes_no_seat_and_writes_nothing(place: Clinic) -> None:
    uma, _ = await place.begin(UMA)
    before = await place.store.log.sessions()
    answer = await uma.get(f"/s/{place.evening.session}/reading")
    assert answer.status == 200 and "to be read only" in answer.text
    assert await place.store.log.sessions() == before
    assert (await uma.get(f"/s/{place.evening.session}")).status == 403
    assert (await uma.get("/s/s-nothing/reading")).status == 404
    assert [each.session for each in await traces(place, UMA, Action.READ_ANY_RECORD)][-1] == place.evening.session


async def outsider(place: Clinic) -> Visitor:
    """A supervisor who is taken off the evening's list."""
    sue, _ = await place.begin(SUE)
    roster = tuple(each for each in place.evening.roster if each.person != SUE)
    session = place.evening
    await place.store.clinic.put_session(
        type(session)(**{name: getattr(session, name) for name in session.__slots__} | {"roster": roster})
    )
    return sue


async def test_the_glass_is_broken_with_a_reason_for_one_record_and_one_hour(place: Clinic, clock: FakeClock) -> None:
    sue, session = await outsider(place), place.evening.session
    denied = await sue.get(f"/s/{session}/record")
    assert denied.status == 403 and f"/s/{session}/glass" in denied.text
    assert (await sue.get(f"/s/{session}/reading")).status == 403
    assert (await typed(sue, f"/s/{session}/glass", reason="because")).status == 422
    broken = await typed(sue, f"/s/{session}/glass", reason="Robin called in crisis; Fay is away")
    assert (broken.status, broken.headers["location"]) == (303, f"/s/{session}/reading")
    assert (await sue.get(f"/s/{session}/reading")).status == 200
    assert "not yours to read" in (await sue.get("/weeks")).text, "every page says so"
    until = local(Instant(clock.now() + 60 * MINUTE_MS), demo.ZONE)
    assert f"{until:%-I:%M %p}</a>" in (await sue.get("/home")).text, "and until when, by their own clock"
    assert (await sue.get(f"/s/{session}/record")).status == 403, "to be read, not to be written"
    assert (await sue.get(f"/s/{place.sessions[2].session}/reading")).status == 403
    read, deed = (
        (await traces(place, SUE, Action.READ_ANY_RECORD))[0],
        (await traces(place, SUE, Action.BREAK_GLASS))[0],
    )
    assert read.reason == deed.reason == "Robin called in crisis; Fay is away"
    clock.advance(minutes=14)
    for _ in range(4):
        await sue.post("/awake")
        clock.advance(minutes=14)
    assert (await sue.get(f"/s/{session}/reading")).status == 403
    assert "not yours to read" not in (await sue.get("/weeks")).text


async def test_an_administrator_sees_it_at_home_until_they_take_note(place: Clinic) -> None:
    sue, (ada, _) = await outsider(place), await place.begin(ADA)
    await typed(sue, f"/s/{place.evening.session}/glass", reason="Robin called in crisis; Fay is away")
    home = (await ada.get("/home")).text
    glass = re.search(r'name="glass" value="(glass-[0-9a-f]+)"', home)
    assert "Robin called in crisis" in home and glass
    assert (await typed(sue, "/audit/glass", glass=glass[1])).status == 403
    assert (await typed(ada, "/audit/glass", glass=glass[1])).status == 303
    assert "Robin called in crisis" not in (await ada.get("/home")).text


@pytest.mark.parametrize("who", [OLA, ADA, ROBIN])
async def test_who_looks_after_no_session_breaks_no_glass(place: Clinic, who: PersonId) -> None:
    browser, _ = await place.begin(who)
    session = place.sessions[2].session
    assert (await browser.get(f"/s/{session}/glass")).status == 403
    assert (await typed(browser, f"/s/{session}/glass", reason="I would like to know")).status == 403
