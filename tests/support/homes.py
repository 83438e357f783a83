"""A clinic whose home page is looked at: evenings that were really held, a clock that stands where the test puts it."""

from __future__ import annotations

from typing import Any

from facilitation import commands as c
from facilitation.ids import FormId, PersonId
from facilitation.noteforms import format_of
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, MINUTE_MS
from server.accounts.shelves import shelves
from server.books.family import FamilyBook
from server.catalog import load_catalog
from server.clock import FakeClock
from server.door.ages import Ages
from server.door.guardians import guardians_of
from server.home.page import HomePage, cards
from server.home.visit import Visits
from server.progress import ProgressBook
from server.projections.meters import Meters
from server.projections.worker import HoursProjection
from server.store import memory
from server.store.clinic import Person
from server.store.ports import Store
from server.trail import Trail
from server.web.auth import Visitor
from server.web.words import IN_ENGLISH
from tests.support.consents import consents_of
from tests.support.diary import diary_of
from tests.support.evening import CODY, FAY, SUE, Evening

TUESDAY_6_PM = 1_795_561_200_000
"""2026-11-24 in New York."""
DAY_MS = 24 * HOUR_MS
ROBIN, SAM, ALEX = PersonId("p-1"), PersonId("p-2"), PersonId("p-3")
ROLES = {FAY: Role.FACILITATOR, CODY: Role.COFACILITATOR, SUE: Role.SUPERVISOR}


class Steps:
    """How far a new clinic is, as the test says."""

    def __init__(self) -> None:
        self.so_far = dict.fromkeys(("group", "people", "invitations", "session"), False)

    async def done(self) -> dict[str, bool]:
        return self.so_far


class House:
    def __init__(self, *evenings: Evening, now: int) -> None:
        self.evenings = evenings
        self.clock = FakeClock(now)
        self.store: Store = memory.connect()
        self.first_steps = Steps()
        catalog = load_catalog()
        meters = Meters(self.store, catalog=catalog, clock=self.clock)
        visits = Visits(self.store.clinic, plans=catalog.plans, progress=ProgressBook(self.store.log))
        self.guardianships = shelves(self.store.register).guardianships
        self.consents = consents_of(self.store, clock=self.clock)
        self.diary = diary_of(self.store, clock=self.clock)
        guardians = guardians_of(self.store, self.guardianships, catalog=catalog, clock=self.clock)
        trail = Trail(self.store.audit, clock=self.clock)
        made = cards(
            self.store,
            catalog=catalog,
            meters=meters,
            guardians=guardians,
            consents=self.consents,
            first_steps=self.first_steps,
            diary=self.diary,
            family=FamilyBook(
                self.store,
                guardians=guardians,
                ages=Ages(self.store.clinic, catalog=catalog, clock=self.clock),
                clock=self.clock,
            ),
            trail=trail,
        )
        self.home = HomePage(visits, made, trail=trail, clock=self.clock)

    async def fill(self, *, zone: str = "America/New_York") -> House:
        for evening in self.evenings:
            await self.store.clinic.put_session(evening.scheduled)
            for each in evening.scheduled.roster:
                await self.add(each.person, each.role, name=each.name, zone=zone)
            if evening.lived:
                epoch = await self.store.leases.acquire(evening.scheduled.session, node="n")
                await self.store.log.append(evening.scheduled.session, evening.records, epoch=epoch)
        await HoursProjection(self.store.log, self.store.ledger, self.clock).catch_up()
        return self

    async def add(self, person: PersonId, role: Role, *, name: str, zone: str = "America/New_York") -> None:
        await self.store.clinic.put_person(Person(person=person, name=name, role=role, track="adult", zone=zone))

    async def page(self, person: PersonId, role: Role | None = None, **how: Any) -> dict[str, Any]:
        """Who is signed in, unless the test says otherwise."""
        role = role or ROLES.get(person, Role.PARTICIPANT)
        me = Visitor(person=person, role=role, name=str(person), **({"signed_in": True, "number": 1} | how))
        return await self.home.page(me, IN_ENGLISH)

    async def card(self, name: str, person: PersonId, role: Role | None = None, **how: Any) -> dict[str, Any] | None:
        """What this card shows to them; None: they have no such card."""
        page = await self.page(person, role, **how)
        return next((each for each in (*page["cards"], *page["beside"]) if each["name"] == name), None)

    async def told(self, name: str, person: PersonId, role: Role | None = None, **how: Any) -> dict[str, Any]:
        card = await self.card(name, person, role, **how)
        assert card is not None, f"there is no card {name}"
        return card


def evening(session: str = "s-1", *, days: float = 0, people: int = 3, **more: Any) -> Evening:
    starts_at = round(TUESDAY_6_PM + days * DAY_MS)
    return Evening(session=session, starts_at=starts_at, people=people, **more)


def running(session: str = "s-1", *there: PersonId, **more: Any) -> Evening:
    going = evening(session, **more)
    going.at(-1).come(FAY)
    for person in there:
        going.come(person)
    going.at(0).do(c.StartSession(), FAY)
    return going


def signed(held: Evening, *people: PersonId) -> Evening:
    """With the notes of these people, or of all, written and signed in the form that its programme asks for."""
    held.at(210)
    notes = held.state.session.programme.note_format if held.state.session else ""
    for person in people or held.people:
        for section in format_of(notes).sections:
            held.do(c.EditSection(person=person, section=section.id, text="Took part.", revision=0), FAY)
        held.write(person, "Took part.")
        group, own = (held.state.notes.draft(subject).revision for subject in ("group", person))
        seen = {section.id: 1 for section in format_of(notes).sections}
        held.do(c.SignNote(person=person, group_revision=group, person_revision=own, sections=seen), FAY)
    return held


def wrap_up(held: Evening, person: PersonId, **answers: str) -> None:
    """Hand in the form of the end; `plan` and `takeaway` are theirs in words."""
    said = {"takeaway": answers.get("takeaway", ""), "plan-tonight": answers.get("plan", "")}
    numbers = {"mood": 6, "urge-use": 0, "urge-harm": 0, "safe-until-next": True}
    held.do(c.SubmitForm(form=FormId("wrap-up"), answers=numbers | said), person)


def at_the_end(session: str = "s-1", **more: Any) -> Evening:
    """In its last part, everybody there, nobody gone."""
    going = running(session, *(PersonId(f"p-{n}") for n in range(1, more.get("people", 3) + 1)), **more)
    while going.state.agenda.position != "wrap-up":
        going.at((going.now - going.scheduled.starts_at) / MINUTE_MS + 1).move_on()
    return going
