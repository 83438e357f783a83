"""The diary as a page, and the week that is shown in a room: nobody else reads it before, or once it is taken back."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from facilitation import commands as c
from facilitation import views
from facilitation.ids import CommandId, PersonId
from facilitation.people import Expected
from facilitation.policy import Action
from facilitation.room import replay
from server import demo
from server.clock import FakeClock
from server.web.words import local
from tests.support.clinic import FAY, ROBIN, SAM, Clinic, clinic, typed
from tests.support.rooms import Seat
from tests.support.visitor import Visitor

DAY = {"distress": "3", "feeling_sadness": "4", "urge_hide": "2", "urge_hide_acted": "yes", "skill_wise-mind": "on"}
WORDS = "Long day. Called my sister."


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, clock, clinic_phone="555 0100") as place:
        yield place


async def browser(place: Clinic, person: PersonId) -> Visitor:
    visitor = place.browser("127.0.0.1")
    assert (await visitor.get(place.link(person, place.evening))).status == 303
    return visitor


def today(place: Clinic) -> str:
    return local(place.clock.now(), demo.ZONE).date().isoformat()


async def written(place: Clinic, robin: Visitor, **fields: str) -> None:
    answer = await typed(robin, "/diary", **({"day": today(place), "revision": "0", "word": WORDS} | DAY | fields))
    assert answer.status == 303, answer.text


async def test_a_day_is_kept_without_a_script_and_stands_there_as_it_was_typed(place: Clinic) -> None:
    robin = await browser(place, ROBIN)
    await written(place, robin)
    page = (await robin.get(f"/diary?day={today(place)}")).text
    assert WORDS in page and 'name="skill_wise-mind" checked' in page
    assert re.search(r'name="feeling_sadness" value="4" checked', page)
    assert re.search(r'name="urge_hide_acted" value="yes" checked', page)
    home = (await robin.get("/home")).text
    assert home.count('data-filled="yes"') == 1 and "Look at today" in home


async def test_a_mistake_is_told_in_words_and_gives_everything_back(place: Clinic) -> None:
    robin = await browser(place, ROBIN)
    for wrong, why in (
        ({"sleep": "many"}, "whole number"),
        ({"day": "2020-01-01"}, "six days"),
        ({"day": "x"}, "seven"),
    ):
        answer = await typed(robin, "/diary", **({"day": today(place), "word": WORDS} | DAY | wrong))
        assert answer.status == 422 and why in answer.text and WORDS in answer.text
        assert 'name="skill_wise-mind" checked' in answer.text
    assert (await typed(robin, "/diary", day=today(place))).status == 422, "nothing at all is no day"


async def test_another_device_does_not_overwrite_unseen_and_what_was_typed_there_can_be_kept(place: Clinic) -> None:
    robin, phone = await browser(place, ROBIN), await browser(place, ROBIN)
    await written(place, robin)
    place.clock.advance(minutes=1)
    late = await typed(phone, "/diary", day=today(place), revision="0", word="From the phone")
    assert late.status == 422 and "another device" in late.text and "From the phone" in late.text
    revision = re.search(r'name="revision" value="(\d+)"', late.text)
    assert revision is not None
    again = await typed(phone, "/diary", day=today(place), revision=revision[1], word="From the phone")
    assert again.status == 303
    assert "From the phone" in (await robin.get("/diary")).text


@pytest.mark.parametrize("rubbish", [{"distress": "9"}, {"feeling_joy": "½"}, {"skill_none": "on"}, {"urge_use": "-1"}])
async def test_rubbish_is_refused_and_nothing_is_kept(place: Clinic, rubbish: dict[str, str]) -> None:
    robin = await browser(place, ROBIN)
    assert (await typed(robin, "/diary", day=today(place), revision="0", **rubbish)).status == 422
    assert 'data-filled="yes"' not in (await robin.get("/diary")).text


async def test_what_is_at_its_strongest_puts_first_whom_to_call_and_promises_nobody(place: Clinic) -> None:
    robin = await browser(place, ROBIN)
    await written(place, robin)
    assert "get through it alone" not in (await robin.get("/diary")).text
    await written(place, robin, revision="1", urge_use="5")
    page = (await robin.get("/diary")).text
    kind = page.index("get through it alone")
    assert kind < page.index('<form class="stack loose diary-form')
    assert "Nobody reads this page" in page and 'href="tel:988"' in page and 'href="tel:5550100"' in page


async def test_a_target_of_ones_own_is_asked_for_from_then_on(place: Clinic) -> None:
    robin = await browser(place, ROBIN)
    assert (await typed(robin, "/diary/follow", target_0="Walk the dog", revision="0")).status == 303
    assert 'name="target_0_label" value="Walk the dog"' in (await robin.get("/diary")).text
    await written(place, robin, target_0_label="Walk the dog", target_0="2")
    too_many = await typed(robin, "/diary/follow", target_0="x" * 61, revision="1")
    assert too_many.status == 422 and "x" * 61 in too_many.text


async def test_there_is_no_reminder_for_who_has_no_address(place: Clinic) -> None:
    robin = await browser(place, ROBIN)
    assert 'action="/diary/remind"' not in (await robin.get("/diary")).text
    assert (await typed(robin, "/diary/remind", hour="21")).status == 422
    assert (await typed(robin, "/diary/remind", hour="noon")).status == 422


async def in_the_room(place: Clinic) -> None:
    """Robin and Sam, and Fay who leads."""
    room = await place.rooms.open(place.evening.session)
    seats = {}
    for person in (FAY, ROBIN, SAM):
        expected: Expected = next(each for each in place.evening.roster if each.person == person)
        seats[person] = Seat(place.clock, expected, f"c-{person}")
        room.enter(seats[person])
    arrive = c.Arrive(name="A", location="1 Example Street", callback="555 0100", private_space=True, agreement=True)
    for number, person in enumerate((ROBIN, SAM)):
        room.ask(seats[person], CommandId(f"a{number}"), arrive)
        room.ask(seats[FAY], CommandId(f"b{number}"), c.Admit(person=person))
    await room.do(c.Tick())  # everything before it is done then


async def send(visitor: Visitor, method: str, path: str, body: object = b"") -> int:
    own = {"Origin": visitor.base_url, "Sec-Fetch-Site": "same-origin"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (await visitor.send(method, path, data, own)).status


async def on_record(place: Clinic) -> set[str]:
    """Of whom the record says that their week can be read."""
    state = replay(await place.store.log.read(place.evening.session))
    record = views.record_part(state, place.clock.now())
    assert WORDS not in json.dumps(record)
    return {each["person"] for each in record["people"] if each["week_shown_at"] is not None}


async def test_a_week_is_read_once_it_is_shown_and_no_longer_than_that(place: Clinic) -> None:
    robin, sam, fay = [await browser(place, person) for person in (ROBIN, SAM, FAY)]
    await written(place, robin)
    week = f"/s/{place.evening.session}/week"
    assert await send(robin, "POST", week, {"to_group": []}) == 422, "not yet in the room"
    await in_the_room(place)
    for reader in (robin, sam, fay):
        assert (await reader.get(f"{week}/{ROBIN}")).status == 404
    offer = (await robin.get(week)).json
    assert WORDS in json.dumps(offer) and {each["part"] for each in offer["shareable"]} == {
        *("distress", "feelings", "body", "skills")
    }

    assert await send(robin, "POST", week, {"to_group": []}) == 200
    told = (await fay.get(f"{week}/{ROBIN}")).json
    assert WORDS in json.dumps(told)
    assert await on_record(place) == {ROBIN}, "the record leads to it, and holds no word of it"
    assert (await sam.get(f"{week}/{ROBIN}")).status == 404, "the group sees nothing yet"
    traces = [each async for each in place.store.audit.all() if each.action == Action.READ_SHOWN_WEEK]
    assert {(each.by, each.about, each.session) for each in traces} == {(FAY, (ROBIN,), place.evening.session)}

    assert await send(robin, "POST", week, {"to_group": ["urges"]}) == 422
    assert await send(robin, "POST", week, {"to_group": ["skills"]}) == 200
    (section,) = (await sam.get(f"{week}/{ROBIN}")).json["sections"]
    assert (section["part"], section["skills"]) == ("skills", [{"title": "Wise mind", "days": 1}])

    await written(place, robin, revision="1", word="Written after that")
    assert "Written after that" not in (await fay.get(f"{week}/{ROBIN}")).text, "a copy of then"
    assert "You showed a week" in (await robin.get("/diary")).text
    assert await send(robin, "DELETE", week) == 204
    assert await on_record(place) == set()
    for reader in (robin, sam, fay):
        assert (await reader.get(f"{week}/{ROBIN}")).status == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"to_group": "skills"}', b'{"to_group": [1]}', b'{"all": true}'])
async def test_rubbish_shows_nothing(place: Clinic, body: bytes) -> None:
    robin = await browser(place, ROBIN)
    await written(place, robin)
    await in_the_room(place)
    assert await send(robin, "POST", f"/s/{place.evening.session}/week", body) == 400


async def test_the_plan_for_tonight_is_of_ones_own_session_alone(place: Clinic) -> None:
    robin = await browser(place, ROBIN)
    own = await typed(robin, "/diary/plan", session=place.evening.session, went="done", word="Went well")
    assert own.status == 303
    teens = next(each for each in place.sessions if all(seat.person != ROBIN for seat in each.roster))
    assert (await typed(robin, "/diary/plan", session=teens.session, went="done")).status == 422


async def test_days_of_the_last_week_can_be_filled_in(place: Clinic) -> None:
    robin = await browser(place, ROBIN)
    for back, status in ((1, 303), (6, 303), (7, 422), (-1, 422)):
        day = local(place.clock.now(), demo.ZONE).date() - timedelta(days=back)
        assert (await typed(robin, "/diary", day=day.isoformat(), revision="0", word="Later")).status == status


async def test_a_clinic_elsewhere_sends_nobody_to_numbers_of_the_united_states(
    clock: FakeClock, tmp_path: Path
) -> None:
    abroad = {"crisis_line": "116 123", "crisis_text": "85258", "emergency_number": "112"}
    async with clinic(tmp_path, clock, **abroad) as place:
        robin, fay = await browser(place, ROBIN), await browser(place, FAY)
        page = (await robin.get("/diary")).text
        assert 'call <a href="tel:116123">116 123</a> or text <a href="sms:85258">85258</a>' in page
        assert '<a href="tel:112">112</a>' in page
        assert all(f'tel:{number}"' not in page for number in ("988", "911"))
        for language in ("en", "es"):
            headers = {"Accept-Language": language}
            pages = [(await fay.get(f"/skills/{one}", headers)).text for one in ("after-a-slip", "circle-of-support")]
            assert all("116 123" in text and "988" not in text for text in pages), language
            assert "112" in pages[0] and "911" not in pages[0]
        room = (await robin.get(f"/s/{place.evening.session}")).text
        assert "116 123" in room and "85258" in room and "988" not in room and "911" not in room
        assert "112 reaches the dispatch" in (await fay.get("/numbers")).text


async def test_a_line_that_takes_no_messages_is_not_offered_for_them(clock: FakeClock, tmp_path: Path) -> None:
    async with clinic(tmp_path, clock, crisis_line="116 123") as place:
        robin = await browser(place, ROBIN)
        page = (await robin.get("/diary")).text
        assert 'call <a href="tel:116123">116 123</a>, any time' in page and "sms:" not in page
