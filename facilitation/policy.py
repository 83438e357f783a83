"""Who may ask what: one table of roles and commands. Nothing else in Milieu decides on rights."""

from __future__ import annotations

from facilitation import commands as c
from facilitation.errors import Refusal
from facilitation.people import Actor, Role

PARTICIPANT = frozenset({Role.PARTICIPANT})
FACILITATORS = frozenset({Role.FACILITATOR, Role.COFACILITATOR})
SUPERVISORS = frozenset({Role.SUPERVISOR})
SPEAKERS = PARTICIPANT | FACILITATORS
ANYONE = frozenset(Role)
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
    # Facts, reported by the server.
    c.OpenSession: SERVER,
    c.ExpectPerson: SERVER,
    c.ListGoals: SERVER,
    c.KeepCounsellingNote: SERVER,
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
    }
)
"""What people may still ask once the session has ended."""

SIGNATURES: frozenset[type[c.Command]] = frozenset({c.SignNote, c.CosignNote, c.AmendHours})
"""What somebody answers for with their name: asked for only after they have just proven who they are."""


def allows(role: Role | None, command: type[c.Command]) -> bool:
    """Whether `role` (None: the server itself) may ask `command`."""
    roles = ALLOWED[command]
    return not roles if role is None else role in roles


def check(by: Actor, command: c.Command) -> None:
    if not allows(by.role, type(command)):
        raise Refusal("not_allowed", "This is not something you can do in this session.")
