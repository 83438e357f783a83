"""A participant's own minutes and their word that they are not right (PROTOCOL.md §11), over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from facilitation import commands as c
from facilitation.events import MinutesDisputed
from facilitation.ids import PersonId
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server.clock import FakeClock
from server.web.links import Seat
from tests.support.application import Application
from tests.support.evening import FAY, Evening, keep, usual
from tests.support.visitor import Answer, Visitor

TUESDAY_6_PM = 1_795_561_200_000  # 2026-11-24 in New York
ROBIN, DROPPED, STRANGER = PersonId("p-1"), PersonId("p-3"), PersonId("p-6")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


class Clinic(Application):
    """An evening that was held by four, one that goes on, and one to come that six are on the list of."""

    clock: FakeClock

    def __init__(self) -> None:
        super().__init__(clock=FakeClock(TUESDAY_6_PM + 12 * HOUR_MS))
        held = usual(Evening(session="s-held", starts_at=TUESDAY_6_PM, people=4))
        to_come = Evening(session="s-to-come", starts_at=TUESDAY_6_PM + 48 * HOUR_MS, people=6)
        running = Evening(session="s-running", starts_at=TUESDAY_6_PM + 24 * HOUR_MS, people=4)
        for person in (FAY, ROBIN):
            running.come(person)
        running.at(0).do(c.StartSession(), FAY)
        self.evenings = {"s-held": held, "s-running": running.at(47), "s-to-come": to_come}

    async def fill(self) -> None:
        for evening in self.evenings.values():
            await keep(evening, self.store)

    def seat_in(self, session: str, person: PersonId) -> Seat:
        return self.seat(person, self.evenings[session].scheduled, hours=12)

    async def visitor(self, person: PersonId, session: str = "s-held") -> Visitor:
        return await self.opened(self.path(self.seat_in(session, person)))

    async def disputes(self) -> list[str]:
        records = await self.store.log.read("s-held")
        return [record.event.text for record in records if isinstance(record.event, MinutesDisputed)]


@pytest_asyncio.fixture
async def clinic() -> AsyncIterator[Clinic]:
    async with Clinic().served() as clinic:
        yield clinic


async def say(visitor: Visitor, text: str) -> Answer:
    return await visitor.post("/s/s-held/dispute", urlencode({"text": text}).encode(), FORM)


async def test_the_page_tells_when_somebody_was_there_and_when_not(clinic: Clinic) -> None:
    page = (await (await clinic.visitor(DROPPED)).get("/s/s-held/minutes")).text
    assert "You were here" in page and "Away" in page
    assert "6:52:03 PM" in page and "6:58:31 PM" in page, "from the drop to the return"
    assert "Our server was away" in page
    assert "no-store" in (await (await clinic.visitor(DROPPED)).get("/s/s-held/minutes")).headers["cache-control"]


async def test_while_the_session_runs_minutes_are_told_although_nobody_says_anything(clinic: Clinic) -> None:
    assert clinic.evenings["s-running"].records[-1].at == clinic.evenings["s-running"].scheduled.starts_at
    page = (await (await clinic.visitor(ROBIN, "s-running")).get("/s/s-running/minutes")).text
    assert "47 min" in page


async def test_a_form_tells_the_facilitators_and_leads_back_to_the_page(clinic: Clinic) -> None:
    robin = await clinic.visitor(ROBIN)
    answer = await say(robin, "I was there\r\nfrom the start.")
    assert (answer.status, answer.headers["location"]) == (303, "/s/s-held/minutes#said")
    assert await clinic.disputes() == ["I was there\nfrom the start."]
    page = (await robin.get("/s/s-held/minutes")).text
    assert "I was there\nfrom the start." in page
    assert "Your facilitator has been told" in page and "<textarea" not in page


@pytest.mark.parametrize(("text", "words"), [("  ", "Please fill in"), ("x" * 2_001, "too long")])
async def test_a_refusal_is_said_on_the_page_and_keeps_what_was_typed(clinic: Clinic, text: str, words: str) -> None:
    answer = await say(await clinic.visitor(ROBIN), text)
    assert answer.status == 422
    assert words in answer.text and text in answer.text
    assert await clinic.disputes() == []


async def test_the_same_form_sent_twice_is_one_dispute(clinic: Clinic) -> None:
    robin = await clinic.visitor(ROBIN)
    await say(robin, "Too few.")
    again = await say(robin, "Too few.")
    assert again.status == 422 and "You have said so already" in again.text
    assert await clinic.disputes() == ["Too few."]


async def test_it_is_taken_back_by_a_press_and_can_be_said_anew(clinic: Clinic) -> None:
    robin = await clinic.visitor(ROBIN)
    await say(robin, "Too few.")
    assert "Take it back" in (await robin.get("/s/s-held/minutes")).text
    back = urlencode({"dispute": "dispute-1"}).encode()
    done = await robin.post("/s/s-held/dispute/take-back", back, FORM)
    assert (done.status, done.headers["location"]) == (303, "/s/s-held/minutes#said")
    page = (await robin.get("/s/s-held/minutes")).text
    assert "Too few." in page and "You took this back." in page and "<textarea" in page
    other = await clinic.visitor(DROPPED)
    refused = await other.post("/s/s-held/dispute/take-back", back, FORM)
    assert refused.status == 422 and "no such objection of yours" in refused.text
    await say(robin, "Too few by five minutes.")
    assert await clinic.disputes() == ["Too few.", "Too few by five minutes."]
    answer = await robin.post("/s/s-held/dispute/take-back", {"dispute": "dispute-2"}, JSON)
    assert answer.status == 202 and "<textarea" in (await robin.get("/s/s-held/minutes")).text


async def test_a_program_says_it_with_its_ticket(clinic: Clinic) -> None:
    program = Visitor(clinic.url)
    ticket = clinic.links.ticket(clinic.seat_in("s-held", ROBIN))
    bearer = {"Authorization": f"Bearer {ticket}"} | JSON
    done = await program.send("POST", "/s/s-held/dispute", b'{"text": "Too few."}', bearer)
    assert done.status == 202 and done.json["seq"] == len(await clinic.store.log.read("s-held"))
    again = await program.send("POST", "/s/s-held/dispute", b'{"text": "Too few."}', bearer)
    assert (again.status, again.json["error"]["code"]) == (422, "already_disputed")
    for rubbish in (b"", b"{}", b'{"text": 5}', b'{"text": "a", "person": "p-2"}', b"\xff", b"[" * 5_000):
        answer = await program.send("POST", "/s/s-held/dispute", rubbish, bearer)
        assert (answer.status, answer.json["error"]["code"]) == (400, "bad_request")


async def test_staff_have_no_minutes_to_dispute(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    assert (await fay.get("/s/s-held/minutes")).status == 403
    assert (await say(fay, "Too few.")).status == 403
    answer = await fay.post("/s/s-held/dispute", {"text": "Too few."}, JSON)
    assert (answer.status, answer.json["error"]["code"]) == (403, "not_allowed")
    assert await clinic.disputes() == []


async def test_ones_own_minutes_are_there_also_when_the_link_was_for_another_evening(clinic: Clinic) -> None:
    robin = await clinic.visitor(ROBIN, "s-to-come")
    assert (await robin.get("/s/s-held/minutes")).status == 200
    assert (await say(robin, "Too few.")).status == 303
    later = (await robin.get("/s/s-to-come/minutes")).text
    assert "It has not started yet" in later and "<textarea" not in later


async def test_nobody_else_sees_them_and_strangers_learn_nothing(clinic: Clinic) -> None:
    await say(await clinic.visitor(ROBIN), "Only for my facilitator.")
    other = await clinic.visitor(DROPPED)
    assert "Only for my facilitator." not in (await other.get("/s/s-held/minutes")).text
    uninvited = await clinic.visitor(STRANGER, "s-to-come")
    assert (await uninvited.get("/s/s-held/minutes")).status == 403
    stranger = Visitor(clinic.url)
    real, unreal = await stranger.get("/s/s-held/minutes"), await stranger.get("/s/s-nothing/minutes")
    assert (real.status, real.text.replace("s-held", "s-nothing")) == (unreal.status, unreal.text)


async def test_a_correction_and_the_answer_stand_on_the_page(clinic: Clinic) -> None:
    evening = clinic.evenings["s-held"]
    began = evening.state.agenda.started_at
    assert began is not None
    evening.do(c.DisputeMinutes(text="I was on the phone."), DROPPED)
    evening.do(
        c.CorrectAttendance(
            person=DROPPED,
            start=Instant(began + 51 * MINUTE_MS),
            end=Instant(began + 58 * MINUTE_MS),
            present=True,
            reason="Heard on the phone.",
            dispute=evening.state.corrections.disputes[0].dispute,
        ),
        FAY,
    )
    new = evening.records[-3:]
    epoch = await clinic.store.leases.acquire("s-held", node="told")
    await clinic.store.log.append("s-held", new, epoch=epoch)
    page = (await (await clinic.visitor(DROPPED)).get("/s/s-held/minutes")).text
    assert "Put right by hand" in page and "Counts as here: Heard on the phone." in page
    assert "You were right. Heard on the phone." in page
    assert "Counted as here by hand" in page
