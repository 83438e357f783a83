"""A small whole session, told through the room's own rules, with figures worked out by hand.

Seconds from the start. Plan: check-in 600 s, break 300 s, process 600 s; the break does not count.

    Robin   there throughout, from second 500 on with a second device as well
    Sam     lost at 300, back at 360
    Noor    late: in the room from 200; quick exit at 1200
    Kim     never came
    the server was killed after 1000 and back at 1010; Robin was back at 1011, Sam at 1012, Noor at 1013

              present                          credited   counted                  countable
    Robin     1500 - 11              = 1489    11         600 + 600        = 1200  20
    Sam       300 + 1140 - 12        = 1428    12         540 + 600        = 1140  19
    Noor      1000 - 13              =  987    13         400 + 300        =  700  11
"""

from __future__ import annotations

from facilitation import commands as c
from facilitation.commands import Command
from facilitation.events import AttendanceCorrected, Event, HoursAmended, Recorded
from facilitation.ids import ClinicId, CorrectionId, PersonId, SegmentId, SessionId, SourceId
from facilitation.notes import GROUP
from facilitation.people import SERVER, Actor, Expected, Role
from facilitation.plan import Segment, SegmentKind, SessionPlan
from facilitation.room import EMPTY, decide, evolve
from facilitation.rules import RuleSet
from facilitation.timebase import Instant

STARTED = 1_790_028_000_000
"""2026-09-21T22:00:00Z: a Monday, 18:00 in New York."""

FIGURES = {
    "p-robin": (1_489_000, 11_000, 1_200_000, 20),
    "p-sam": (1_428_000, 12_000, 1_140_000, 19),
    "p-noor": (987_000, 13_000, 700_000, 11),
    "p-kim": (0, 0, 0, 0),
}
"""Present, credited and counted ms, countable minutes: by hand, see above."""

PLAN = SessionPlan(
    id="short",
    version="1",
    title="A short evening",
    track="adult",
    segments=(
        Segment(id=SegmentId("check-in"), kind=SegmentKind.CHECK_IN, title="Check-in", planned_ms=600_000),
        Segment(id=SegmentId("break"), kind=SegmentKind.BREAK, title="Break", planned_ms=300_000),
        Segment(id=SegmentId("process"), kind=SegmentKind.PROCESS, title="Group", planned_ms=600_000),
    ),
)
RULES = RuleSet(
    id="exact",
    version="2026-01",
    title="Exact minutes without breaks",
    source="made up for tests",
    uncounted=("break",),
    rounding="floor_minute",
    server_gap_credit_ms_max=60_000,
    week_floor_min={"adult": 540, "teen": 360},
)
LEADER = Expected(person=PersonId("p-ada"), role=Role.FACILITATOR, name="Ada Example")
MEMBERS = tuple(
    Expected(person=PersonId(f"p-{name.lower()}"), role=Role.PARTICIPANT, name=f"{name} Example")
    for name in ("Robin", "Sam", "Noor", "Kim")
)


class Scribe:
    """Asks the room, as its actor does, and keeps the records."""

    def __init__(self, session: str = "s-1", *, clinic: str = "demo", started: int = STARTED) -> None:
        self.session = SessionId(session)
        self.clinic = ClinicId(clinic)
        self.started = started
        self.state = EMPTY
        self.records: list[Recorded] = []

    def at(self, second: int, command: Command, by: str | None = None) -> None:
        actor = SERVER
        if by is not None:
            person = PersonId(by)
            actor = Actor(person=person, role=LEADER.role if person == LEADER.person else Role.PARTICIPANT)
        now = Instant(self.started + second * 1_000)
        for event in decide(self.state, command, by=actor, now=now):
            record = Recorded(seq=self.state.seq + 1, at=now, event=event, by=actor.person)
            self.records.append(record)
            self.state = evolve(self.state, record)

    def record(self, second: int, event: Event, by: str | None = None) -> Recorded:
        """Put down what happened, whatever the room would say to it."""
        author = None if by is None else PersonId(by)
        record = Recorded(seq=self.state.seq + 1, at=Instant(self.started + second * 1_000), event=event, by=author)
        self.records.append(record)
        self.state = evolve(self.state, record)
        return record

    def connect(self, second: int, person: str, connection: str) -> None:
        source = SourceId(connection)
        device = "tablet" if connection.endswith("2") else "phone"
        self.at(second, c.OpenConnection(connection=source, person=PersonId(person), device=f"{person}-{device}"))

    def arrive(self, second: int, person: str) -> None:
        name = self.state.seats.of(PersonId(person)).name
        command = c.Arrive(name=name, location="Home", callback="555-0100", private_space=True, agreement=True)
        self.at(second, command, by=person)

    def hear(self, second: int) -> None:
        """Everyone who is connected proves life."""
        heard = Instant(self.started + second * 1_000)
        self.at(second, c.Pulse(heard=dict.fromkeys(self.state.attendance.owners, heard)))

    def sign(self, second: int, person: str, text: str = "Took part.") -> None:
        """The words for `person`, and the signature."""
        self.at(second, c.EditNote(subject=person, text=text, revision=0), by="p-ada")
        drafts = self.state.notes
        self.at(
            second,
            c.SignNote(
                person=PersonId(person),
                group_revision=drafts.draft(GROUP).revision,
                person_revision=drafts.draft(person).revision,
            ),
            by="p-ada",
        )


def ended_session(session: str = "s-1", *, clinic: str = "demo", started: int = STARTED) -> Scribe:
    """The session told above, up to its end; nothing is signed yet."""
    scribe = Scribe(session, clinic=clinic, started=started)
    scribe.at(
        -120,
        c.OpenSession(
            session=scribe.session,
            clinic=scribe.clinic,
            title="Monday evening",
            zone="America/New_York",
            starts_at=Instant(started),
            plan=PLAN,
            rules=RULES,
            forms=(),
            roster=(LEADER, *MEMBERS),
        ),
    )
    scribe.at(-120, c.TakeOver(node="n-1", epoch=1))
    scribe.connect(-100, "p-ada", "c-ada-1")
    for person, connection in (("p-robin", "c-robin-1"), ("p-sam", "c-sam-1")):
        scribe.connect(-60, person, connection)
        scribe.arrive(-60, person)
    scribe.at(-30, c.AdmitAll(), by="p-ada")
    scribe.at(0, c.StartSession(), by="p-ada")
    scribe.connect(150, "p-noor", "c-noor-1")
    scribe.arrive(180, "p-noor")
    scribe.at(200, c.Admit(person=PersonId("p-noor")), by="p-ada")
    scribe.hear(300)
    scribe.at(305, c.CloseConnection(connection=SourceId("c-sam-1"), heard=Instant(started + 300_000)))
    scribe.connect(360, "p-sam", "c-sam-3")
    scribe.connect(500, "p-robin", "c-robin-2")
    scribe.at(600, c.Advance(from_segment=SegmentId("check-in")), by="p-ada")
    scribe.at(900, c.Advance(from_segment=SegmentId("break")), by="p-ada")
    scribe.hear(1000)
    scribe.at(1010, c.TakeOver(node="n-1", epoch=2))
    scribe.connect(1010, "p-ada", "c-ada-3")
    scribe.connect(1011, "p-robin", "c-robin-3")
    scribe.connect(1012, "p-sam", "c-sam-4")
    scribe.connect(1013, "p-noor", "c-noor-3")
    scribe.at(1200, c.QuickExit(), by="p-noor")
    scribe.at(1500, c.EndSession(), by="p-ada")
    scribe.at(1560, c.EditNote(subject=GROUP, text="A calm evening.", revision=0), by="p-ada")
    return scribe


def signed_session(session: str = "s-1", *, clinic: str = "demo", started: int = STARTED) -> Scribe:
    """The same, with a signed note for each of the four."""
    scribe = ended_session(session, clinic=clinic, started=started)
    for number, member in enumerate(MEMBERS):
        scribe.sign(1_600 + number, member.person, "Did not come." if member.person == "p-kim" else "Took part.")
    return scribe


def amended_session(session: str = "s-1", *, clinic: str = "demo", started: int = STARTED) -> Scribe:
    """The same, and then Sam's lost minute turns out to be the clinic's fault: 20 minutes count instead of 19."""
    scribe = signed_session(session, clinic=clinic, started=started)
    correct(scribe, 1_700, "p-sam", 300, 360, present=True)
    amend(scribe, 1_701, "p-sam", "The line was ours.")
    return scribe


def correct(scribe: Scribe, second: int, person: str, start: int, end: int, *, present: bool) -> None:
    """From `start` to `end` (seconds) this person counts as present, or does not."""
    scribe.record(
        second,
        AttendanceCorrected(
            correction=CorrectionId(f"k-{scribe.state.seq}"),
            person=PersonId(person),
            start=Instant(scribe.started + start * 1_000),
            end=Instant(scribe.started + end * 1_000),
            present=present,
            reason="The line was ours.",
            dispute=None,
        ),
        by="p-ada",
    )


def amend(scribe: Scribe, second: int, person: str, reason: str) -> Recorded:
    """Post the figures of now instead of those that stand."""
    evidence = (1, scribe.state.seq)
    event = HoursAmended(person=PersonId(person), reason=reason, content={}, content_hash="a" * 64, evidence=evidence)
    return scribe.record(second, event, by="p-ada")
