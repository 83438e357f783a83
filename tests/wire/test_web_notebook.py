"""The notebook beside the socket and the proof before a signature (PROTOCOL.md §10), over real HTTP and websockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from websockets.asyncio.client import ClientConnection, connect

from facilitation import commands as c
from facilitation.goals import Goal
from facilitation.ids import GoalId, PersonId
from facilitation.people import Expected, Role
from facilitation.room import replay
from facilitation.timebase import HOUR_MS, MINUTE_MS
from facilitation.views import record_part
from server import signing
from server.clock import FakeClock
from server.signing import SetUpCodes
from server.web.links import Seat
from tests.support.application import Application
from tests.support.evening import CODY, FAY, Evening, keep, usual
from tests.support.visitor import Answer, Visitor

TUESDAY_6_PM = 1_795_561_200_000  # 2026-11-24 in New York
ROBIN, SAM, SUE, OLA = PersonId("p-1"), PersonId("p-2"), PersonId("p-sue"), PersonId("p-ola")
PIN = "sieben Berge"
SECRET = "What I think when nobody reads it"


class Clinic(Application):
    """One evening of the co-occurring programme, held and not yet written up."""

    clock: FakeClock

    def __init__(self) -> None:
        super().__init__(clock=FakeClock(TUESDAY_6_PM + 12 * HOUR_MS))
        evening = Evening(session="s-1", starts_at=TUESDAY_6_PM, people=3, programme="co-occurring-iop")
        for expected in (
            Expected(person=SUE, role=Role.SUPERVISOR, name="Sue Supervisor"),
            Expected(person=OLA, role=Role.OBSERVER, name="Ola Observer"),
        ):
            evening.do(c.ExpectPerson(expected=expected))
            evening.roles[expected.person] = expected.role
            evening.scheduled = replace(evening.scheduled, roster=(*evening.scheduled.roster, expected))
        self.evening = usual(evening)
        self.codes = SetUpCodes(self.site.keys, clinic=self.site.clinic)

    async def fill(self) -> None:
        await keep(self.evening, self.store)

    def seat_of(self, person: PersonId) -> Seat:
        return self.seat(person, self.evening.scheduled, hours=12)

    async def visitor(self, person: PersonId) -> Visitor:
        return await self.opened(self.path(self.seat_of(person)))

    async def log(self) -> str:
        """All of the session's log as text."""
        return b"\n".join([linked.line async for linked in self.store.log.linked("s-1")]).decode()

    async def record(self, person: PersonId = ROBIN) -> dict[str, Any]:
        """What the record view says of one person now."""
        state = replay(await self.store.log.read("s-1"))
        people = record_part(state, self.clock.now())["people"]
        return next(each for each in people if each["person"] == person)


@pytest_asyncio.fixture
async def clinic(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clinic]:
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(signing, "PasswordHasher", lambda: quick)  # the same, without the wait
    async with Clinic().served() as clinic:
        yield clinic


async def put(visitor: Visitor, path: str, body: object) -> Answer:
    own = {"Origin": visitor.base_url, "Sec-Fetch-Site": "same-origin"}
    return await visitor.send("PUT", path, json.dumps(body).encode(), own)


class Socket:
    """A record page's websocket."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self._commands = 0

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(await self._websocket.recv())
            if message["type"] in kind.split("|") and fields.items() <= message.items():
                return message

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """What became of a command."""
        self._commands += 1
        id_ = f"k-{id(self)}-{self._commands}"
        await self._websocket.send(json.dumps({"type": kind, "command_id": id_, **fields}))
        return await self.until("accepted|refused", command_id=id_)


@asynccontextmanager
async def record_page(clinic: Clinic, visitor: Visitor, ticket: str | None = None) -> AsyncIterator[Socket]:
    hello = {"type": "hello", "protocol": 1, "device": "a-test", "mode": "record"}
    async with connect(
        clinic.url.replace("http", "ws") + "/s/s-1/socket",
        origin=None if ticket else clinic.url,
        additional_headers={} if ticket else {"Cookie": visitor.cookie},
        proxy=None,
    ) as websocket:
        await websocket.send(json.dumps(hello | ({"ticket": ticket} if ticket else {})))
        socket = Socket(websocket)
        await socket.until("view")
        yield socket


# --------------------------------------------------------------- the notebook


async def test_a_new_notebook_is_empty_but_for_the_skills_of_the_library(clinic: Clinic) -> None:
    answer = await (await clinic.visitor(FAY)).get("/s/s-1/notebook")
    assert answer.status == 200 and answer.headers["cache-control"] == "no-store"
    kept = answer.json
    assert "Opposite action" in kept.pop("skills")
    assert kept == {
        "agreed": [],
        "snippets": [],
        "counselling": [],
        "proof": {"chosen": False, "fresh_until": None, "pin_chars_min": 6},
    }


@pytest.mark.parametrize(("person", "status"), [(FAY, 200), (CODY, 200), (OLA, 200), (SUE, 200), (ROBIN, 403)])
async def test_the_notebook_is_for_staff(clinic: Clinic, person: PersonId, status: int) -> None:
    answer = await (await clinic.visitor(person)).get("/s/s-1/notebook")
    assert answer.status == status
    if status == 403:
        assert answer.json["error"]["code"] == "not_yours"


async def test_a_stranger_learns_nothing(clinic: Clinic) -> None:
    real, unreal = [await Visitor(clinic.url).get(f"/s/{session}/notebook") for session in ("s-1", "s-none")]
    assert (real.status, real.body) == (unreal.status, unreal.body)
    assert real.status == 403 and real.json["error"]["code"] == "no_seat"


@pytest.mark.parametrize("person", [SUE, OLA, ROBIN])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("snippets/walk", {"text": "x"}),
        ("counselling/group", {"text": "x", "revision": 0}),
        ("goals/p-1/g-1", {"ended": True}),
    ],
)
async def test_only_facilitators_write_in_it(clinic: Clinic, person: PersonId, path: str, body: object) -> None:
    visitor = await clinic.visitor(person)
    assert (await put(visitor, f"/s/s-1/notebook/{path}", body)).status == 403


async def test_phrases_are_kept_and_dropped(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    assert (await put(fay, "/s/s-1/notebook/snippets/walk", {"text": "Will walk before noon."})).status == 200
    assert (await put(fay, "/s/s-1/notebook/snippets/%C3%A4pfel_2", {"text": "Isst wieder."})).status == 200
    assert (await fay.get("/s/s-1/notebook")).json["snippets"] == [
        {"name": "walk", "text": "Will walk before noon."},
        {"name": "äpfel_2", "text": "Isst wieder."},
    ]
    assert (await (await clinic.visitor(CODY)).get("/s/s-1/notebook")).json["snippets"] == []
    own = {"Origin": clinic.url, "Sec-Fetch-Site": "same-origin"}
    for _ in range(2):
        assert (await fay.send("DELETE", "/s/s-1/notebook/snippets/walk", None, own)).status == 204
    assert [each["name"] for each in (await fay.get("/s/s-1/notebook")).json["snippets"]] == ["äpfel_2"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("snippets/a%20b", {"text": "x"}, 422, "bad_name"),
        ("snippets/" + "a" * 41, {"text": "x"}, 422, "bad_name"),
        ("snippets/walk", {"text": "  "}, 422, "empty_text"),
        ("snippets/walk", {"text": "x" * 4_001}, 422, "too_long"),
        ("snippets/walk", {"text": 7}, 400, "bad_request"),
        ("snippets/walk", {"text": "x", "more": 1}, 400, "bad_request"),
        ("snippets/walk", ["x"], 400, "bad_request"),
        ("counselling/p-1", {"text": "x" * 20_001, "revision": 0}, 422, "too_long"),
        ("counselling/p-1", {"text": "x", "revision": -1}, 400, "bad_request"),
        ("counselling/p-fay", {"text": "x", "revision": 0}, 404, "unknown_person"),
        ("goals/p-1/g-none", {"text": "x"}, 404, "unknown_goal"),
        ("goals/p-none/g-1", {"text": "x"}, 404, "unknown_person"),
        ("goals/p-1/" + "g" * 65, {"text": "x"}, 404, "not_found"),
    ],
)
async def test_rubbish_is_refused_in_words(clinic: Clinic, path: str, body: object, status: int, code: str) -> None:
    answer = await put(await clinic.visitor(FAY), f"/s/s-1/notebook/{path}", body)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert answer.json["error"]["text"]


async def test_another_sites_page_writes_nothing(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    headers = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    body = json.dumps({"text": "x"}).encode()
    assert (await fay.send("PUT", "/s/s-1/notebook/snippets/walk", body, headers)).status == 403
    assert (await fay.get("/s/s-1/notebook")).json["snippets"] == []


# --------------------------------------------------------------- counselling notes


async def test_a_counselling_note_is_its_authors_alone(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    kept = (await put(fay, f"/s/s-1/notebook/counselling/{ROBIN}", {"text": SECRET, "revision": 0})).json
    assert kept["revision"] == 1
    again = (await put(fay, f"/s/s-1/notebook/counselling/{ROBIN}", {"text": SECRET + "!", "revision": 1})).json
    assert (again["note"], again["revision"]) == (kept["note"], 2)
    (mine,) = (await fay.get("/s/s-1/notebook")).json["counselling"]
    assert (mine["note"], mine["subject"], mine["text"], mine["revision"]) == (kept["note"], ROBIN, SECRET + "!", 2)
    for other in (CODY, SUE, OLA):
        answer = await (await clinic.visitor(other)).get("/s/s-1/notebook")
        assert answer.json["counselling"] == [] and SECRET not in answer.text


async def test_no_log_no_view_and_no_export_holds_a_counselling_note(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    kept = (await put(fay, "/s/s-1/notebook/counselling/group", {"text": SECRET, "revision": 0})).json
    log = await clinic.log()
    assert SECRET not in log and kept["note"] in log, "the log knows that there is one, and nothing else"
    for person in (FAY, CODY, SUE):
        async with record_page(clinic, await clinic.visitor(person)) as socket:
            await socket.ask("say_location", location="Clinic") if person == FAY else None
    for path in ("/home", f"/statement/{ROBIN}", "/s/s-1/record"):
        assert SECRET not in (await fay.get(path)).text
    assert SECRET not in json.dumps(await clinic.record())


async def test_one_who_writes_in_two_windows_sees_both_texts(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    path = f"/s/s-1/notebook/counselling/{ROBIN}"
    await put(fay, path, {"text": "First", "revision": 0})
    answer = await put(fay, path, {"text": "Second", "revision": 0})
    assert answer.status == 409
    assert (answer.json["error"]["code"], answer.json["text"], answer.json["revision"]) == ("stale_note", "First", 1)
    assert (await put(fay, path, {"text": "First", "revision": 0})).status == 200, "the same text again is no quarrel"


# --------------------------------------------------------------- goals


async def test_a_goal_is_kept_by_the_clinic_and_shows_in_the_record(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    made = await fay.post(f"/s/s-1/notebook/goals/{ROBIN}", {"text": "  Sleep seven hours "})
    assert made.status == 201
    goal = made.json["goal"]
    known = [{"goal": goal, "text": "Sleep seven hours"}]
    assert (await clinic.record())["goals"] == {"known": known, "addressed": [], "revision": 0}
    assert (await clinic.record(SAM))["goals"]["known"] == []
    again = await fay.post(f"/s/s-1/notebook/goals/{ROBIN}", {"text": "Sleep seven hours"})
    assert again.json["goal"] == goal, "a second press makes no second goal"
    assert [each.text for each in await clinic.store.notebook.goals(ROBIN)] == ["Sleep seven hours"]


async def test_a_goal_is_its_persons_to_see_once_it_is_agreed(
    clinic: Clinic,
) -> None:
    fay = await clinic.visitor(FAY)
    goal = (await fay.post(f"/s/s-1/notebook/goals/{ROBIN}", {"text": "Sleep"})).json["goal"]

    async def agreed() -> list[str]:
        return list((await fay.get("/s/s-1/notebook")).json["agreed"])

    assert await agreed() == []
    for on in (True, False, True):
        assert (await put(fay, f"/s/s-1/notebook/goals/{ROBIN}/{goal}", {"agreed": on})).status == 200
        assert await agreed() == ([goal] if on else [])
    [kept] = await clinic.store.notebook.goals(ROBIN)
    await clinic.store.notebook.put_goal(replace(kept, shared=True))
    no = await put(fay, f"/s/s-1/notebook/goals/{ROBIN}/{goal}", {"agreed": False})
    assert no.status == 422 and no.json["error"]["code"] == "goal_shared"
    assert await agreed() == [goal]


async def test_a_goal_that_was_addressed_stays_as_it_was_said(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    goal = (await fay.post(f"/s/s-1/notebook/goals/{ROBIN}", {"text": "Sleep"})).json["goal"]
    async with record_page(clinic, fay) as socket:
        assert (await socket.ask("address_goals", person=ROBIN, goals=[goal], revision=0))["type"] == "accepted"
        assert (await socket.ask("address_goals", person=SAM, goals=[goal], revision=0))["code"] == "unknown_goal"
    assert (await put(fay, f"/s/s-1/notebook/goals/{ROBIN}/{goal}", {"text": "Rest", "ended": True})).status == 200
    assert (await clinic.record())["goals"] == {
        "known": [{"goal": goal, "text": "Sleep"}],
        "addressed": [goal],
        "revision": 1,
    }


async def test_goals_that_changed_elsewhere_are_listed_when_the_notebook_is_opened(clinic: Clinic) -> None:
    goal = Goal(goal=GoalId("g-7"), person=ROBIN, text="Call the sister", since=date(2026, 11, 1))
    ended = replace(goal, goal=GoalId("g-8"), text="Long done", until=date(2026, 11, 23))
    later = replace(goal, goal=GoalId("g-9"), text="Not yet", since=date(2026, 11, 25))
    for each in (goal, ended, later):
        await clinic.store.notebook.put_goal(each)
    await (await clinic.visitor(FAY)).get("/s/s-1/notebook")
    assert (await clinic.record())["goals"]["known"] == [{"goal": "g-7", "text": "Call the sister"}]
    before = await clinic.log()
    await (await clinic.visitor(CODY)).get("/s/s-1/notebook")
    assert "GoalsListed" not in (await clinic.log()).removeprefix(before), "what is known is not said again"


# --------------------------------------------------------------- the proof


async def sign_robin(socket: Socket) -> dict[str, Any]:
    for section in ("goal", "intervention", "response", "plan"):
        await socket.ask("edit_section", person=ROBIN, section=section, text=f"My {section}.", revision=0)
    return await socket.ask(
        "sign_note",
        person=ROBIN,
        group_revision=1,
        person_revision=0,
        sections=dict.fromkeys(("goal", "intervention", "response", "plan"), 1),
    )


async def prove(visitor: Visitor, **shown: Any) -> Answer:
    return await visitor.post("/s/s-1/proof", shown)


async def choose(clinic: Clinic, visitor: Visitor, pin: str, *, person: PersonId = FAY) -> Answer:
    return await prove(visitor, pin=pin, choose=True, code=clinic.codes.of(person))


async def test_nobody_signs_before_they_have_shown_who_they_are(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    async with record_page(clinic, fay) as socket:
        refused = await sign_robin(socket)
        assert (refused["type"], refused["code"]) == ("refused", "prove_yourself")
        assert (await clinic.record())["signed"] is None
        assert (await prove(fay, pin=PIN)).json["error"]["code"] == "no_pin"
        chosen = await choose(clinic, fay, PIN)
        assert chosen.json == {"fresh_until": clinic.clock.now() + 5 * MINUTE_MS}
        assert (await sign_robin(socket))["type"] == "accepted"
    assert (await clinic.record())["signed"]["by"] == FAY


async def test_a_proof_holds_for_five_minutes(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    until = (await choose(clinic, fay, PIN)).json["fresh_until"]
    assert (await fay.get("/s/s-1/notebook")).json["proof"] == {
        "chosen": True,
        "fresh_until": until,
        "pin_chars_min": 6,
    }
    clinic.clock.advance(minutes=5)
    assert (await fay.get("/s/s-1/notebook")).json["proof"]["fresh_until"] is None
    async with record_page(clinic, fay) as socket:
        assert (await sign_robin(socket))["code"] == "prove_yourself"
        assert (await prove(fay, pin=PIN)).status == 200
        assert (await sign_robin(socket))["type"] == "accepted"


async def test_a_proof_holds_in_the_browser_that_gave_it_and_for_that_person(clinic: Clinic) -> None:
    mine, elsewhere, cody = await clinic.visitor(FAY), await clinic.visitor(FAY), await clinic.visitor(CODY)
    await choose(clinic, mine, PIN)
    for other in (elsewhere, cody):
        async with record_page(clinic, other) as socket:
            assert (await sign_robin(socket))["code"] == "prove_yourself"


async def test_a_program_proves_by_its_ticket(clinic: Clinic) -> None:
    ticket = clinic.links.ticket(clinic.seat_of(FAY))
    nobody = Visitor(clinic.url)
    headers = {"Authorization": f"Bearer {ticket}"}
    body = json.dumps({"pin": PIN, "choose": True, "code": clinic.codes.of(FAY)}).encode()
    async with record_page(clinic, nobody, ticket) as socket:
        assert (await sign_robin(socket))["code"] == "prove_yourself"
        assert (await nobody.send("POST", "/s/s-1/proof", body, headers)).status == 200
        assert (await sign_robin(socket))["type"] == "accepted"
    wrong = {"Authorization": f"Bearer {ticket}x"}
    assert (await nobody.send("GET", "/s/s-1/notebook", None, wrong)).status == 403


async def test_the_wrong_pin_is_said_to_be_wrong_and_rests_after_five(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    await choose(clinic, fay, PIN)
    codes = [(await prove(fay, pin="nine hills")).json["error"]["code"] for _ in range(6)]
    assert codes == ["wrong_pin"] * 5 + ["too_many"]
    assert (await prove(fay, pin=PIN)).status == 429, "not even the right one"


async def test_a_right_pin_forgives_the_wrong_ones(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    await choose(clinic, fay, PIN)
    for _ in range(3):
        assert [(await prove(fay, pin=pin)).status for pin in ("no", "nope", PIN)] == [401, 401, 200]


async def test_who_has_a_link_and_no_set_up_code_chooses_no_pin(clinic: Clinic) -> None:
    thief = await clinic.visitor(FAY)
    for code in ("", clinic.codes.of(CODY), "ABCD-EFGH"):
        answer = await prove(thief, pin=PIN, choose=True, code=code)
        assert (answer.status, answer.json["error"]["code"]) == (401, "wrong_code")
    assert (await thief.get("/s/s-1/notebook")).json["proof"]["chosen"] is False
    typed = clinic.codes.of(FAY).lower().replace("-", " ")
    assert (await prove(thief, pin=PIN, choose=True, code=typed)).status == 200


async def test_codes_are_not_guessed(clinic: Clinic) -> None:
    thief = await clinic.visitor(FAY)
    codes = [(await prove(thief, pin=PIN, choose=True, code=f"AAAA-AAA{n}")).status for n in range(2, 8)]
    assert codes == [401] * 5 + [429]
    assert (await choose(clinic, thief, PIN)).status == 429, "not even the right one"


async def test_a_pin_is_chosen_once_and_changed_by_whoever_knows_it(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    assert (await choose(clinic, fay, PIN)).status == 200
    assert (await choose(clinic, fay, "another one")).json["error"]["code"] == "pin_chosen"
    assert (await prove(fay, pin="wrong", change_to="acht Berge")).status == 401
    assert (await prove(fay, pin=PIN, change_to="123456")).json["error"]["code"] == "weak_pin"
    assert (await prove(fay, pin=PIN, change_to="acht Berge")).status == 200
    assert [(await prove(fay, pin=pin)).status for pin in (PIN, "acht Berge")] == [401, 200]


@pytest.mark.parametrize("pin", ["", "12345", "123456", "654321", "111111", "121212", "qwerty", "abcdef", "x" * 65])
async def test_a_weak_pin_cannot_be_chosen(clinic: Clinic, pin: str) -> None:
    answer = await choose(clinic, await clinic.visitor(FAY), pin)
    assert (answer.status, answer.json["error"]["code"]) == (422, "weak_pin")


@pytest.mark.parametrize(("person", "status"), [(SUE, 200), (OLA, 403), (ROBIN, 403)])
async def test_who_signs_nothing_needs_no_pin(clinic: Clinic, person: PersonId, status: int) -> None:
    assert (await choose(clinic, await clinic.visitor(person), PIN, person=person)).status == status


async def test_no_pin_is_kept_as_it_is(clinic: Clinic) -> None:
    await choose(clinic, await clinic.visitor(FAY), PIN)
    hashed = await clinic.store.signing.pin(FAY)
    assert hashed is not None and hashed.startswith("$argon2id$") and PIN not in hashed
    assert PIN not in await clinic.log()


# --------------------------------------------------------------- a note's whole way


async def test_a_note_is_signed_returned_answered_and_cosigned(clinic: Clinic) -> None:
    fay, sue = await clinic.visitor(FAY), await clinic.visitor(SUE)
    await choose(clinic, fay, PIN)
    async with record_page(clinic, fay) as writer, record_page(clinic, sue) as reader:
        assert (await sign_robin(writer))["type"] == "accepted"
        signed = (await clinic.record())["signed"]
        note = {"person": ROBIN, "hash": signed["hash"]}
        assert (await reader.ask("cosign_note", **note, addenda=0))["code"] == "prove_yourself"
        returned = await reader.ask("return_note", person=ROBIN, text="Which goal, please?")
        assert returned["type"] == "accepted", "giving back is no signature"
        assert (await clinic.record())["work"] == "returned"
        await choose(clinic, sue, "six rivers", person=SUE)
        assert (await reader.ask("cosign_note", **note, addenda=0))["code"] == "note_returned"
        assert (await writer.ask("add_addendum", person=ROBIN, text="The first."))["type"] == "accepted"
        assert (await reader.ask("cosign_note", **note, addenda=0))["code"] == "stale_note"
        assert (await reader.ask("cosign_note", **note, addenda=1))["type"] == "accepted"
        assert (await writer.ask("cosign_note", **note, addenda=1))["code"] == "not_allowed"
        assert (await reader.ask("edit_section", person=SAM, section="plan", text="x", revision=0))["code"] == (
            "not_allowed"
        )
    person = await clinic.record()
    assert (person["work"], person["signed"]["hash"]) == ("done", signed["hash"])
    assert person["signed"]["content"] == signed["content"], "a signed note never changes"
    assert person["signed"]["cosigned"]["by"] == SUE
    assert [each["answered"] for each in person["signed"]["returned"]] == [True]
