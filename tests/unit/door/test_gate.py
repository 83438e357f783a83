"""The gate: who is let in, who is held and told kindly, what the session's log learns, and what is remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from facilitation.commands import Arrive, CheckDoor, Command, TellRevoked
from facilitation.consents import ConsentKind, SignedAs
from facilitation.doorfacts import Unsigned
from facilitation.errors import Refusal
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import ClinicId, PersonId, SessionId
from facilitation.licences import Licence, Outcome
from facilitation.people import Expected, Role
from facilitation.places import KEEP_MS, LocalHelp
from facilitation.programme import Programme
from facilitation.timebase import Instant
from server.accounts.shelves import shelves as accounts
from server.catalog import load_catalog
from server.clock import FakeClock
from server.door import shelves
from server.door.gate import Gate
from server.people.contacts import contacts
from server.store import memory
from server.store.clinic import Person, ScheduledSession
from tests.support.consents import consents_of
from tests.support.evening import Evening

NOW = 1_796_050_000_000
FAY, ASH, BAY, GALE = map(PersonId, ("p-fay", "p-ash", "p-bay", "p-gale"))
SESSION = SessionId("s-teens")
ROSTER = (
    Expected(person=FAY, role=Role.FACILITATOR, name="Fay"),
    Expected(person=ASH, role=Role.PARTICIPANT, name="Ash", teen=True),
    Expected(person=BAY, role=Role.PARTICIPANT, name="Bay", teen=True),
    Expected(person=GALE, role=Role.PARTICIPANT, name="Gale", guest=True),
)
ANSWERS = Arrive(
    name="Ash E.",
    location="12 Sample Street, Exampleton",
    callback="555-0110",
    private_space=True,
    agreement=True,
    state="OH",
    contact_name="Gale",
    contact_phone="555-0111",
)


class Room:
    def __init__(self) -> None:
        self.told: list[CheckDoor] = []
        self.revoked: list[TellRevoked] = []

    async def open(self, session: SessionId) -> Room:
        return self

    async def do(self, command: Command) -> int:
        if isinstance(command, TellRevoked):
            self.revoked.append(command)
            return 0
        assert isinstance(command, CheckDoor)
        self.told.append(command)
        return len(self.told)


class House:
    def __init__(self, **policy: Any) -> None:
        self.clock = FakeClock(Instant(NOW))
        self.store = memory.connect()
        self.room = Room()
        self.programme = replace(load_catalog().programmes["teen-iop"], **policy)
        self.consents = consents_of(self.store, clock=self.clock)
        self.gate = Gate(
            self.store,
            consents=self.consents,
            programmes=self.of,
            contacts=contacts(self.store.register),
            rooms=self.room,
            clock=self.clock,
        )

    def of(self, id: str) -> Programme:
        return self.programme

    async def fill(self, roster: tuple[Expected, ...] = ROSTER) -> House:
        scheduled = ScheduledSession(
            session=SESSION,
            clinic=ClinicId("demo"),
            title="After-school group",
            zone="America/New_York",
            starts_at=Instant(NOW),
            plan_id="teen-short",
            rules_id="exact-floor",
            programme_id="teen-iop",
            roster=roster,
        )
        await self.store.clinic.put_session(scheduled)
        for person, name, role, track in (
            (FAY, "Fay", Role.FACILITATOR, "adult"),
            (ASH, "Ash", Role.PARTICIPANT, "teen"),
            (BAY, "Bay", Role.PARTICIPANT, "teen"),
            (GALE, "Gale", Role.GUARDIAN, "adult"),
        ):
            await self.store.clinic.put_person(
                Person(person=person, name=name, role=role, track=track, zone="America/New_York")
            )
        care = Guardianship(guardian=GALE, teen=ASH, since=Instant(0), may=frozenset({Care.CONSENTS}))
        await accounts(self.store.register).guardianships.put(care, upon=0, by="", at=Instant(NOW))
        return self

    async def sign(self, signer: PersonId, *kinds: ConsentKind) -> None:
        ash = await self.store.clinic.get_person(ASH)
        assert ash is not None
        for form in await self.consents.forms():
            if form.kind in kinds:
                await self.consents.sign(ash, form.kind, fingerprint=form.fingerprint, signer=signer, name="N")

    async def sign_all(self) -> None:
        for signer in (ASH, GALE):
            await self.sign(signer, ConsentKind.TELEHEALTH, ConsentKind.GROUP)

    async def licence(self, *states: str) -> None:
        licence = Licence(licence="l-1", person=FAY, title="LISW", states=states, first=date(2026, 1, 1))
        await shelves.licences(self.store.register).put(licence, upon=0, by="", at=Instant(NOW))

    async def knock(self, **changed: Any) -> str:
        """'' when let in, else the code of the refusal."""
        try:
            await self.gate.knock(SESSION, expected(ASH), replace(ANSWERS, **changed))
        except Refusal as refusal:
            assert "." in refusal.text  # a sentence, for a person
            return refusal.code
        return ""

    async def door(self, person: PersonId = ASH) -> dict[str, Any]:
        return await self.gate.door(SESSION, expected(person), language="en")


def expected(person: PersonId) -> Expected:
    return next(each for each in ROSTER if each.person == person)


async def test_with_everything_signed_the_way_is_free_and_the_log_says_so() -> None:
    house = await House().fill()
    await house.sign_all()
    assert await house.knock() == ""
    [told] = house.room.told
    assert told.held == ()
    assert [each.kind for each in told.signed] == [ConsentKind.TELEHEALTH, ConsentKind.GROUP]


async def test_ones_own_signature_can_be_given_at_the_door() -> None:
    house = await House().fill()
    await house.sign(GALE, ConsentKind.TELEHEALTH, ConsentKind.GROUP)
    assert await house.knock() == "consent_needed"
    asked = (await house.door())["consents"]
    assert [(each["kind"], each["mine"]) for each in asked] == [("telehealth", True), ("group", True)]
    for each in asked:
        await house.gate.sign(
            SESSION, expected(ASH), ConsentKind(each["kind"]), fingerprint=each["fingerprint"], name="Ash Example"
        )
    assert (await house.door())["consents"] == []
    assert await house.knock() == ""


async def test_a_guardians_signature_cannot_and_facilitators_get_a_number_to_call() -> None:
    house = await House().fill()
    await house.sign(ASH, ConsentKind.TELEHEALTH, ConsentKind.GROUP)
    assert await house.knock() == "guardian_needed"
    [told] = house.room.told
    assert told.held == ("guardian",)
    assert told.callback == "555-0110"
    assert told.lacking[0] == Unsigned(kind=ConsentKind.TELEHEALTH, parts=(SignedAs.GUARDIAN,))
    assert not any(each["mine"] for each in (await house.door())["consents"])


async def test_where_a_minor_consents_alone_no_guardian_is_asked() -> None:
    house = await House(minors="both", minors_by_state={"OH": "minor"}).fill()
    await house.sign(ASH, ConsentKind.TELEHEALTH)
    assert await house.knock() == "consent_needed"  # the group agreement
    assert house.room.told[-1].held == ("consent",)


async def test_a_text_that_changed_meanwhile_is_not_signed_unread() -> None:
    house = await House().fill()
    with pytest.raises(Refusal) as refused:
        await house.gate.sign(SESSION, expected(ASH), ConsentKind.TELEHEALTH, fingerprint="0" * 64, name="Ash")
    assert refused.value.code == "stale_consent"


@pytest.mark.parametrize(
    ("travel", "states", "code", "found"),
    [
        ("block", ("NY",), "place_not_covered", Outcome.BLOCK),
        ("warn", ("NY",), "", Outcome.WARN),
        ("allow", ("NY",), "", Outcome.IN),
        ("block", ("OH", "NY"), "", Outcome.IN),
        ("block", (), "", Outcome.WARN),  # an empty shelf locks nobody out
    ],
)
async def test_where_they_are_is_held_against_the_licences_of_who_leads(
    travel: str, states: tuple[str, ...], code: str, found: Outcome
) -> None:
    house = await House(travel=travel).fill()
    await house.sign_all()
    if states:
        await house.licence(*states)
    assert await house.knock() == code
    assert house.room.told[-1].licence is found


async def test_the_number_of_their_place_is_told_to_facilitators_and_none_is_made_up() -> None:
    house = await House().fill()
    await house.sign_all()
    await house.knock()
    assert house.room.told[-1].help == ()
    help = LocalHelp(help="OH", state="OH", area="", dispatch="555-0100")
    await shelves.local_help(house.store.register).put(help, upon=0, by="", at=Instant(NOW))
    await house.knock()
    assert [each.phone for each in house.room.told[-1].help] == ["555-0100"]


async def test_answers_are_remembered_once_they_were_let_in_and_for_a_while() -> None:
    house = await House().fill()
    await house.knock()
    assert (await house.door())["remembered"] is None  # held: nothing is remembered
    await house.sign_all()
    await house.knock()
    remembered = (await house.door())["remembered"]
    assert remembered["location"] == "12 Sample Street, Exampleton"
    assert (remembered["state"], remembered["contact_phone"]) == ("OH", "555-0111")
    assert (await house.door(BAY))["remembered"] is None
    house.clock.advance(ms=KEEP_MS + 1)
    assert (await house.door())["remembered"] is None


async def test_family_who_comes_along_is_asked_for_the_promise_to_the_group_and_for_nothing_else() -> None:
    house = await House(travel="block").fill()
    await house.licence("NY")
    assert [each["kind"] for each in (await house.door(GALE))["consents"]] == ["group"]
    assert (await house.door(GALE))["states"] == []


async def test_a_talk_of_one_needs_no_group_agreement() -> None:
    house = await House().fill(tuple(each for each in ROSTER if each.person != BAY))
    for signer in (ASH, GALE):
        await house.sign(signer, ConsentKind.TELEHEALTH)
    assert await house.knock() == ""


async def test_of_a_session_that_nobody_knows_the_gate_says_nothing() -> None:
    house = House()
    assert (await house.door())["consents"] == []
    assert await house.knock() == ""


# --------------------------------------------------------------- taken back while a session goes on


async def begun(there: House) -> None:
    epoch = await there.store.leases.acquire(SESSION, node="n")
    records = Evening(session=SESSION, starts_at=NOW, people=1).records
    await there.store.log.append(SESSION, records, epoch=epoch)


@pytest.mark.parametrize(
    ("kind", "stops"), [(ConsentKind.TELEHEALTH, True), (ConsentKind.GROUP, True), (ConsentKind.PART2, False)]
)
async def test_the_room_is_told_what_was_taken_back_and_whether_it_needs_it(kind: ConsentKind, stops: bool) -> None:
    there = await House().fill()
    await there.sign_all()
    ash = await there.store.clinic.get_person(ASH)
    assert ash is not None
    await there.gate.revoked(ASH, kind)
    assert there.room.revoked == []  # nobody has opened the room: it asks at its door
    await begun(there)
    if kind is not ConsentKind.PART2:
        await there.consents.revoke(ash, kind, signer=ASH, words="")
    await there.gate.revoked(ASH, kind)
    assert there.room.revoked == [TellRevoked(person=ASH, kind=kind.value, stops=stops)]


async def test_a_group_agreement_taken_back_stops_no_talk_of_two() -> None:
    there = await House().fill(ROSTER[:2])
    await there.sign_all()
    ash = await there.store.clinic.get_person(ASH)
    assert ash is not None
    await begun(there)
    await there.consents.revoke(ash, ConsentKind.GROUP, signer=ASH, words="")
    await there.gate.revoked(ASH, ConsentKind.GROUP)
    assert [each.stops for each in there.room.revoked] == [False]
