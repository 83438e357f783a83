"""The gate before a room: what consents and licences say of somebody who gives their arrival answers.

The rules stand in `facilitation`; here they are looked up, written into the session's log (`DoorChecked`), and only
then is the room asked. Answers that were let through are remembered for the next evening.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import structlog

from facilitation.commands import Arrive, CheckDoor, Command, PersonCommand, TellRevoked
from facilitation.consents import (
    GENERAL,
    ConsentKind,
    SignedAs,
    Standing,
    Subject,
    current,
    lacking_at_the_door,
    standing,
)
from facilitation.contacts import Contact
from facilitation.doorfacts import TITLES, Signed, Unsigned
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.ids import CommandId, PersonId, SessionId
from facilitation.languages import ENGLISH
from facilitation.licences import STATES, Outcome, Travel, coverage, outcome
from facilitation.people import Expected, Role
from facilitation.places import Remembered, check_remembered, lines_for
from facilitation.policy import FACILITATORS
from facilitation.programme import PLAIN, Programme
from facilitation.sentences import marked
from facilitation.timebase import HOUR_MS, Instant
from facilitation.weeks import day_of
from server.clock import Clock
from server.door import shelves
from server.door.consents import Asked, Consents, Programmes, to_sign
from server.rooms.around import Around, look
from server.rooms.ports import LeaseLost, NoSuchSession, Refused, Room, RoomDirectory, Stale, StoreUnavailable, Viewer
from server.store.clinic import Person, ScheduledSession
from server.store.ports import Store
from server.store.register import Shelf

log = structlog.get_logger(__name__)

HELD: Final = {
    "guardian": (
        "guardian_needed",
        marked(
            "Before you can come in, your parent or guardian has to sign. Your facilitators know that you are here, "
            "and will call. You did nothing wrong, and nothing is lost."
        ),
    ),
    "consent": (
        "consent_needed",
        marked("Before you can come in, there is something to read and sign. It is on this page."),
    ),
    "place": (
        "place_not_covered",
        marked(
            "Your facilitators may not treat people where you are today, so you cannot come in from there. They know "
            "that you are here, and will call you about what is possible."
        ),
    ),
}
"""Why somebody is held at the door, the weightiest last: what they are told."""
OPEN: Final[Mapping[str, Any]] = {
    "consents": [],
    "agreed": False,
    "remembered": None,
    "contact": None,
    "states": [],
    "camera": "optional",
    "minor": False,
}
"""A door that asks for nothing."""
AROUND_MS: Final = 8 * HOUR_MS
"""A session that began, or is to begin, farther from now is not going on."""


class RoomThatDoes(Protocol):
    async def do(self, command: Command) -> int: ...


class RoomsThatDo(Protocol):
    async def open(self, session: SessionId) -> RoomThatDoes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who comes to which session, and what holds for them there. `patient`: they are treated; a guest is not."""

    session: ScheduledSession
    person: Person
    programme: Programme
    patient: bool
    group: bool

    @property
    def kinds(self) -> Sequence[str]:
        """A guest promises the group what everybody does; the rest is about who is treated."""
        asked = self.programme.consents
        return asked if self.patient else [kind for kind in asked if kind == ConsentKind.GROUP]


class Gate:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(
        self,
        store: Store,
        *,
        consents: Consents,
        programmes: Programmes,
        contacts: Shelf[Contact],
        rooms: RoomsThatDo,
        clock: Clock,
    ) -> None:
        self._store = store
        self._consents = consents
        self._programmes = programmes
        self._contacts = contacts
        self._rooms = rooms
        self._clock = clock
        self._licences = shelves.licences(store.register)
        self._help = shelves.local_help(store.register)
        self._places = shelves.places(store.register)

    # ------------------------------------------------------------------ what the page asks first

    async def door(self, session: SessionId, expected: Expected, *, language: str) -> dict[str, Any]:
        """What there is to sign, and what was said the last time (PROTOCOL §12)."""
        if await self._store.clinic.get_session(session) is None:
            return dict(OPEN)  # whether there is such a session is the room's to say
        visit = await self._visit(session, expected)
        subject, asked = await self._asked(visit, language)
        mine = {each.standing.kind for each in to_sign(asked, subject, expected.person)}
        held = await self._places.get(expected.person)
        fresh = held is not None and held.value.fresh(self._clock.now())
        contact = await self._contacts.get(expected.person)
        nearest = contact.value.nearest[0] if contact is not None and contact.value.nearest else None
        return {
            "consents": [_shown(each, mine=each.standing.kind in mine) for each in asked if not each.standing.stands],
            "agreed": any(each.standing.kind is ConsentKind.GROUP for each in asked),
            "remembered": _answers(held.value) if held is not None and fresh else None,
            "contact": {"name": nearest.name, "phone": nearest.phone} if nearest is not None else None,
            "states": list(STATES.items()) if visit.patient and visit.programme != PLAIN else [],
            "camera": visit.programme.camera,
            "minor": subject.minor,
        }

    async def sign(
        self, session: SessionId, expected: Expected, kind: ConsentKind, *, fingerprint: str, name: str
    ) -> None:
        """Raises Refusal."""
        visit = await self._visit(session, expected)
        await self._consents.sign(
            visit.person,
            kind,
            fingerprint=fingerprint,
            signer=expected.person,
            name=name,
            state=await self._state(expected.person),
            programmes=[visit.programme],
        )

    async def _asked(self, visit: Visit, language: str) -> tuple[Subject, list[Asked]]:
        subject = await self._consents.subject(visit.person, [visit.programme], await self._state(visit.person.person))
        file, forms = await self._consents.file(visit.person.person), await self._consents.forms()
        day = day_of(self._clock.now(), zone_of(visit.session.zone))
        kinds = [kind for kind in (ConsentKind.TELEHEALTH, ConsentKind.GROUP) if kind.value in visit.kinds]
        return subject, [
            Asked(
                form=current(forms, kind, day, language),
                standing=standing(kind, subject, day, file.consents, forms),
                required=True,
                file=file,
            )
            for kind in kinds
            if visit.group or kind is not ConsentKind.GROUP
        ]

    async def _state(self, person: PersonId) -> str:
        held = await self._places.get(person)
        return "" if held is None else held.value.state

    # ------------------------------------------------------------------ at the door

    async def knock(self, session: SessionId, expected: Expected, answers: Arrive) -> None:
        """Let the answers pass, or raise Refusal in kind words; whichever, the session's log says what was found."""
        if await self._store.clinic.get_session(session) is None:
            return  # whether there is such a session is the room's to say
        visit = await self._visit(session, expected)
        day = day_of(self._clock.now(), zone_of(visit.session.zone))
        subject = await self._consents.subject(visit.person, [visit.programme], answers.state)
        file, forms = await self._consents.file(expected.person), await self._consents.forms()
        lacking = lacking_at_the_door(visit.kinds, subject, day, file.consents, forms, group=visit.group)
        place = await self._place(visit, answers.state, day) if visit.patient else Outcome.IN
        held = tuple(
            reason
            for reason, so in (
                ("guardian", any(SignedAs.GUARDIAN in each.lacking for each in lacking)),
                ("consent", any(SignedAs.SELF in each.lacking for each in lacking)),
                ("place", place is Outcome.BLOCK),
            )
            if so
        )
        standing_now = [
            standing(kind, subject, day, file.consents, forms)
            for kind in GENERAL
            if kind.value in visit.kinds and (visit.group or kind is not ConsentKind.GROUP)
        ]
        helps = [each.value for each in (await self._help.all()).values()]
        await self._tell(
            session,
            CheckDoor(
                person=expected.person,
                held=held,
                lacking=tuple(Unsigned(kind=each.kind, parts=tuple(each.lacking)) for each in lacking),
                licence=place,
                location=answers.location,
                state=answers.state,
                callback=answers.callback,
                help=lines_for(helps, answers.state, answers.location, day),
                signed=tuple(_signed(each) for each in standing_now if each.stands),
            ),
        )
        if held:
            raise Refusal(*HELD[held[-1]])
        await self._remember(expected.person, answers)

    # ------------------------------------------------------------------ taken back, while a session goes on

    async def revoked(self, person: PersonId, kind: ConsentKind) -> None:
        """Tell the rooms in which somebody is treated now that a consent of theirs was taken back.

        What it governs stops there; whoever leads is told, and nothing else changes. A room that cannot be reached asks
        for it when they come in anew.
        """
        now = self._clock.now()
        around = await self._store.clinic.list_sessions(since=Instant(now - AROUND_MS), until=Instant(now + AROUND_MS))
        for scheduled in around:
            seat = next((each for each in scheduled.roster if each.person == person), None)
            if seat is None or seat.role is not Role.PARTICIPANT or not await self._begun(scheduled.session):
                continue
            visit = await self._visit(scheduled.session, seat)
            _, asked = await self._asked(visit, ENGLISH)
            stops = any(each.standing.kind is kind and not each.standing.stands for each in asked)
            try:
                room = await self._rooms.open(scheduled.session)
                await room.do(TellRevoked(person=person, kind=kind.value, stops=stops))
            except (LeaseLost, NoSuchSession, StoreUnavailable, Refusal) as error:
                log.warning("a room was not told", session=scheduled.session, error=type(error).__name__)

    async def _begun(self, session: SessionId) -> bool:
        return bool(await self._store.log.read(session))

    async def _place(self, visit: Visit, state: str, day: Any) -> Outcome:
        travel = Travel(visit.programme.travel)
        leading = [each.person for each in visit.session.roster if each.role in FACILITATORS]
        licences = [each.value for each in (await self._licences.all()).values()]
        return outcome(coverage(licences, leading, state, day), travel)

    async def _remember(self, person: PersonId, answers: Arrive) -> None:
        said = Remembered(
            person=person,
            name=answers.name,
            location=answers.location,
            state=answers.state,
            callback=answers.callback,
            contact_name=answers.contact_name,
            contact_phone=answers.contact_phone,
            at=self._clock.now(),
        )
        try:
            check_remembered(said)
            held = await self._places.get(person)
            await self._places.put(said, upon=0 if held is None else held.revision, by=person, at=self._clock.now())
        except (Refusal, Stale):
            return  # the room refuses in words what cannot be kept; of two tabs either will do

    async def _tell(self, session: SessionId, command: CheckDoor) -> None:
        room = await self._rooms.open(session)
        await room.do(command)

    async def _visit(self, session: SessionId, expected: Expected) -> Visit:
        scheduled = await self._store.clinic.get_session(session)
        if scheduled is None:
            raise Refusal("unknown_session", "There is no such session.")
        here = next((each for each in scheduled.roster if each.person == expected.person), expected)
        person = await self._store.clinic.get_person(expected.person) or Person(
            person=expected.person, name=expected.name, role=expected.role, track="adult", zone=scheduled.zone
        )
        return Visit(
            session=scheduled,
            person=replace(person, track="teen") if here.teen else person,
            programme=self._programmes(scheduled.programme_id),
            patient=here.treated,
            group=await self._peers(scheduled) > 1,
        )

    async def _peers(self, scheduled: ScheduledSession) -> int:
        """How many take part for themselves: those who are treated, and guests who are nobody's family (alumni)."""
        guests = [each.person for each in scheduled.roster if each.role is Role.PARTICIPANT and each.guest]
        family = 0
        for guest in guests:
            known = await self._store.clinic.get_person(guest)
            family += known is not None and known.role is Role.GUARDIAN
        return sum(each.treated for each in scheduled.roster) + len(guests) - family


def _answers(remembered: Remembered) -> Mapping[str, str]:
    return {
        "name": remembered.name,
        "location": remembered.location,
        "state": remembered.state,
        "callback": remembered.callback,
        "contact_name": remembered.contact_name,
        "contact_phone": remembered.contact_phone,
    }


def _shown(asked: Asked, *, mine: bool) -> dict[str, Any]:
    form = asked.form
    return {
        "kind": asked.standing.kind.value,
        "title": TITLES[asked.standing.kind] if form is None else form.title,
        "version": "" if form is None else form.version,
        "language": "" if form is None else form.language,
        "fingerprint": "" if form is None else form.fingerprint,
        "text": [] if form is None else blocks(form.text),
        "mine": mine and form is not None,
        "lacking": {part.value: lack.value for part, lack in asked.standing.lacking.items()},
    }


def blocks(text: str) -> list[str | list[str]]:
    """A text as paragraphs (strings) and lists (of strings)."""
    found: list[str | list[str]] = []
    for paragraph in text.strip().split("\n\n"):
        for each in paragraph.split("\n"):
            if not each.startswith("- "):
                found.append(each.strip())
            elif found and isinstance(found[-1], list):
                found[-1].append(each[2:].strip())
            else:
                found.append([each[2:].strip()])
    return [each for each in found if each]


def _signed(standing: Standing) -> Signed:
    last = max(standing.resting_on, key=lambda each: each.day)
    return Signed(kind=standing.kind, version=last.version, day=last.day)


# --------------------------------------------------------------------------- before a room is asked


class Gated:
    """The rooms as one websocket finds them: nobody's arrival reaches a room before the gate has let it pass."""

    def __init__(self, rooms: RoomDirectory, *, gate: Gate) -> None:
        self._rooms = rooms
        self._gate = gate

    async def open(self, session: SessionId) -> Room:
        return _GatedRoom(await self._rooms.open(session), session, self._gate)


class _GatedRoom(Around):
    def __init__(self, room: Room, session: SessionId, gate: Gate) -> None:
        super().__init__(room)
        self._session = session
        self._gate = gate

    def ask(self, viewer: Viewer, command_id: CommandId, command: PersonCommand) -> None:
        if isinstance(command, Arrive) and viewer.expected.role is Role.PARTICIPANT:
            look(viewer, self._knock(viewer, command_id, command), "look at the door")
        else:
            super().ask(viewer, command_id, command)

    async def _knock(self, viewer: Viewer, command_id: CommandId, command: Arrive) -> None:
        try:
            await self._gate.knock(self._session, viewer.expected, command)
        except Refusal as refusal:
            viewer.tell(Refused(command_id=command_id, code=refusal.code, text=refusal.text))
        except (StoreUnavailable, LeaseLost, NoSuchSession) as error:
            log.warning("the gate could not look", session=self._session, error=type(error).__name__)
            text = "We cannot reach our records right now. Please try again in a moment."
            viewer.tell(Refused(command_id=command_id, code="busy", text=text))
        else:
            super().ask(viewer, command_id, command)
