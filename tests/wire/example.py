"""A short made-up session that wire tests and simulations hold: four segments, one form, made-up people."""

from __future__ import annotations

from facilitation.commands import OpenSession
from facilitation.forms import Form, Question, QuestionKind
from facilitation.ids import ClinicId, FormId, PersonId, QuestionId, SegmentId, SessionId
from facilitation.people import Expected, Role
from facilitation.plan import Segment, SegmentKind, SessionPlan
from facilitation.rules import RuleSet
from facilitation.timebase import MINUTE_MS, Instant
from server.library import load_library

SESSION = SessionId("s-example")

PLAN = SessionPlan(
    id="short",
    version="1",
    title="A short session",
    track="adult",
    segments=tuple(
        Segment(id=SegmentId(name), kind=kind, title=title, planned_ms=minutes * MINUTE_MS)
        for name, kind, title, minutes in (
            ("check-in", SegmentKind.CHECK_IN, "Check-in", 10),
            ("process", SegmentKind.PROCESS, "Group", 20),
            ("break", SegmentKind.BREAK, "Break", 5),
            ("wrap-up", SegmentKind.WRAP_UP, "Wrap-up", 10),
        )
    ),
)

RULES = RuleSet(
    id="example",
    version="1",
    title="Example rules",
    source="made up",
    uncounted=("break",),
    rounding="floor_minute",
    server_gap_credit_ms_max=120_000,
    week_floor_min={"adult": 540, "teen": 360},
)

CHECK_IN = Form(
    id=FormId("check-in"),
    version="1",
    title="Check-in",
    intro="How are you today?",
    segment_kind="check_in",
    questions=(
        Question(id=QuestionId("mood"), kind=QuestionKind.SCALE, label="Mood", low=0, high=10, required=True),
        Question(id=QuestionId("goal"), kind=QuestionKind.TEXT, label="A goal for today", shareable=True),
        Question(id=QuestionId("unsafe"), kind=QuestionKind.YES_NO, label="Thoughts of harm?", flag_values=("yes",)),
    ),
)

REPERTOIRE = load_library().repertoire()

FACILITATOR = Expected(person=PersonId("p-fran"), role=Role.FACILITATOR, name="Fran Example")
COFACILITATOR = Expected(person=PersonId("p-cody"), role=Role.COFACILITATOR, name="Cody Example")
OBSERVER = Expected(person=PersonId("p-olli"), role=Role.OBSERVER, name="Olli Example")
PARTICIPANTS = tuple(
    Expected(person=PersonId(f"p-{name.lower()}"), role=Role.PARTICIPANT, name=f"{name} Example")
    for name in ("Robin", "Sam", "Kim", "Alex", "Jo", "Toni", "Max", "Lou")
)
ROBIN, SAM, KIM, *_ = PARTICIPANTS
EVERYBODY = (FACILITATOR, COFACILITATOR, OBSERVER, *PARTICIPANTS)


def opening(
    session: SessionId = SESSION, *, starts_at: Instant, roster: tuple[Expected, ...] = EVERYBODY
) -> OpenSession:
    return OpenSession(
        session=session,
        clinic=ClinicId("demo"),
        title="Tuesday evening group",
        zone="America/New_York",
        starts_at=starts_at,
        plan=PLAN,
        rules=RULES,
        forms=(CHECK_IN,),
        roster=roster,
        repertoire=REPERTOIRE,
    )
