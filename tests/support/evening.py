"""Sessions that really were held, in a minute: every line of their logs decided by the room itself, by a told clock.

    evening = Evening(session="s-1", starts_at=…, people=8)
    evening.at(-5).come(FAY)
    evening.at(0).do(StartSession(), FAY)

`Clinic` puts them into a store and serves the real application over it, so that pages can be opened on any history.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from facilitation import commands as c
from facilitation.events import Recorded
from facilitation.ids import ClinicId, CommandId, FlagId, FormId, PersonId, SessionId, SourceId
from facilitation.people import SERVER, Actor, Expected, Role
from facilitation.room import EMPTY, RoomState, decide, evolve, replay
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant
from server.catalog import load_catalog
from server.clock import Clock, RoomClock
from server.library import load_library
from server.projections.worker import HoursProjection
from server.rooms.directory import Rooms
from server.rooms.ports import Held, Proofs
from server.store.clinic import Person, ScheduledSession
from server.store.connect import connect
from server.store.ports import Store
from tests.support.application import Application, settings_of

LIBRARY = load_library()
CLINIC = ClinicId("demo")
ZONE = "America/New_York"
FAY = PersonId("p-fay")
CODY = PersonId("p-cody")
SUE = PersonId("p-sue")
NAMES = (
    "Robin",
    "Sam",
    "Alex",
    "Jo",
    "Kim",
    "Lee",
    "Max",
    "Maria-Guadalupe Fictional-Placeholder de la Invención",
    "Noa",
    "Ash",
    "Bay",
    "Cam",
)


class Evening:
    """One session, lived through by a told clock. `people` are called p-1, p-2 …; Fay leads, Cody helps,
    Sue supervises where it is `supervised`."""

    def __init__(
        self,
        *,
        session: str,
        starts_at: int,
        people: int,
        plan: str = "adult",
        title: str = "Evening group",
        programme: str = "",
        supervised: bool = False,
        zone: str = ZONE,
    ) -> None:
        catalog = load_catalog()
        supervisors = [Expected(person=SUE, role=Role.SUPERVISOR, name="Sue Supervisor")] if supervised else []
        roster = (
            Expected(person=FAY, role=Role.FACILITATOR, name="Dr. Fay Facilitator"),
            Expected(person=CODY, role=Role.COFACILITATOR, name="Cody Cofacilitator"),
            *supervisors,
            *(
                Expected(person=PersonId(f"p-{n}"), role=Role.PARTICIPANT, name=NAMES[n - 1])
                for n in range(1, people + 1)
            ),
        )
        self.scheduled = ScheduledSession(
            session=SessionId(session),
            clinic=CLINIC,
            title=title,
            zone=zone,
            starts_at=Instant(starts_at),
            plan_id=plan,
            rules_id="exact-floor",
            roster=roster,
            programme_id=programme,
        )
        self.people = [each.person for each in roster if each.role is Role.PARTICIPANT]
        self.roles = {each.person: each.role for each in roster}
        self.records: list[Recorded] = []
        self.state = EMPTY
        self.now = Instant(starts_at - 30 * MINUTE_MS)
        self.epoch = 1
        self._commands = 0
        self._sources = 0
        self._open: dict[PersonId, SourceId] = {}
        self.kept = Proofs(at=self.now, heard={})
        """What its server keeps beside the log."""
        self.do(
            c.OpenSession(
                session=SessionId(session),
                clinic=CLINIC,
                title=title,
                zone=zone,
                starts_at=Instant(starts_at),
                plan=catalog.plans[plan],
                rules=catalog.rules["exact-floor"],
                forms=tuple(catalog.forms.values()),
                roster=roster,
                programme=catalog.programme(programme),
                repertoire=LIBRARY.repertoire(),
                measures=catalog.measures_of(catalog.programme(programme)),
                safety=catalog.safety,
            )
        )
        self.do(c.TakeOver(node="n-1", epoch=1))

    @property
    def lived(self) -> bool:
        """Whether anything happened beyond its opening; a session that is only scheduled opens by itself."""
        return len(self.records) > 2

    # ------------------------------------------------------------------ time and asking

    def at(self, minutes: float, seconds: float = 0) -> Evening:
        """So long after the planned start; before that, everyone connected has been heard until now."""
        self.now = Instant(round(self.scheduled.starts_at + minutes * MINUTE_MS + seconds * SECOND_MS))
        self.kept = Proofs(at=self.now, heard=dict.fromkeys(self._open.values(), self.now))
        return self

    def do(self, command: c.Command, by: PersonId | None = None) -> None:
        actor = SERVER if by is None else Actor(person=by, role=self.roles[by])
        self._commands += 1
        for event in decide(self.state, command, by=actor, now=self.now):
            recorded = Recorded(
                seq=self.state.seq + 1, at=self.now, event=event, by=by, command=CommandId(f"k-{self._commands}")
            )
            self.records.append(recorded)
            self.state = evolve(self.state, recorded)

    # ------------------------------------------------------------------ what people do

    def connect(self, person: PersonId, device: str = "laptop") -> SourceId:
        self._sources += 1
        source = SourceId(f"c-{self._sources}")
        self.do(c.OpenConnection(connection=source, person=person, device=device))
        self._open.setdefault(person, source)
        return source

    def drop(self, person: PersonId) -> None:
        """The connection is gone; it was heard until now."""
        self.do(c.CloseConnection(connection=self._open.pop(person), heard=self.now))

    def come(self, person: PersonId) -> None:
        """Through the door, the questions and the waiting room into the room."""
        self.connect(person)
        if self.roles[person] is Role.PARTICIPANT:
            self.do(
                c.Arrive(
                    name=self.state.seats.of(person).name,
                    location="12 Sample Street, Exampleville",
                    agreement=True,
                    callback="555 0100",
                    private_space=True,
                    others_present="",
                ),
                person,
            )
            self.do(c.Admit(person=person), FAY)

    def move_on(self) -> None:
        position = self.state.agenda.position
        assert position is not None
        self.do(c.Advance(from_segment=position), FAY)

    def outage(self, seconds: float) -> None:
        """The server dies now and is back so much later; everyone present reconnects a second after that."""
        there, kept = list(self._open), Proofs(at=self.now, heard=dict.fromkeys(self._open.values(), self.now))
        self._open.clear()
        self.now = Instant(round(self.now + seconds * SECOND_MS))
        self.epoch += 1
        self.do(c.TakeOver(node="n-1", epoch=self.epoch, heard=dict(kept.heard), lived_at=kept.at))
        self.now = Instant(self.now + SECOND_MS)
        for person in there:
            self.connect(person)

    def write(self, subject: str, text: str) -> None:
        self.do(c.EditNote(subject=subject, text=text, revision=self.state.notes.draft(subject).revision), FAY)

    def sign(self, person: PersonId) -> None:
        group, own = (self.state.notes.draft(subject).revision for subject in ("group", person))
        self.do(c.SignNote(person=person, group_revision=group, person_revision=own), FAY)

    def answer_unsafe(self, person: PersonId, *, form: str = "check-in") -> FlagId:
        """A check-in that raises a flag: every question answered, each that can raise one as loudly as it can."""
        questions = next(each for each in self.state.checkin.forms if each.id == form).questions
        answers: dict[str, bool | int | str | None] = {}
        for question in questions:
            if question.flag_values:
                value = question.flag_values[0]
                answers[question.id] = {"yes": True, "no": False}.get(value, value)
            elif question.kind in ("scale", "number"):
                answers[question.id] = question.high if question.flag_at is not None else question.low
            elif question.choices:
                answers[question.id] = question.choices[0].value
        self.do(c.SubmitForm(form=FormId(form), answers=answers), person)
        return self.state.checkin.flags[-1].flag


def usual(evening: Evening) -> Evening:
    """A whole adult evening with what evenings have: one late, one dropped for a while, one gone early, a short
    restart of the server, one who never came (the last), a safety answer that was seen to."""
    people = evening.people
    evening.at(-12)
    evening.come(FAY)
    evening.come(CODY)
    late, dropped, early = people[1 % len(people)], people[2 % len(people)], people[3 % len(people)]
    absent = {people[-1]} if len(people) > 6 else set()
    for n, person in enumerate(people):
        if person not in absent and (person != late or len(people) == 1):
            evening.at(-9 + n * 0.5)
            evening.come(person)
    evening.at(0, 40)
    evening.do(c.StartSession(), FAY)
    if len(people) > 1:
        evening.at(7, 12)
        evening.come(late)
    evening.at(20)
    flag = evening.answer_unsafe(people[0])
    evening.at(26)
    evening.do(c.DisposeFlag(flag=flag, disposition="spoke_safe", text="We spoke in the break."), FAY)
    evening.at(36)
    evening.move_on()
    if len(people) > 2:
        evening.at(52, 3)
        evening.drop(dropped)
        evening.at(58, 31)
        evening.connect(dropped)
    evening.at(70)
    evening.outage(9)
    evening.at(86)
    evening.move_on()
    evening.at(97)
    evening.move_on()
    evening.at(148)
    evening.move_on()
    evening.at(158)
    evening.move_on()
    if len(people) > 3:
        evening.at(180)
        evening.do(c.Leave(), early)
    evening.at(187)
    evening.move_on()
    evening.write("group", GROUP_TEXT)
    evening.at(201)
    evening.do(c.EndSession(), FAY)
    return evening


GROUP_TEXT = (
    "The group practised opposite action with everyday examples. Members named one urge each, checked the facts and "
    "tried out a small opposite step in pairs."
)
PERSON_TEXTS = (
    "Named anger at a missed bus as the example, checked the facts with help and chose to text the sister instead of "
    "staying silent. Goal for tomorrow: one walk before noon.",
    "Came late and said so. Spoke about sleep. Will put the phone in the kitchen tonight and tell us how it went.",
)


async def keep(evening: Evening, store: Store) -> None:
    """Put a session into a store, with what was lived of it as the server that held it would have left it."""
    scheduled = evening.scheduled
    await store.clinic.put_session(scheduled)
    if evening.lived:
        epoch = await store.leases.acquire(scheduled.session, node="told")
        await store.log.append(scheduled.session, evening.records, epoch=epoch)
        held = Held(epoch=epoch, proofs=evening.kept)
        await store.leases.renew({scheduled.session: held}, node="told")
        await store.leases.release(scheduled.session, node="told", epoch=epoch)


class Clinic:
    """The real application over a store that outlives it: `stop` and `start` are a restart of the server."""

    def __init__(self, folder: Path, store: Store, *evenings: Evening, clock: Clock | None = None) -> None:
        self.sessions = {evening.scheduled.session: evening for evening in evenings}
        self.store = store
        self.url = ""
        self._settings = settings_of(folder)
        self._clock = clock or RoomClock()
        self._stack = AsyncExitStack()
        self._running: Application | None = None

    @property
    def rooms(self) -> Rooms:
        assert self._running is not None
        return self._running.rooms

    def link(self, session: str, person: str) -> str:
        assert self._running is not None
        seat = self._running.seat(PersonId(person), self.sessions[SessionId(session)].scheduled, hours=1)
        return self.url + self._running.path(seat)

    async def state(self, session: str) -> RoomState:
        """What the log says now."""
        return replay(await self.store.log.read(session))

    async def fill(self) -> None:
        """Put people, sessions and what was lived of them into the store, and post the hours of signed notes."""
        for evening in self.sessions.values():
            scheduled = evening.scheduled
            for each in scheduled.roster:
                person = Person(person=each.person, name=each.name, role=each.role, track="adult", zone=scheduled.zone)
                await self.store.clinic.put_person(person)
            await keep(evening, self.store)
        await HoursProjection(self.store.log, self.store.ledger, self._clock).catch_up()

    async def start(self) -> None:
        """Where it was before, if it was."""
        hours = HoursProjection(self.store.log, self.store.ledger, self._clock)
        self._running = Application(self._settings, clock=self._clock, store=self.store, on_signed=hours.wake)
        posting = asyncio.create_task(hours.run())
        self._stack.callback(posting.cancel)
        await self._stack.enter_async_context(self._running.served(port=urlsplit(self.url).port or 0))
        self.url = self._running.url

    async def stop(self) -> None:
        await self._stack.aclose()


@asynccontextmanager
async def open_clinic(folder: Path, valkey_url: str, *evenings: Evening) -> AsyncIterator[Clinic]:
    """Serve the application with these sessions, each log as far as it was lived, in an empty Valkey."""
    store = await connect(valkey_url, clinic=CLINIC)
    clinic = Clinic(folder, store, *evenings)
    await clinic.fill()
    await clinic.start()
    try:
        yield clinic
    finally:
        await clinic.stop()
        await store.close()
