"""The state of a room, and the fold that makes it: the composition of the folds of its nouns.

`evolve` is total and free of rules; live rooms and replays use this same function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from facilitation import (
    absences,
    agenda,
    agreement,
    attendance,
    breakouts,
    checkin,
    corrections,
    measuring,
    milestones,
    noshow,
    notes,
    prompts,
    rounds,
    runs,
    safety,
    screen,
    seats,
    showings,
    talk,
)
from facilitation.absences import Absences
from facilitation.agenda import Agenda
from facilitation.agreement import Agreement
from facilitation.attendance import Attendance
from facilitation.breakouts import Breakouts
from facilitation.checkin import CheckIn
from facilitation.corrections import Corrections
from facilitation.events import LeadTaken, Recorded, SessionOpened, SessionStarted
from facilitation.ids import ClinicId, CommandId, PersonId, SessionId
from facilitation.measuring import Measuring
from facilitation.milestones import Milestones
from facilitation.noshow import NoShows
from facilitation.notes import Notes
from facilitation.people import Actor
from facilitation.programme import PLAIN, Programme
from facilitation.prompts import Prompts
from facilitation.rounds import Rounds
from facilitation.rules import RuleSet
from facilitation.runs import Practice
from facilitation.safety import Safety
from facilitation.screen import Screen
from facilitation.seats import Seats
from facilitation.showings import Showings
from facilitation.talk import Talk
from facilitation.timebase import Instant

COMMANDS_MAX = 256
"""How many of a person's last command ids are remembered, to drop a repetition."""


THE_BEGINNING = Instant(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What was agreed before anyone came."""

    session: SessionId
    clinic: ClinicId
    title: str
    zone: str
    starts_at: Instant
    rules: RuleSet
    seats_max: int
    programme: Programme = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomState:
    """`seq` and `at` are those of the last record; `session` is None before the first."""

    seq: int = 0
    at: Instant = THE_BEGINNING
    session: Session | None = None
    seats: Seats = field(default_factory=Seats)
    attendance: Attendance = field(default_factory=Attendance)
    agenda: Agenda = field(default_factory=Agenda)
    checkin: CheckIn = field(default_factory=CheckIn)
    measuring: Measuring = field(default_factory=Measuring)
    safety: Safety = field(default_factory=Safety)
    practice: Practice = field(default_factory=Practice)
    rounds: Rounds = field(default_factory=Rounds)
    breakouts: Breakouts = field(default_factory=Breakouts)
    agreement: Agreement = field(default_factory=Agreement)
    milestones: Milestones = field(default_factory=Milestones)
    notes: Notes = field(default_factory=Notes)
    absences: Absences = field(default_factory=Absences)
    noshows: NoShows = field(default_factory=NoShows)
    corrections: Corrections = field(default_factory=Corrections)
    prompts: Prompts = field(default_factory=Prompts)
    talk: Talk = field(default_factory=Talk)
    screen: Screen = field(default_factory=Screen)
    showings: Showings = field(default_factory=Showings)
    lead: PersonId | None = None
    commands: Mapping[PersonId, tuple[CommandId, ...]] = field(default_factory=dict)

    @property
    def phase(self) -> str:
        """'lobby', 'running' or 'ended'."""
        return self.agenda.phase

    @property
    def opened(self) -> Session:
        """What was agreed. Raises ValueError before the first record."""
        if self.session is None:
            raise ValueError("no session was opened")
        return self.session

    def name_of(self, person: PersonId | None) -> str:
        """What somebody is called here; "" of whom nobody knows."""
        seat = self.seats.known(person)
        return "" if seat is None else seat.name


EMPTY = RoomState()


def evolve(state: RoomState, recorded: Recorded) -> RoomState:
    session, lead = state.session, state.lead
    match recorded.event:
        case SessionOpened() as opened:
            session = Session(
                session=opened.session,
                clinic=opened.clinic,
                title=opened.title,
                zone=opened.zone,
                starts_at=opened.starts_at,
                rules=opened.rules,
                seats_max=opened.seats_max,
                programme=opened.programme,
            )
        case LeadTaken(person=person):
            lead = person
        case SessionStarted():
            lead = lead or recorded.by
        case _:
            pass
    return RoomState(
        seq=recorded.seq,
        at=recorded.at,
        session=session,
        seats=seats.evolve(state.seats, recorded),
        attendance=attendance.evolve(state.attendance, recorded),
        agenda=agenda.evolve(state.agenda, recorded),
        checkin=checkin.evolve(state.checkin, recorded),
        measuring=measuring.evolve(state.measuring, recorded),
        safety=safety.evolve(state.safety, recorded),
        practice=runs.evolve(state.practice, recorded),
        rounds=rounds.evolve(state.rounds, recorded),
        breakouts=breakouts.evolve(state.breakouts, recorded),
        agreement=agreement.evolve(state.agreement, recorded),
        milestones=milestones.evolve(state.milestones, recorded),
        notes=notes.evolve(state.notes, recorded),
        absences=absences.evolve(state.absences, recorded),
        noshows=noshow.evolve(state.noshows, recorded),
        corrections=corrections.evolve(state.corrections, recorded, state.absences.makes_up),
        prompts=prompts.evolve(state.prompts, recorded, state.attendance),
        talk=talk.evolve(state.talk, recorded),
        screen=screen.evolve(state.screen, recorded),
        showings=showings.evolve(state.showings, recorded),
        lead=lead,
        commands=_remember(state.commands, recorded),
    )


def replay(records: Iterable[Recorded]) -> RoomState:
    state = EMPTY
    for recorded in records:
        state = evolve(state, recorded)
    return state


def knows(state: RoomState, by: Actor, command: CommandId) -> bool:
    """Whether this command of this person has been carried out already."""
    return by.person is not None and command in state.commands.get(by.person, ())


def _remember(
    commands: Mapping[PersonId, tuple[CommandId, ...]], recorded: Recorded
) -> Mapping[PersonId, tuple[CommandId, ...]]:
    if recorded.by is None or recorded.command is None:
        return commands
    known = commands.get(recorded.by, ())
    if known and known[-1] == recorded.command:
        return commands
    return {**commands, recorded.by: (*known, recorded.command)[-COMMANDS_MAX:]}
