"""What can be asked of a room. Who asks and when come beside the command, never inside it.

Texts are bounded by `decide`, which refuses in words rather than cutting what someone typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from facilitation.diary import Part
from facilitation.doorfacts import Signed, Unsigned
from facilitation.exercises import NOTHING, Entry, Repertoire
from facilitation.forms import Answer, Form
from facilitation.goals import ListedGoal
from facilitation.ids import (
    ClinicId,
    CorrectionId,
    CounsellingNoteId,
    DisputeId,
    ExerciseId,
    FieldId,
    FlagId,
    FormId,
    GoalId,
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

# --------------------------------------------------------------- by people, from the wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrive:
    """Passing the arrival gate: where am I today, who can be called, am I alone, do I agree."""

    name: str
    location: str
    callback: str
    private_space: bool
    agreement: bool
    others_present: str = ""
    state: str = ""
    """The state they are in (`licences.STATES`), which licences follow."""
    contact_name: str = ""
    contact_phone: str = ""
    """Somebody near, who can be asked to look after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitAll:
    """Admit everyone who waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveToWaiting:
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Send a person out for the rest of this session."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMedia:
    """What I want to send: nothing is forwarded that is not wanted here."""

    microphone: bool
    camera: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareScreen:
    """Show my screen or a window of it to the group, or end that."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowSharing:
    """Let a participant share their screen, or no longer."""

    person: PersonId
    on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSharing:
    """End what somebody else shows."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class MutePerson:
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class AskToUnmute:
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseHand:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerHand:
    """My own (`None`), or, for staff, somebody's."""

    person: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendChat:
    """`to`: 'everyone' in the same room, 'staff', or, of staff alone, a person's id (in private) or 'all_rooms'.

    `room`: the small room that the author sees, None: the main one. Of another one it is refused: others would read it.
    """

    text: str
    to: str = "everyone"
    room: SmallRoomId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class React:
    """`reaction`: 'heart', 'thumbs_up', 'clap', 'smile' or 'with_you'."""

    reaction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickExit:
    """Out at once; facilitators alone are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shield:
    """ "Someone walked in": on mutes microphone and camera and tells facilitators only."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSession:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """To the next segment that is not skipped. `from_segment` guards against a double press."""

    from_segment: SegmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class GoBack:
    """To the segment before, on purpose: what was done since stays where it was done."""

    from_segment: SegmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoMove:
    """Take the last advance or step back as never made: the minutes since go to where we were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Give the present or a coming segment more (or, below zero, less) planned time."""

    segment: SegmentId
    by_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Leave a coming segment out (`on`), or take it back in."""

    segment: SegmentId
    on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Stop the plan's clock; presence goes on in the present segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Replan:
    """New planned times for coming segments, as the view's advice proposes them or by hand."""

    planned_ms: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession:
    """Refused while a safety flag has no disposition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeLead:
    """The facilitator or cofacilitator who asks runs the agenda from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveForm:
    """What has been typed so far: a draft, kept for its author only."""

    form: FormId
    answers: dict[str, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitForm:
    form: FormId
    answers: dict[str, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareAnswer:
    """Show one shareable answer of mine to the group, or take it back."""

    form: FormId
    question: QuestionId
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerItem:
    """One question of a measure that I was offered: the value of what I ticked, or None, left open."""

    measure: MeasureId
    item: ItemId
    value: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandInMeasure:
    """What I have ticked goes to the facilitators. `page_language`: what the page around it spoke, "": not said."""

    measure: MeasureId
    page_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOffMeasure:
    """Not today (`off`), or today after all. It is due again next time."""

    measure: MeasureId
    off: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseSkill:
    """The skill of the present part; None: none after all. It is named among those that were taught."""

    skill: SkillId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenExercise:
    """Put an exercise onto everybody's card. It waits there until the first step."""

    exercise: ExerciseId


@dataclass(frozen=True, slots=True, kw_only=True)
class StepExercise:
    """Take all to a step, counted from 0, forth or back. To where the group is already: nothing."""

    run: RunId
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupExercise:
    """Make the pairs or the row anew, of those who are here now."""

    run: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinExercise:
    """I take part (`on`), or sit this one out. Neither needs to be said."""

    run: RunId
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerExercise:
    """All that I have written so far, for myself alone. `sent`: I am done, and my anonymous answers count."""

    run: RunId
    answers: dict[str, Entry]
    sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareExerciseAnswer:
    """Show the group one answer of mine as it is here (it is kept, too), or take it back (None)."""

    run: RunId
    field: FieldId
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowResults:
    """Show the anonymous answers of all: to facilitators, or to the group as well.

    The first time they are counted for good. `without`: words that are left out.
    """

    run: RunId
    to_group: bool
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseExercise:
    run: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRound:
    """Everyone in turn. `kind`: see `roundquestions.Kind`; a round of kind 'question' needs one.

    `asked`: a question of the repertoire instead, in its words for `teens` or not. `order`: 'random', or 'given' along
    `line`, after which all others come in whatever order. `turn_ms`: 0 for none.
    """

    kind: str
    question: str = ""
    order: str = "random"
    line: tuple[PersonId, ...] = ()
    turn_ms: int = 0
    asked: str = ""
    teens: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRoundOn:
    """I have said what I wanted to say; by who leads, also to begin (`turn` 0) and on behalf of who has the turn.

    `turn`: the number of the turn that was seen, so that a double press moves the group once.
    """

    round: RoundId
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PassTurn:
    """I would rather not, this time: in my turn, or before it comes."""

    round: RoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class AskMeLater:
    """In my turn: come back to me when all others have been asked."""

    round: RoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRound:
    """I passed and want a turn after all (`person` None); by who leads, anybody who is in the room and not in it."""

    round: RoundId
    person: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseNext:
    """Of those still to be asked, this one is the next."""

    round: RoundId
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class GoBackInRound:
    """The turn goes back to whoever had it before. `turn` as in `MoveRoundOn`."""

    round: RoundId
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendTurn:
    round: RoundId
    turn: int
    by_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRound:
    round: RoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawBreakouts:
    """Propose small rooms at random: pairs (`size` 2) or threes (3). `again`: the same two may meet a third time."""

    size: int
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBreakouts:
    """The proposal as it was changed by hand; no rooms: there is none any more. Who is in none stays where they are."""

    rooms: tuple[tuple[PersonId, ...], ...]
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBreakouts:
    """Everybody into the small rooms of the proposal. `minutes` None: until somebody calls them back."""

    minutes: int | None = None
    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack:
    """Everybody comes back from the small rooms in so many seconds, and is told so now."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendBreakouts:
    """So much more time in the small rooms, or less; also after a call to come back."""

    by_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseBreakouts:
    """Everybody comes back now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTo:
    """Take a participant to another small room, or (None) to the main one."""

    person: PersonId
    room: SmallRoomId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """I, who lead, go to a small room, or (None) back to the main one."""

    room: SmallRoomId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallForHelp:
    """I need somebody who leads, in my small room or (`alone`) to speak with them apart. `on` false: not any more."""

    on: bool = True
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHelp:
    """Whoever called for help has what they need."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSideRoom:
    """I, who lead, speak with a participant apart: both of us are in a room of our own now, wherever they were."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSideRoom:
    """All who are in it go back to where they were."""

    room: SmallRoomId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowMilestone:
    """I want to mark this before the group."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HideMilestone:
    """What I showed (`person` None), or, for who leads, what somebody shows, is shown no longer."""

    person: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeGlad:
    """I am glad with somebody about what they show."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeLine:
    """A line for the group's own agreement."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerProposal:
    """Take a proposed line up, in the words of `text` ("": as proposed), or set it aside."""

    proposal: ProposalId
    taken: bool
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropLine:
    """Take a line out of the agreement, numbered from 0. `revision`: of the draft in which it was seen."""

    revision: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeToDraft:
    """I say yes to the agreement as it is in this revision."""

    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAgreement:
    """The group has agreed: from now on this revision stands."""

    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposeFlag:
    """What was done about a safety flag. `disposition`: see `checkin.DISPOSITIONS`."""

    flag: FlagId
    disposition: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFlag:
    """I see to this flag now, whoever did before."""

    flag: FlagId


@dataclass(frozen=True, slots=True, kw_only=True)
class TickStep:
    """A step of the safety path is done, or is not after all."""

    flag: FlagId
    step: StepId
    done: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AskScreener:
    """What somebody answered when I asked them the screener: each question that was to be asked, and no other."""

    flag: FlagId
    answers: dict[ScreenQuestionId, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """All that I have written to one prompt of the plan so far."""

    flag: FlagId
    prompt: PromptId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditNote:
    """Draft text. `subject`: 'group' or a person's id. `revision`: the one the text was typed upon.

    Staff may type at once in different notes; in the same note a stale revision is refused as 'stale_note', and
    the browser keeps the typed text and shows both.
    """

    subject: str
    text: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditSection:
    """Draft text of one section of a person's note, in the programme's format. `revision` as in `EditNote`."""

    person: PersonId
    section: SectionId
    text: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGoals:
    """The goals that this session worked on with a person, all of them: of those listed, or addressed before.

    `revision`: the one of the choice that was changed.
    """

    person: PersonId
    goals: tuple[GoalId, ...]
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSkills:
    """All skills that were taught, by name."""

    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SayLocation:
    """Where I, who lead, am during this session: a note on telehealth names both places."""

    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignNote:
    """After the end: freeze one person's note and post their hours.

    The revisions are those of the group's text, the person's text, each section and the goals, as the signer saw
    them. What is not named is signed as the empty page it was.
    """

    person: PersonId
    group_revision: int
    person_revision: int
    sections: dict[SectionId, int] = field(default_factory=dict)
    goals_revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAddendum:
    person: PersonId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignNote:
    """A supervisor signs too. `hash` is that of the note they read, `addenda` how many they read with it."""

    person: PersonId
    hash: str
    addenda: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnNote:
    """A supervisor gives a signed note back with words. It stays as it is: the answer is an addendum."""

    person: PersonId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StillHere:
    """The answer to "are you still here?"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeMinutes:
    """My minutes are not right, and this is what is wrong with them."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackDispute:
    """What I said of my minutes needs no answer any more."""

    dispute: DisputeId


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDispute:
    """`text` may be empty only when the dispute is accepted."""

    dispute: DisputeId
    accepted: bool
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectAttendance:
    """From `start` to `end` the person counts as present, or as not, whatever was seen. `dispute`: one it answers."""

    person: PersonId
    start: Instant
    end: Instant
    present: bool
    reason: str
    dispute: DisputeId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackCorrection:
    correction: CorrectionId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendHours:
    """Post the figures of now instead of those that stand in the ledger."""

    person: PersonId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainAbsence:
    """Why somebody was, or will be, away. `kind`: 'excused' (with a reason), 'unexcused', or 'none' to take it back."""

    person: PersonId
    kind: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkMakeUp:
    """This session makes up, for one person, for a session they missed; None: it does not."""

    person: PersonId
    missed_session: SessionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachOut:
    """I tried to reach somebody about a person who is missing. `whom`: 'self', 'guardian', 'emergency'; `outcome`:
    'reached', 'left_word', 'no_answer'."""

    person: PersonId
    whom: str
    outcome: str


# --------------------------------------------------------------- by the server


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """First command of a log."""

    session: SessionId
    clinic: ClinicId
    title: str
    zone: str
    starts_at: Instant
    plan: SessionPlan
    rules: RuleSet
    forms: tuple[Form, ...]
    roster: tuple[Expected, ...]
    seats_max: int = 16
    programme: Programme = PLAIN
    prompt_seed: int = 0
    """What the random times of "are you still here?" are drawn from."""
    repertoire: Repertoire = NOTHING
    measures: tuple[Measure, ...] = ()
    """Those that can be asked, in the version that counts today."""
    safety: SafetyPath = NO_PATH
    apart: tuple[tuple[PersonId, PersonId], ...] = ()
    """Who is not to be in a small room with whom."""
    together: tuple[tuple[tuple[PersonId, ...], ...], ...] = ()
    """Who was in a small room with whom when the group met before, the latest time last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectPerson:
    """Someone is added to the list after the opening."""

    expected: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class ListGoals:
    """What somebody's treatment plan says now: their goals that hold on the day of the session."""

    person: PersonId
    goals: tuple[ListedGoal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMeasures:
    """Which measures are due for somebody today, and what each gave the last time."""

    person: PersonId
    measures: tuple[MeasureId, ...]
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListApart:
    """Who is not to be in a small room with whom, as the clinic has it now: all pairs."""

    pairs: tuple[tuple[PersonId, PersonId], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TellAbsence:
    """Beforehand: `person` will not come (`away`), or will after all. `teller`: themself or a guardian of theirs."""

    person: PersonId
    away: bool
    teller: PersonId
    name: str
    told_at: Instant
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeMakeUp:
    """It was agreed with the clinic that this session makes up, for one person, for one that they missed."""

    person: PersonId
    missed_session: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class TellAgreement:
    """What the session's cohort agreed on last, `at` that time; `agreed`: how many said yes."""

    version: int
    lines: tuple[str, ...]
    agreed: int
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepCounsellingNote:
    """`author` keeps a counselling note on `subject` ('group' or a person). Its text is no part of any session."""

    note: CounsellingNoteId
    subject: str
    author: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowDiary:
    """`person` shows the week of their diary, a copy of which lies ready; `to_group`: the parts for the group."""

    person: PersonId
    to_group: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackDiary:
    """`person` took it back: no copy is left."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDoor:
    """What was looked up when somebody gave their arrival answers: whether they can come in, and who helps there.

    `held`: why not ('consent', 'guardian', 'place'), empty: they can. `lacking`: consents that do not stand; `signed`:
    those that do. `licence`: whether the facilitators may treat somebody there. `location`, `state`, `callback`: as
    given. `help`: numbers kept for that place.
    """

    person: PersonId
    held: tuple[str, ...] = ()
    lacking: tuple[Unsigned, ...] = ()
    licence: Outcome = Outcome.IN
    location: str = ""
    state: str = ""
    callback: str = ""
    help: tuple[HelpLine, ...] = ()
    signed: tuple[Signed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TellRevoked:
    """Somebody took a consent back while the session goes on. `kind`: which; `stops`: this session needs it of them."""

    person: PersonId
    kind: str
    stops: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """A node took the lease: what was open before is over, as of when it was last heard.

    `heard`, `lived_at`: what the node before it had kept beside the log, if anything: when each source had last proved
    life, and when that node itself had.
    """

    node: str
    epoch: int
    heard: dict[str, Instant] = field(default_factory=dict)
    lived_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConnection:
    """A websocket of `person` is in. `device` is a random id kept by that browser."""

    connection: SourceId
    person: PersonId
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseConnection:
    """A websocket went; `heard` is when it last proved life."""

    connection: SourceId
    heard: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectMedia:
    peer: SourceId
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseMedia:
    peer: SourceId
    heard: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """When each open source last proved life, as a room is put away; and who was heard speaking, whenever."""

    heard: dict[str, Instant] = field(default_factory=dict)
    spoke: tuple[PersonId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """`next_deadline` has come."""


PersonCommand = (
    Arrive
    | Admit
    | AdmitAll
    | MoveToWaiting
    | Remove
    | SetMedia
    | ShareScreen
    | AllowSharing
    | StopSharing
    | MutePerson
    | AskToUnmute
    | RaiseHand
    | LowerHand
    | SendChat
    | React
    | Leave
    | QuickExit
    | Shield
    | StartSession
    | Advance
    | GoBack
    | UndoMove
    | Extend
    | Skip
    | Pause
    | Resume
    | Replan
    | EndSession
    | TakeLead
    | SaveForm
    | SubmitForm
    | ShareAnswer
    | AnswerItem
    | HandInMeasure
    | PutOffMeasure
    | ChooseSkill
    | OpenExercise
    | StepExercise
    | GroupExercise
    | JoinExercise
    | AnswerExercise
    | ShareExerciseAnswer
    | ShowResults
    | CloseExercise
    | OpenRound
    | MoveRoundOn
    | PassTurn
    | AskMeLater
    | JoinRound
    | ChooseNext
    | GoBackInRound
    | ExtendTurn
    | CloseRound
    | DrawBreakouts
    | PlanBreakouts
    | OpenBreakouts
    | CallBack
    | ExtendBreakouts
    | CloseBreakouts
    | MoveTo
    | Visit
    | CallForHelp
    | AnswerHelp
    | OpenSideRoom
    | CloseSideRoom
    | ShowMilestone
    | HideMilestone
    | BeGlad
    | ProposeLine
    | AnswerProposal
    | DropLine
    | AgreeToDraft
    | KeepAgreement
    | DisposeFlag
    | TakeFlag
    | TickStep
    | AskScreener
    | WritePlan
    | EditNote
    | EditSection
    | AddressGoals
    | NameSkills
    | SayLocation
    | SignNote
    | AddAddendum
    | CosignNote
    | ReturnNote
    | StillHere
    | DisputeMinutes
    | TakeBackDispute
    | AnswerDispute
    | CorrectAttendance
    | TakeBackCorrection
    | AmendHours
    | ExplainAbsence
    | LinkMakeUp
    | ReachOut
)
ServerCommand = (
    OpenSession
    | ExpectPerson
    | ListGoals
    | OfferMeasures
    | ListApart
    | TellAbsence
    | AgreeMakeUp
    | TellAgreement
    | KeepCounsellingNote
    | ShowDiary
    | TakeBackDiary
    | CheckDoor
    | TellRevoked
    | TakeOver
    | OpenConnection
    | CloseConnection
    | ConnectMedia
    | LoseMedia
    | Pulse
    | Tick
)
Command = PersonCommand | ServerCommand
