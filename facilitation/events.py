"""What happened in a session: the log's vocabulary, and the only thing replay reads.

An event holds no time and no author: those stand once, in the `Recorded` around it. Field names are the log's format
for ever; a change of meaning takes a new name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from facilitation.doorfacts import Signed, Unsigned
from facilitation.exercises import NOTHING, Entry, Repertoire
from facilitation.forms import Answer, Form
from facilitation.goals import ListedGoal
from facilitation.ids import (
    ClinicId,
    CommandId,
    CorrectionId,
    CounsellingNoteId,
    DisputeId,
    ExerciseId,
    FieldId,
    FlagId,
    FormId,
    ItemId,
    MeasureId,
    PersonId,
    PromptId,
    ProposalId,
    QuestionId,
    RoundId,
    RunId,
    ScreenQuestionId,
    SectionId,
    SegmentId,
    SessionId,
    SkillId,
    SmallRoomId,
    SourceId,
    StepId,
)
from facilitation.licences import Outcome
from facilitation.measures import Earlier, Measure
from facilitation.people import Expected
from facilitation.places import HelpLine
from facilitation.plan import SessionPlan
from facilitation.programme import PLAIN, Programme
from facilitation.rules import RuleSet
from facilitation.safetypath import NO_PATH, SafetyPath
from facilitation.timebase import Instant

# --------------------------------------------------------------- session and server


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened:
    session: SessionId
    clinic: ClinicId
    title: str
    zone: str
    starts_at: Instant
    plan: SessionPlan
    rules: RuleSet
    forms: tuple[Form, ...]
    roster: tuple[Expected, ...]
    seats_max: int
    programme: Programme = PLAIN
    prompt_seed: int = 0
    repertoire: Repertoire = NOTHING
    measures: tuple[Measure, ...] = ()
    safety: SafetyPath = NO_PATH
    apart: tuple[tuple[PersonId, PersonId], ...] = ()
    together: tuple[tuple[tuple[PersonId, ...], ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonExpected:
    expected: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTookOver:
    """A node (re)started the room. Sources still open before it ended when last heard."""

    node: str
    epoch: int
    gap_from: Instant | None
    """When the node before it last wrote or kept anything; None for the first node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted:
    segment: SegmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """`reason`: 'facilitator' or 'abandoned'."""

    reason: str


# --------------------------------------------------------------- presence


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOpened:
    connection: SourceId
    person: PersonId
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionClosed:
    connection: SourceId
    heard: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaConnected:
    peer: SourceId
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLost:
    peer: SourceId
    heard: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Proofs of life: source to the instant it was last heard. Comes with a take-over, of what was kept beside the
    log until then, and when a room is put away."""

    heard: dict[str, Instant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    person: PersonId
    name: str
    location: str
    callback: str
    private_space: bool
    others_present: str
    state: str = ""
    contact_name: str = ""
    contact_phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorChecked:
    """What the clinic's records said of somebody who gave their arrival answers. `held`: why they cannot come in yet,
    'consent', 'guardian' or 'place'; empty: they can. The rest is for facilitators. `words` and `consents` stand in
    older logs in place of `lacking`, `licence` and `signed`."""

    person: PersonId
    held: tuple[str, ...] = ()
    words: str = ""
    location: str = ""
    state: str = ""
    callback: str = ""
    help: tuple[HelpLine, ...] = ()
    consents: tuple[str, ...] = ()
    lacking: tuple[Unsigned, ...] = ()
    licence: Outcome = Outcome.IN
    signed: tuple[Signed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRevoked:
    """A consent was taken back during the session. `stops`: the session needs it of this person, who leaves it."""

    person: PersonId
    kind: str
    stops: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedToWaiting:
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRemoved:
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLeft:
    """`how`: 'leave', 'quick_exit', or 'consent': one that they need here was taken back."""

    person: PersonId
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoke:
    """Somebody whom the camera does not show was heard speaking. At most one a minute."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class StillHereAsked:
    """Nothing had proved for a while that this person is there. `until`: when an answer is due."""

    person: PersonId
    until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class StillHereAnswered:
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class StillHereMissed:
    """No answer came in time. Changes no minute."""

    person: PersonId


# --------------------------------------------------------------- in the room


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSet:
    """What a person sends from now on."""

    person: PersonId
    microphone: bool
    camera: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenShared:
    """Somebody's screen is shown to the group, or no longer. Who leaves the room takes theirs along without a word."""

    person: PersonId
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingAllowed:
    """A participant may share their screen, or no longer."""

    person: PersonId
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmuteAsked:
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class HandRaised:
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class HandLowered:
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSent:
    """`room`: the small room in which it was said; None: the main one."""

    person: PersonId
    to: str
    text: str
    room: SmallRoomId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    person: PersonId
    reaction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shielded:
    person: PersonId
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTaken:
    person: PersonId


# --------------------------------------------------------------- agenda


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEntered:
    """`how`: 'advance' or 'back'."""

    segment: SegmentId
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveUndone:
    """The last SegmentEntered counts as never made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentReplanned:
    """New planned time of one segment (extend and re-plan both say it so)."""

    segment: SegmentId
    planned_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSkipped:
    segment: SegmentId
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaPaused:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaResumed:
    pass


# --------------------------------------------------------------- forms and safety


@dataclass(frozen=True, slots=True, kw_only=True)
class FormDrafted:
    person: PersonId
    form: FormId
    answers: dict[str, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSubmitted:
    person: PersonId
    form: FormId
    answers: dict[str, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerShared:
    person: PersonId
    form: FormId
    question: QuestionId
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRaised:
    """An answer that somebody must see. `form`: the form or the measure that asked. `answers`: question and answer in
    words, where a measure asked; a form's own words stand with the form."""

    flag: FlagId
    person: PersonId
    form: FormId
    questions: tuple[QuestionId, ...]
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagDisposed:
    flag: FlagId
    disposition: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagTaken:
    """Whoever asked has this flag now, whoever had it before."""

    flag: FlagId


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyStepTicked:
    """A step of the safety path is done, or (`done` false) is not after all."""

    flag: FlagId
    step: StepId
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenerAnswered:
    """What the flag's person answered when the screener was asked, by whoever asked it."""

    flag: FlagId
    screener: str
    answers: dict[ScreenQuestionId, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWritten:
    """The whole of what `author` wrote to one prompt so far."""

    flag: FlagId
    prompt: PromptId
    author: PersonId
    text: str


# --------------------------------------------------------------- measures


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuresOffered:
    """All measures that are due for somebody in this session, and what each gave the last time."""

    person: PersonId
    measures: tuple[MeasureId, ...]
    earlier: tuple[Earlier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAnswered:
    """Somebody ticked an answer, for themself alone until they hand it in; None: they leave it open."""

    person: PersonId
    measure: MeasureId
    item: ItemId
    value: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureHandedIn:
    """All that was ticked of one measure goes to the facilitators.

    `page_language`: of the page around it, where that was another than its words are in; else "".
    """

    person: PersonId
    measure: MeasureId
    values: dict[ItemId, int]
    page_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurePutOff:
    """Not today, or (`off` false) today after all."""

    person: PersonId
    measure: MeasureId
    off: bool


# --------------------------------------------------------------- skills and exercises


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillChosen:
    """The skill of a part of the plan; None: none after all."""

    segment: SegmentId
    skill: SkillId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseOpened:
    """An exercise of the repertoire is on everybody's card. `run`: this time of doing it."""

    run: RunId
    exercise: ExerciseId
    segment: SegmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseStepped:
    """All are at a step, counted from 0; what has a beat begins it at `starts`, soon after this is told."""

    run: RunId
    step: int
    starts: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseGrouped:
    """Who does it with whom: pairs and threes, or one row in which each has one before them."""

    run: RunId
    groups: tuple[tuple[PersonId, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseJoined:
    """Somebody said that they take part, or that they sit it out."""

    run: RunId
    person: PersonId
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseDrafted:
    """All that somebody has written so far. Nobody else ever sees it."""

    run: RunId
    person: PersonId
    answers: dict[str, Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseAnswered:
    """Somebody is done. Of these answers, the anonymous ones count."""

    run: RunId
    person: PersonId
    answers: dict[str, Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseShared:
    """Somebody shows the group one answer as it was then; None: no longer."""

    run: RunId
    person: PersonId
    field: FieldId
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsShown:
    """The anonymous answers, counted when this is said for the first time, without the words in `without`."""

    run: RunId
    to_group: bool
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseClosed:
    run: RunId


# --------------------------------------------------------------- rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundOpened:
    """Everyone in turn, along `line`. `kind`: 'question', 'check_in', 'appreciation' or 'wrap_up'; `turn_ms`: the
    gentle time of one turn, 0: none. Nobody has the turn yet."""

    round: RoundId
    kind: str
    question: str
    segment: SegmentId
    line: tuple[PersonId, ...]
    turn_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnBegan:
    """Somebody has the turn. `until`: when its gentle time is full, if it has one."""

    round: RoundId
    person: PersonId
    until: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded:
    """`how`: 'spoke', 'passed' (also before their turn came), 'later' (they asked to be asked last), or 'left'
    (they went away in it, and will be asked again). What was said is nowhere."""

    round: RoundId
    person: PersonId
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnReturned:
    """A facilitator gave the turn back to whoever had it before; that one has not ended, then."""

    round: RoundId
    person: PersonId
    until: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnExtended:
    round: RoundId
    until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundJoined:
    """Somebody is to be asked, after all others: who came late, or passed and wants a turn after all."""

    round: RoundId
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class NextChosen:
    """A facilitator chose who is asked next, of those still to be asked."""

    round: RoundId
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundClosed:
    round: RoundId


# --------------------------------------------------------------- small rooms


@dataclass(frozen=True, slots=True, kw_only=True)
class ApartListed:
    """Who is not to be in a small room with whom: all pairs that there are."""

    pairs: tuple[tuple[PersonId, PersonId], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakoutsPlanned:
    """A proposal: who would be with whom. `drawn`: by lot. `again`: the same two may meet a third time running."""

    rooms: tuple[tuple[PersonId, ...], ...]
    drawn: bool
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakoutsOpened:
    """These people are in these small rooms now. `ends_at`: when they come back by themselves."""

    rooms: dict[SmallRoomId, tuple[PersonId, ...]]
    task: str
    ends_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakoutsEnding:
    """When everybody comes back is another instant now. `called`: somebody called them, so that they are warned."""

    ends_at: Instant
    called: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakoutsClosed:
    """Everybody who was in a small room is back in the main one, `people`. `how`: 'time' or 'facilitator'."""

    people: tuple[PersonId, ...]
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMoved:
    """Somebody is in another small room now, or (None) in the main one.

    `why`: 'placed' (by a facilitator), 'visit' (who leads, by themselves), 'alone' (they were left alone), 'gone'
    (their room was given up while they were away).
    """

    person: PersonId
    room: SmallRoomId | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRoomOpened:
    """A participant and somebody who leads are in a room of their own."""

    room: SmallRoomId
    person: PersonId
    facilitator: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRoomClosed:
    """`people` were still in it, and are where they were before. `how`: 'facilitator', or 'alone': nobody who leads was
    with them any more."""

    room: SmallRoomId
    people: tuple[PersonId, ...]
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpCalled:
    """Somebody needs one who leads; `alone`: apart from the others."""

    person: PersonId
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAnswered:
    """They have what they need, or called by mistake."""

    person: PersonId


# --------------------------------------------------------------- milestones


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneShown:
    """Somebody shows the group what they want to mark, in their own words, instead of what they showed before."""

    person: PersonId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneHidden:
    """It is shown no longer."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class GladSaid:
    """Somebody is glad with `person` about what they show."""

    person: PersonId
    by: PersonId


# --------------------------------------------------------------- the group's agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTold:
    """What the cohort had agreed on before, in its `version`: `agreed` people said yes to it, `at` that time."""

    version: int
    lines: tuple[str, ...]
    agreed: int
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProposed:
    """Somebody proposed a line for the agreement; staff alone see it until it is taken up."""

    proposal: ProposalId
    person: PersonId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalAnswered:
    """It was taken up, in the words of `text`, into the draft; or set aside."""

    proposal: ProposalId
    taken: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDropped:
    """The line of that number, from 0, is not in the draft."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftAgreed:
    """Somebody agrees to the draft as it is now."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementKept:
    """The group agreed: these lines stand from now on."""

    lines: tuple[str, ...]
    agreed: int


# --------------------------------------------------------------- notes


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDrafted:
    """The whole text of one note so far. Its revision is one more than that subject's last."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionDrafted:
    """The whole text of one section of a person's note so far. Its revision is one more than that section's last."""

    subject: PersonId
    section: SectionId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalsListed:
    """The goals of somebody's treatment plan, as the clinic had them."""

    person: PersonId
    goals: tuple[ListedGoal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalsAddressed:
    """The goals that this session worked on with a person, all of them."""

    person: PersonId
    goals: tuple[ListedGoal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillsNamed:
    """All skills that were taught."""

    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationSaid:
    """Where somebody who leads was during the session."""

    person: PersonId
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CounsellingNoteKept:
    """There is a counselling note of `author` on `subject`; the text lies elsewhere, for its author alone."""

    note: CounsellingNoteId
    subject: str
    author: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryShown:
    """Somebody shows the week of their diary: to the facilitators, and these parts of it to the group. The text lies
    elsewhere (`diary.Showing`)."""

    person: PersonId
    to_group: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryTakenBack:
    """They show it to nobody any more, and its text is gone."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSigned:
    """One person's note is frozen.

    `content` is the whole note as signed (facts and texts, plain JSON values), `content_hash` the SHA-256 of its
    canonical JSON, `evidence` the first and last `seq` of the log that the facts rest on.
    """

    person: PersonId
    content: dict[str, object]
    content_hash: str
    evidence: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddendumAdded:
    person: PersonId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCosigned:
    """A supervisor has read the signed note of that hash with its first `addenda` addenda, and signs it too."""

    person: PersonId
    content_hash: str
    addenda: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReturned:
    """A supervisor asks for something about a signed note."""

    person: PersonId
    text: str


# --------------------------------------------------------------- disputes, corrections


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutesDisputed:
    """A participant says that their own minutes are not right."""

    dispute: DisputeId
    person: PersonId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeTakenBack:
    """By its author, before anybody answered. It stays readable."""

    dispute: DisputeId
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeAnswered:
    dispute: DisputeId
    accepted: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceCorrected:
    """`[start, end)` counts as present, or as not, from now on. What was seen stays in the log."""

    correction: CorrectionId
    person: PersonId
    start: Instant
    end: Instant
    present: bool
    reason: str
    dispute: DisputeId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionTakenBack:
    """It counts as never made."""

    correction: CorrectionId
    reason: str


# --------------------------------------------------------------- hours, absences


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursAmended:
    """After a signature: these figures stand from now on instead of those posted before.

    `content`: what they rest on, with its `figures`, as in a signed note; `content_hash` and `evidence` as there.
    """

    person: PersonId
    reason: str
    content: dict[str, object]
    content_hash: str
    evidence: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceExplained:
    """Why somebody was not there. `kind`: 'excused', 'unexcused', or 'none': what was said before is taken back."""

    person: PersonId
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeUpLinked:
    """For this person, this session makes up for one that they missed (None: it does not)."""

    person: PersonId
    missed_session: SessionId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceTold:
    """Somebody said beforehand that a person will not come, or (`away` false) that they will after all.

    `teller`: the person or a guardian, who may stand on no list of this session, hence their `name`; `told_at`: when
    they said so, which may be long before this log began.
    """

    person: PersonId
    away: bool
    teller: PersonId
    name: str
    told_at: Instant
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingNoticed:
    """These people were expected, and some minutes after the start they had not been there for an instant."""

    people: tuple[PersonId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedOut:
    """A facilitator tried to reach somebody about a person. `whom`: 'self', 'guardian' or 'emergency'; `outcome`:
    'reached', 'left_word' or 'no_answer'. What was said is kept nowhere."""

    person: PersonId
    whom: str
    outcome: str


Event = (
    SessionOpened
    | PersonExpected
    | ServerTookOver
    | SessionStarted
    | SessionEnded
    | ConnectionOpened
    | ConnectionClosed
    | MediaConnected
    | MediaLost
    | Heard
    | Arrived
    | DoorChecked
    | ConsentRevoked
    | Admitted
    | MovedToWaiting
    | PersonRemoved
    | PersonLeft
    | Spoke
    | StillHereAsked
    | StillHereAnswered
    | StillHereMissed
    | MediaSet
    | ScreenShared
    | SharingAllowed
    | UnmuteAsked
    | HandRaised
    | HandLowered
    | ChatSent
    | Reacted
    | Shielded
    | LeadTaken
    | SegmentEntered
    | MoveUndone
    | SegmentReplanned
    | SegmentSkipped
    | AgendaPaused
    | AgendaResumed
    | FormDrafted
    | FormSubmitted
    | AnswerShared
    | FlagRaised
    | FlagDisposed
    | FlagTaken
    | SafetyStepTicked
    | ScreenerAnswered
    | PlanWritten
    | MeasuresOffered
    | ItemAnswered
    | MeasureHandedIn
    | MeasurePutOff
    | SkillChosen
    | ExerciseOpened
    | ExerciseStepped
    | ExerciseGrouped
    | ExerciseJoined
    | ExerciseDrafted
    | ExerciseAnswered
    | ExerciseShared
    | ResultsShown
    | ExerciseClosed
    | RoundOpened
    | TurnBegan
    | TurnEnded
    | TurnReturned
    | TurnExtended
    | RoundJoined
    | NextChosen
    | RoundClosed
    | ApartListed
    | BreakoutsPlanned
    | BreakoutsOpened
    | BreakoutsEnding
    | BreakoutsClosed
    | PersonMoved
    | SideRoomOpened
    | SideRoomClosed
    | HelpCalled
    | HelpAnswered
    | MilestoneShown
    | MilestoneHidden
    | GladSaid
    | AgreementTold
    | LineProposed
    | ProposalAnswered
    | LineDropped
    | DraftAgreed
    | AgreementKept
    | NoteDrafted
    | SectionDrafted
    | GoalsListed
    | GoalsAddressed
    | SkillsNamed
    | LocationSaid
    | CounsellingNoteKept
    | DiaryShown
    | DiaryTakenBack
    | NoteSigned
    | AddendumAdded
    | NoteCosigned
    | NoteReturned
    | MinutesDisputed
    | DisputeTakenBack
    | DisputeAnswered
    | AttendanceCorrected
    | CorrectionTakenBack
    | HoursAmended
    | AbsenceExplained
    | MakeUpLinked
    | AbsenceTold
    | MissingNoticed
    | ReachedOut
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One line of the log: `seq` counts from 1 without a gap, `at` never decreases.

    `by` is the person who asked (None: the server), `command` the id their browser gave it.
    """

    seq: int
    at: Instant
    event: Event
    by: PersonId | None = None
    command: CommandId | None = field(default=None)
