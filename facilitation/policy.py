"""Who may do what: one table of roles and commands, one of roles and actions. Nothing else in Milieu decides on rights.

A *command* is asked of a room; an *action* is whatever else can be done: a page, a message beside the socket, a file.
"""

from __future__ import annotations

from enum import StrEnum

from facilitation import commands as c
from facilitation.errors import Refusal
from facilitation.people import SESSION_ROLES, STAFF, WORKFORCE, Actor, Role

PARTICIPANT = frozenset({Role.PARTICIPANT})
FACILITATORS = frozenset({Role.FACILITATOR, Role.COFACILITATOR})
SUPERVISORS = frozenset({Role.SUPERVISOR})
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
PLANNERS = ADMINISTRATORS | {Role.SCHEDULER}
"""Who keeps the clinic's week; a scheduler does nothing else."""
SPEAKERS = PARTICIPANT | FACILITATORS
ANYONE = SESSION_ROLES
EVERYBODY = frozenset(Role)
SERVER: frozenset[Role] = frozenset()
"""Nobody: only the server itself."""

ALLOWED: dict[type[c.Command], frozenset[Role]] = {
    # About oneself.
    c.Arrive: PARTICIPANT,
    c.SetMedia: ANYONE,
    c.ShareScreen: SPEAKERS,
    c.RaiseHand: ANYONE,
    c.LowerHand: ANYONE,
    c.Shield: ANYONE,
    c.Leave: ANYONE,
    c.QuickExit: ANYONE,
    # To the group.
    c.SendChat: SPEAKERS,
    c.React: SPEAKERS,
    # One's own answers.
    c.SaveForm: PARTICIPANT,
    c.SubmitForm: PARTICIPANT,
    c.ShareAnswer: PARTICIPANT,
    c.AnswerItem: PARTICIPANT,
    c.HandInMeasure: PARTICIPANT,
    c.PutOffMeasure: PARTICIPANT,
    # What the group does together.
    c.ChooseSkill: FACILITATORS,
    c.OpenExercise: FACILITATORS,
    c.StepExercise: FACILITATORS,
    c.GroupExercise: FACILITATORS,
    c.ShowResults: FACILITATORS,
    c.CloseExercise: FACILITATORS,
    c.JoinExercise: PARTICIPANT,
    c.AnswerExercise: SPEAKERS,
    c.ShareExerciseAnswer: SPEAKERS,
    # Rounds.
    c.OpenRound: FACILITATORS,
    c.MoveRoundOn: SPEAKERS,
    c.PassTurn: SPEAKERS,
    c.AskMeLater: SPEAKERS,
    c.JoinRound: SPEAKERS,
    c.ChooseNext: FACILITATORS,
    c.GoBackInRound: FACILITATORS,
    c.ExtendTurn: FACILITATORS,
    c.CloseRound: FACILITATORS,
    # Small rooms.
    c.DrawBreakouts: FACILITATORS,
    c.PlanBreakouts: FACILITATORS,
    c.OpenBreakouts: FACILITATORS,
    c.CallBack: FACILITATORS,
    c.ExtendBreakouts: FACILITATORS,
    c.CloseBreakouts: FACILITATORS,
    c.MoveTo: FACILITATORS,
    c.Visit: FACILITATORS,
    c.CallForHelp: PARTICIPANT,
    c.AnswerHelp: FACILITATORS,
    c.OpenSideRoom: FACILITATORS,
    c.CloseSideRoom: FACILITATORS,
    # Milestones.
    c.ShowMilestone: PARTICIPANT,
    c.HideMilestone: SPEAKERS,
    c.BeGlad: SPEAKERS,
    # The group's own agreement.
    c.ProposeLine: SPEAKERS,
    c.AnswerProposal: FACILITATORS,
    c.DropLine: FACILITATORS,
    c.AgreeToDraft: PARTICIPANT,
    c.KeepAgreement: FACILITATORS,
    # About others.
    c.Admit: FACILITATORS,
    c.AdmitAll: FACILITATORS,
    c.MoveToWaiting: FACILITATORS,
    c.Remove: FACILITATORS,
    c.AllowSharing: FACILITATORS,
    c.StopSharing: FACILITATORS,
    c.MutePerson: FACILITATORS,
    c.AskToUnmute: FACILITATORS,
    # The agenda.
    c.StartSession: FACILITATORS,
    c.Advance: FACILITATORS,
    c.GoBack: FACILITATORS,
    c.UndoMove: FACILITATORS,
    c.Extend: FACILITATORS,
    c.Skip: FACILITATORS,
    c.Pause: FACILITATORS,
    c.Resume: FACILITATORS,
    c.Replan: FACILITATORS,
    c.EndSession: FACILITATORS,
    c.TakeLead: FACILITATORS,
    # Safety and the record.
    c.DisposeFlag: FACILITATORS,
    c.TakeFlag: FACILITATORS,
    c.TickStep: FACILITATORS,
    c.AskScreener: FACILITATORS,
    c.WritePlan: FACILITATORS,
    c.EditNote: FACILITATORS,
    c.EditSection: FACILITATORS,
    c.AddressGoals: FACILITATORS,
    c.NameSkills: FACILITATORS,
    c.SayLocation: FACILITATORS,
    c.SignNote: FACILITATORS,
    c.AddAddendum: FACILITATORS,
    c.CosignNote: SUPERVISORS,
    c.ReturnNote: SUPERVISORS,
    # Minutes: what people say of them beside what was seen.
    c.StillHere: PARTICIPANT,
    c.DisputeMinutes: PARTICIPANT,
    c.TakeBackDispute: PARTICIPANT,
    c.AnswerDispute: FACILITATORS,
    c.CorrectAttendance: FACILITATORS,
    c.TakeBackCorrection: FACILITATORS,
    c.AmendHours: FACILITATORS,
    c.ExplainAbsence: FACILITATORS,
    c.LinkMakeUp: FACILITATORS,
    c.ReachOut: FACILITATORS,
    # Facts, reported by the server.
    c.OpenSession: SERVER,
    c.ExpectPerson: SERVER,
    c.ListGoals: SERVER,
    c.OfferMeasures: SERVER,
    c.ListApart: SERVER,
    c.TellAbsence: SERVER,
    c.AgreeMakeUp: SERVER,
    c.TellAgreement: SERVER,
    c.KeepCounsellingNote: SERVER,
    c.ShowDiary: SERVER,
    c.TakeBackDiary: SERVER,
    c.CheckDoor: SERVER,
    c.TellRevoked: SERVER,
    c.TakeOver: SERVER,
    c.OpenConnection: SERVER,
    c.CloseConnection: SERVER,
    c.ConnectMedia: SERVER,
    c.LoseMedia: SERVER,
    c.Pulse: SERVER,
    c.Tick: SERVER,
}

AFTER_THE_END: frozenset[type[c.Command]] = frozenset(
    {
        c.Leave,
        c.QuickExit,
        c.EndSession,
        c.DisposeFlag,
        c.TakeFlag,
        c.TickStep,
        c.AskScreener,
        c.WritePlan,
        c.EditNote,
        c.EditSection,
        c.AddressGoals,
        c.NameSkills,
        c.SayLocation,
        c.SignNote,
        c.AddAddendum,
        c.CosignNote,
        c.ReturnNote,
        c.DisputeMinutes,
        c.TakeBackDispute,
        c.AnswerDispute,
        c.CorrectAttendance,
        c.TakeBackCorrection,
        c.AmendHours,
        c.ExplainAbsence,
        c.LinkMakeUp,
        c.ReachOut,
    }
)
"""What people may still ask once the session has ended."""

SIGNATURES: frozenset[type[c.Command]] = frozenset({c.SignNote, c.CosignNote, c.AmendHours})
"""What somebody answers for with their name: asked for only after they have just proven who they are."""


WRITERS = STAFF - {Role.OBSERVER}
"""Of those who look after sessions, who may also change something."""
OFFICE = WRITERS | ADMINISTRATORS
READERS = WORKFORCE - {Role.SCHEDULER}
"""Who reads what people's records add up to. A scheduler reads what planning needs."""


class Action(StrEnum):
    """What can be done on a page, by a message beside the socket, or with a file."""

    COME_HOME = "come home"
    ENTER_ROOM = "enter a room"
    PREPARE_ROOM = "prepare a room ahead of its time"
    # One's own.
    READ_OWN_MINUTES = "read one's own minutes"
    DISPUTE_MINUTES = "dispute one's own minutes"
    READ_OWN_STATEMENT = "read one's own statement"
    TAKE_OWN_HOURS = "take one's own hours as a file"
    TAKE_OWN_PAPERS = "take one's own papers"
    TELL_OWN_AWAY = "say that one will not come, and ask for a make-up"
    ANSWER_OWN_SEAT = "answer whether one takes a seat that opened"
    MARK_MILESTONES = "mark one's own milestones"
    SHARE_WITH_FAMILY = "say who of one's family sees how one is doing"
    PLAN_OWN_SCHOOL = "say when one's own school is"
    KEEP_DIARY = "keep one's own diary"
    SEE_OWN_PROGRESS = "see one's own progress, and take it along"
    SHOW_WEEK = "show the week of one's own diary, and take it back"
    READ_SHOWN_PARTS = "read what somebody shows the group of their week"
    # The record of a session.
    READ_RECORD = "read a record"
    READ_SHOWN_WEEK = "read a week that somebody shows the facilitators"
    READ_NOTEBOOK = "read goals and one's own notebook"
    WRITE_NOTEBOOK = "write goals and one's own notebook"
    PROVE_ONESELF = "show a signing PIN"
    KEEP_APART = "keep people apart"
    SEE_DUE_NOTES = "see which notes are due"
    # People's hours.
    READ_STATEMENT = "read anybody's statement"
    TAKE_HOURS = "take anybody's hours as a file"
    TAKE_PAPERS = "take anybody's papers"
    SEE_WEEKS = "see everybody's week"
    TAKE_WEEKS = "take everybody's week as a file"
    TELL_AWAY = "say that somebody will not come, and ask for a make-up"
    AGREE_MAKE_UPS = "answer who asks for a make-up"
    KEEP_WAITING_LISTS = "keep the waiting lists"
    ANSWER_SEAT = "answer for somebody whether they take a seat that opened"
    PLAN_SCHOOL = "say when somebody's school is, and look for weeks around it"
    TELL_ABSENCE = "tell why somebody was away"
    CALL_MISSING = "look up whom to call about somebody who is missing"
    LOG_CALLS = "keep who was called about somebody"
    SEE_CLINIC = "see the clinic at a glance"
    TAKE_CLINIC = "take the clinic's figures as a file"
    # Measures.
    SEE_MEASURES = "see what measures say of groups"
    READ_MEASURES = "read one person's measures"
    READ_OWN_MEASURES = "read one's own measures"
    # The safety path.
    READ_SAFETY_PATH = "read the safety path"
    WRITE_SAFETY_PATH = "write the safety path"
    # People.
    SEE_PEOPLE = "see who belongs to the clinic"
    MANAGE_PEOPLE = "take people in and change how they are reached"
    SET_UP = "set a clinic up"
    # The programme's week.
    SEE_SCHEDULE = "see the schedule"
    SEE_MEMBERS = "see who is in a group or comes to a meeting"
    SEE_ENROLMENT = "see somebody's days and how they left"
    PLACE_EVERYBODY = "look for a week for everybody, and give it"
    CHANGE_MEETING = "move or cancel a meeting, or find a substitute"
    PLAN_SCHEDULE = "plan groups, plans, terms and who comes when"
    READ_OWN_CALENDAR = "take one's own calendar"
    WRITE_AGREEMENTS = "write a group's agreement between its sessions"
    # The way in.
    PASS_THE_DOOR = "read and sign what the door asks for"
    OPEN_CONSENTS = "read and sign one's own or a ward's consents"
    READ_CONSENTS = "read anybody's consents"
    KEEP_PAPER_CONSENT = "write down what was signed on paper"
    REMIND_TO_SIGN = "remind people by mail to sign"
    WRITE_CONSENTS = "write the texts of consents"
    READ_LICENCES = "read licences and local emergency numbers"
    KEEP_LICENCES = "keep licences and local emergency numbers"
    SEE_WARDS = "see how one's teens are doing"
    SEE_FAMILY = "see what a teen's guardians see"
    SHARE_GOALS = "share goals with a teen's guardians"
    INVITE_FAMILY = "invite a teen's guardians, and a family to a session"
    KEEP_GUARDIANS = "say what a guardian may, and that somebody is one no more"
    # What is taught.
    READ_LIBRARY = "read the skills library"
    WRITE_LIBRARY = "write skills of the clinic's own"
    # Accounts and the audit log.
    KEEP_ACCOUNT = "keep one's own account"
    SEE_ACCOUNTS = "see who has an account"
    KEEP_ACCOUNTS = "invite, lock and sign out others"
    SEE_AUDIT = "see who read what"
    READ_ANY_RECORD = "read a record without a seat"
    BREAK_GLASS = "break the glass"
    NOTE_GLASS = "take note of broken glass"


MAY: dict[Action, frozenset[Role]] = {
    Action.COME_HOME: EVERYBODY,
    Action.ENTER_ROOM: SESSION_ROLES,
    Action.PREPARE_ROOM: FACILITATORS,
    Action.READ_OWN_MINUTES: PARTICIPANT,
    Action.DISPUTE_MINUTES: PARTICIPANT,
    Action.READ_OWN_STATEMENT: PARTICIPANT,
    Action.TAKE_OWN_HOURS: PARTICIPANT,
    Action.TAKE_OWN_PAPERS: PARTICIPANT,
    Action.TELL_OWN_AWAY: PARTICIPANT,
    Action.ANSWER_OWN_SEAT: PARTICIPANT,
    Action.MARK_MILESTONES: PARTICIPANT,
    Action.SHARE_WITH_FAMILY: PARTICIPANT,
    Action.PLAN_OWN_SCHOOL: PARTICIPANT,
    Action.KEEP_DIARY: PARTICIPANT,
    Action.SEE_OWN_PROGRESS: PARTICIPANT,
    Action.SHOW_WEEK: PARTICIPANT,
    Action.READ_SHOWN_PARTS: PARTICIPANT,
    Action.READ_RECORD: STAFF,
    Action.READ_SHOWN_WEEK: FACILITATORS | SUPERVISORS,
    Action.READ_NOTEBOOK: STAFF,
    Action.WRITE_NOTEBOOK: FACILITATORS,
    Action.PROVE_ONESELF: FACILITATORS | SUPERVISORS,
    Action.KEEP_APART: FACILITATORS,
    Action.SEE_DUE_NOTES: STAFF,
    Action.READ_STATEMENT: READERS,
    Action.TAKE_HOURS: OFFICE,
    Action.TAKE_PAPERS: WRITERS,
    Action.SEE_WEEKS: WORKFORCE,
    Action.TAKE_WEEKS: OFFICE,
    Action.TELL_AWAY: FACILITATORS | PLANNERS | {Role.GUARDIAN},
    Action.AGREE_MAKE_UPS: FACILITATORS | PLANNERS,
    Action.KEEP_WAITING_LISTS: FACILITATORS | PLANNERS,
    Action.ANSWER_SEAT: FACILITATORS | PLANNERS | {Role.GUARDIAN},
    Action.PLAN_SCHOOL: FACILITATORS | SUPERVISORS | PLANNERS | {Role.GUARDIAN},
    Action.TELL_ABSENCE: FACILITATORS,
    Action.CALL_MISSING: FACILITATORS,
    Action.LOG_CALLS: FACILITATORS | PLANNERS,
    Action.SEE_CLINIC: READERS,
    Action.TAKE_CLINIC: OFFICE,
    Action.SEE_MEASURES: FACILITATORS | SUPERVISORS | ADMINISTRATORS,
    Action.READ_MEASURES: FACILITATORS | SUPERVISORS,
    Action.READ_OWN_MEASURES: PARTICIPANT,
    Action.READ_SAFETY_PATH: WORKFORCE,
    Action.WRITE_SAFETY_PATH: SUPERVISORS | ADMINISTRATORS,
    Action.SEE_PEOPLE: WORKFORCE,
    Action.MANAGE_PEOPLE: frozenset({Role.ADMINISTRATOR}),
    Action.SET_UP: frozenset({Role.ADMINISTRATOR}),
    Action.SEE_SCHEDULE: WORKFORCE,
    Action.SEE_MEMBERS: WORKFORCE,
    Action.SEE_ENROLMENT: WORKFORCE,
    Action.PLACE_EVERYBODY: SUPERVISORS | PLANNERS,
    Action.CHANGE_MEETING: OFFICE | PLANNERS,
    Action.PLAN_SCHEDULE: SUPERVISORS | PLANNERS,
    Action.READ_OWN_CALENDAR: EVERYBODY,
    Action.WRITE_AGREEMENTS: OFFICE,
    Action.PASS_THE_DOOR: PARTICIPANT,
    Action.OPEN_CONSENTS: PARTICIPANT | {Role.GUARDIAN} | WORKFORCE,
    Action.READ_CONSENTS: WORKFORCE,
    Action.KEEP_PAPER_CONSENT: OFFICE,
    Action.REMIND_TO_SIGN: OFFICE | PLANNERS,
    Action.WRITE_CONSENTS: frozenset({Role.ADMINISTRATOR}),
    Action.READ_LICENCES: WORKFORCE,
    Action.KEEP_LICENCES: frozenset({Role.ADMINISTRATOR}),
    Action.SEE_WARDS: frozenset({Role.GUARDIAN}),
    Action.SEE_FAMILY: STAFF,
    Action.SHARE_GOALS: FACILITATORS,
    Action.INVITE_FAMILY: OFFICE | PLANNERS,
    Action.KEEP_GUARDIANS: OFFICE,
    Action.READ_LIBRARY: WORKFORCE,
    Action.WRITE_LIBRARY: OFFICE,
    Action.KEEP_ACCOUNT: EVERYBODY,
    Action.SEE_ACCOUNTS: ADMINISTRATORS | {Role.AUDITOR},
    Action.KEEP_ACCOUNTS: ADMINISTRATORS,
    Action.SEE_AUDIT: ADMINISTRATORS | SUPERVISORS | {Role.AUDITOR},
    Action.READ_ANY_RECORD: frozenset({Role.AUDITOR}),
    Action.BREAK_GLASS: WRITERS,
    Action.NOTE_GLASS: ADMINISTRATORS,
}
"""In a session, the role is what its list says; elsewhere, what somebody is to the clinic."""


READINGS: frozenset[Action] = frozenset(
    {
        Action.READ_RECORD,
        Action.READ_SHOWN_WEEK,
        Action.READ_ANY_RECORD,
        Action.READ_NOTEBOOK,
        Action.READ_STATEMENT,
        Action.TAKE_HOURS,
        Action.TAKE_PAPERS,
        Action.SEE_WEEKS,
        Action.TAKE_WEEKS,
        Action.TELL_AWAY,
        Action.AGREE_MAKE_UPS,
        Action.KEEP_WAITING_LISTS,
        Action.ANSWER_SEAT,
        Action.SEE_CLINIC,
        Action.TAKE_CLINIC,
        Action.SEE_MEASURES,
        Action.READ_MEASURES,
        Action.SEE_ENROLMENT,
        Action.PLAN_SCHOOL,
        Action.PLACE_EVERYBODY,
        Action.CALL_MISSING,
        Action.LOG_CALLS,
        Action.SEE_PEOPLE,
        Action.MANAGE_PEOPLE,
        Action.READ_CONSENTS,
        Action.SEE_WARDS,
        Action.SEE_FAMILY,
        Action.INVITE_FAMILY,
        Action.KEEP_GUARDIANS,
        Action.SEE_ACCOUNTS,
        Action.SEE_AUDIT,
    }
)
"""What shows other people's records: each time stands in the audit log. One's own is not among it."""
NAMINGS: frozenset[Action] = frozenset({Action.SEE_MEMBERS, Action.SEE_DUE_NOTES})
"""So does what shows who is treated at all (42 CFR 2.12). Whom it names is known once it is made, and to look at a page
again within the hour is one reading of the same people."""


def may(role: Role, action: Action) -> bool:
    return role in MAY[action]


def allows(role: Role | None, command: type[c.Command]) -> bool:
    """Whether `role` (None: the server itself) may ask `command`."""
    roles = ALLOWED[command]
    return not roles if role is None else role in roles


def check(by: Actor, command: c.Command) -> None:
    if not allows(by.role, type(command)):
        raise Refusal("not_allowed", "This is not something you can do in this session.")
