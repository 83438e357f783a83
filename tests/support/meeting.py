"""A scripted session for tests of the domain: who does what, when; every event goes through decide and evolve."""

from __future__ import annotations

from typing import Any

from facilitation import commands as c
from facilitation.crediting import Hours, credit
from facilitation.effects import Effect
from facilitation.errors import Refusal
from facilitation.events import Event, Recorded
from facilitation.exercises import NOTHING, Repertoire
from facilitation.forms import Choice, Form, Question, QuestionKind
from facilitation.ids import ClinicId, CommandId, FormId, PersonId, QuestionId, SegmentId, SessionId, SourceId
from facilitation.measures import Measure
from facilitation.people import SERVER, Actor, Expected, Role
from facilitation.plan import Segment, SegmentKind, SessionPlan
from facilitation.programme import PLAIN, Programme
from facilitation.room import EMPTY, RoomState, decide, evolve, next_deadline, react
from facilitation.rules import RuleSet
from facilitation.safetypath import NO_PATH, SafetyPath
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant

START = Instant(1_795_021_200_000)
"""Where scripts begin: some evening in November 2026."""

FAY, COLE, OLA = PersonId("p-fay"), PersonId("p-cole"), PersonId("p-ola")
ROBIN, SAM, ALEX = PersonId("p-robin"), PersonId("p-sam"), PersonId("p-alex")

ROSTER = (
    Expected(person=FAY, role=Role.FACILITATOR, name="Fay Example"),
    Expected(person=COLE, role=Role.COFACILITATOR, name="Cole Example"),
    Expected(person=OLA, role=Role.OBSERVER, name="Ola Example"),
    Expected(person=ROBIN, role=Role.PARTICIPANT, name="Robin Example"),
    Expected(person=SAM, role=Role.PARTICIPANT, name="Sam Example"),
    Expected(person=ALEX, role=Role.PARTICIPANT, name="Alex Example", teen=True),
)


def segment(name: str, kind: SegmentKind, minutes: int) -> Segment:
    return Segment(id=SegmentId(name), kind=kind, title=name.title(), planned_ms=minutes * MINUTE_MS)


PLAN = SessionPlan(
    id="short",
    version="1",
    title="Short plan",
    track="adult",
    segments=(
        segment("check-in", SegmentKind.CHECK_IN, 20),
        segment("skills", SegmentKind.SKILLS, 30),
        segment("break", SegmentKind.BREAK, 10),
        segment("practice", SegmentKind.PRACTICE, 20),
        segment("wrap-up", SegmentKind.WRAP_UP, 10),
    ),
)
RULES = RuleSet(
    id="exact-floor",
    version="1",
    title="Exact minutes",
    source="tests",
    uncounted=("break",),
    rounding="floor_minute",
    server_gap_credit_ms_max=2 * MINUTE_MS,
    week_floor_min={"adult": 540, "teen": 360},
)

CHECK_IN, WRAP_UP = FormId("check-in"), FormId("wrap-up")


def _question(name: str, kind: QuestionKind, **more: Any) -> Question:
    return Question(id=QuestionId(name), kind=kind, label=name.capitalize(), **more)


FORMS = (
    Form(
        id=CHECK_IN,
        version="1",
        title="Check-in",
        intro="Hello.",
        segment_kind="check_in",
        questions=(
            _question("mood", QuestionKind.SCALE, required=True, shareable=True),
            _question("urge", QuestionKind.SCALE, flag_at=1),
            _question("safe", QuestionKind.YES_NO, required=True, flag_values=("no",)),
            _question("days", QuestionKind.NUMBER, high=1000),
            _question("meds", QuestionKind.CHOICE, choices=(Choice(value="y", label="Yes, all"),)),
            _question("goal", QuestionKind.TEXT, shareable=True),
        ),
    ),
    Form(
        id=WRAP_UP,
        version="1",
        title="Wrap-up",
        intro="",
        segment_kind="wrap_up",
        questions=(_question("takeaway", QuestionKind.TEXT, shareable=True),),
    ),
)


class Meeting:
    """Runs a session in virtual time. `now` moves by `later` only; nothing is heard unless it is said so."""

    def __init__(
        self,
        *,
        plan: SessionPlan = PLAN,
        rules: RuleSet = RULES,
        forms: tuple[Form, ...] = FORMS,
        roster: tuple[Expected, ...] = ROSTER,
        seats_max: int = 16,
        programme: Programme = PLAIN,
        repertoire: Repertoire = NOTHING,
        measures: tuple[Measure, ...] = (),
        safety: SafetyPath = NO_PATH,
        together: tuple[tuple[tuple[PersonId, ...], ...], ...] = (),
        take_over: bool = True,
    ) -> None:
        self.now = START
        self.state: RoomState = EMPTY
        self.log: list[Recorded] = []
        self.effects: list[Effect] = []
        """Those of the last command."""
        self.roles = {expected.person: expected.role for expected in roster}
        self._sources = 0
        self._epoch = 1
        self.do(
            c.OpenSession(
                session=SessionId("s-1"),
                clinic=ClinicId("demo"),
                title="Evening group",
                zone="America/New_York",
                starts_at=START,
                plan=plan,
                rules=rules,
                forms=forms,
                roster=roster,
                seats_max=seats_max,
                programme=programme,
                repertoire=repertoire,
                measures=measures,
                safety=safety,
                together=together,
            )
        )
        if take_over:
            self.do(c.TakeOver(node="n1", epoch=1))

    # --- asking

    def actor(self, person: PersonId | None) -> Actor:
        return SERVER if person is None else Actor(person=person, role=self.roles.get(person, Role.PARTICIPANT))

    def do(self, command: c.Command, by: PersonId | None = None, *, id: str | None = None) -> tuple[Event, ...]:
        events = decide(self.state, command, by=self.actor(by), now=self.now)
        self.effects = []
        for event in events:
            recorded = Recorded(
                seq=self.state.seq + 1,
                at=self.now,
                event=event,
                by=by,
                command=None if id is None else CommandId(id),
            )
            self.state = evolve(self.state, recorded)
            self.log.append(recorded)
            self.effects.extend(react(self.state, event))
        return events

    def refused(self, command: c.Command, by: PersonId | None = None) -> str:
        """The code of the refusal; fails if there is none, or if anything changed."""
        before = self.state
        try:
            self.do(command, by)
        except Refusal as refusal:
            assert self.state is before
            assert refusal.text.strip()
            return refusal.code
        raise AssertionError(f"{command} was not refused")

    # --- time

    def later(self, *, minutes: float = 0, seconds: float = 0, ms: int = 0) -> None:
        self.now = Instant(self.now + round(minutes * MINUTE_MS) + round(seconds * SECOND_MS) + ms)

    def live(self, *, minutes: float) -> list[Event]:
        """So much time goes by, and a room's shell does what it must: whatever is due is done when it is due."""
        until = Instant(self.now + round(minutes * MINUTE_MS))
        events: list[Event] = []
        while (deadline := next_deadline(self.state)) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            done = self.do(c.Tick())
            assert done, "a deadline came and nothing was done about it"
            events += done
        self.now = until
        return events

    def at(self, minutes: float) -> Instant:
        """Minutes after START, as an instant."""
        return Instant(START + round(minutes * MINUTE_MS))

    # --- people

    def connect(self, person: PersonId, device: str = "laptop") -> SourceId:
        self._sources += 1
        source = SourceId(f"c{self._sources}")
        self.do(c.OpenConnection(connection=source, person=person, device=device))
        return source

    def connect_media(self, person: PersonId) -> SourceId:
        self._sources += 1
        peer = SourceId(f"m{self._sources}")
        self.do(c.ConnectMedia(peer=peer, person=person))
        return peer

    def lose(self, source: SourceId, *, seconds_ago: float = 0) -> None:
        heard = Instant(self.now - round(seconds_ago * SECOND_MS))
        if source.startswith("m"):
            self.do(c.LoseMedia(peer=source, heard=heard))
        else:
            self.do(c.CloseConnection(connection=source, heard=heard))

    def hear_all(self) -> None:
        self.do(c.Pulse(heard={str(source): self.now for source in self.state.attendance.owners}))

    def arrive(self, person: PersonId, name: str = "", location: str = "Home, 1 Example Street") -> None:
        name = name or str(person)
        self.do(c.Arrive(name=name, location=location, callback="555-0100", private_space=True, agreement=True), person)

    def join(self, person: PersonId, device: str = "laptop") -> SourceId:
        """Connect, arrive and be admitted; staff just connect."""
        source = self.connect(person, device)
        if self.roles[person] is Role.PARTICIPANT:
            self.arrive(person)
            self.do(c.Admit(person=person), FAY)
        return source

    def take_over(
        self, *, after_seconds: float, heard: dict[str, Instant] | None = None, lived_at: Instant | None = None
    ) -> None:
        """The server died after the last record, or at `lived_at`, with `heard` kept; now another one takes over."""
        self.later(seconds=after_seconds)
        self._epoch += 1
        self.do(c.TakeOver(node="n2", epoch=self._epoch, heard=heard or {}, lived_at=lived_at))

    # --- the session

    def start(self) -> None:
        self.do(c.StartSession(), FAY)

    def advance(self) -> None:
        position = self.state.agenda.position
        assert position is not None
        self.do(c.Advance(from_segment=position), FAY)

    def end(self) -> None:
        self.do(c.EndSession(), FAY)

    def submit(self, person: PersonId, **answers: bool | int | str | None) -> tuple[Event, ...]:
        return self.do(c.SubmitForm(form=CHECK_IN, answers={"mood": 5, "safe": True} | answers), person)

    def hours(self, person: PersonId) -> Hours:
        return credit(self.state, person, self.now)


def among(*people: PersonId, programme: Programme = PLAIN) -> Meeting:
    """A session that has just started with Fay and these people in the room, and nobody else is expected."""
    roster = tuple(each for each in ROSTER if each.role is not Role.PARTICIPANT or each.person in people)
    return _started(Meeting(programme=programme, roster=roster), people)


def running(*people: PersonId, programme: Programme = PLAIN, repertoire: Repertoire = NOTHING) -> Meeting:
    """A session that has just started with Fay and these people in the room; the others of the list are missing."""
    return _started(Meeting(programme=programme, repertoire=repertoire), people)


def _started(meeting: Meeting, people: tuple[PersonId, ...]) -> Meeting:
    meeting.join(FAY)
    for person in people:
        meeting.join(person)
    meeting.start()
    return meeting
