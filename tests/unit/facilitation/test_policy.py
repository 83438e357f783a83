from __future__ import annotations

from typing import get_args

import pytest

from facilitation import commands as c
from facilitation import policy
from facilitation.people import Role

WHO: dict[type[c.Command], str] = {
    # p: participant, f: facilitator, c: cofacilitator, o: observer, u: supervisor, s: the server
    c.Arrive: "p",
    c.SetMedia: "pfcou",
    c.ShareScreen: "pfc",
    c.AllowSharing: "fc",
    c.StopSharing: "fc",
    c.RaiseHand: "pfcou",
    c.LowerHand: "pfcou",
    c.Shield: "pfcou",
    c.Leave: "pfcou",
    c.QuickExit: "pfcou",
    c.SendChat: "pfc",
    c.React: "pfc",
    c.SaveForm: "p",
    c.SubmitForm: "p",
    c.ShareAnswer: "p",
    c.AnswerItem: "p",
    c.HandInMeasure: "p",
    c.PutOffMeasure: "p",
    c.ChooseSkill: "fc",
    c.OpenExercise: "fc",
    c.StepExercise: "fc",
    c.GroupExercise: "fc",
    c.ShowResults: "fc",
    c.CloseExercise: "fc",
    c.JoinExercise: "p",
    c.AnswerExercise: "pfc",
    c.ShareExerciseAnswer: "pfc",
    c.OpenRound: "fc",
    c.MoveRoundOn: "pfc",
    c.PassTurn: "pfc",
    c.AskMeLater: "pfc",
    c.JoinRound: "pfc",
    c.ChooseNext: "fc",
    c.GoBackInRound: "fc",
    c.ExtendTurn: "fc",
    c.CloseRound: "fc",
    c.Admit: "fc",
    c.AdmitAll: "fc",
    c.MoveToWaiting: "fc",
    c.Remove: "fc",
    c.MutePerson: "fc",
    c.AskToUnmute: "fc",
    c.StartSession: "fc",
    c.Advance: "fc",
    c.GoBack: "fc",
    c.UndoMove: "fc",
    c.Extend: "fc",
    c.Skip: "fc",
    c.Pause: "fc",
    c.Resume: "fc",
    c.Replan: "fc",
    c.EndSession: "fc",
    c.TakeLead: "fc",
    c.DisposeFlag: "fc",
    c.EditNote: "fc",
    c.EditSection: "fc",
    c.AddressGoals: "fc",
    c.NameSkills: "fc",
    c.SayLocation: "fc",
    c.SignNote: "fc",
    c.AddAddendum: "fc",
    c.CosignNote: "u",
    c.ReturnNote: "u",
    c.StillHere: "p",
    c.DisputeMinutes: "p",
    c.TakeBackDispute: "p",
    c.AnswerDispute: "fc",
    c.CorrectAttendance: "fc",
    c.TakeBackCorrection: "fc",
    c.AmendHours: "fc",
    c.ExplainAbsence: "fc",
    c.LinkMakeUp: "fc",
    c.ReachOut: "fc",
    c.OpenSession: "s",
    c.ExpectPerson: "s",
    c.ListGoals: "s",
    c.OfferMeasures: "s",
    c.TellAbsence: "s",
    c.AgreeMakeUp: "s",
    c.KeepCounsellingNote: "s",
    c.CheckDoor: "s",
    c.TakeOver: "s",
    c.OpenConnection: "s",
    c.CloseConnection: "s",
    c.ConnectMedia: "s",
    c.LoseMedia: "s",
    c.Pulse: "s",
    c.Tick: "s",
}
ASKERS: dict[str, Role | None] = {
    "p": Role.PARTICIPANT,
    "f": Role.FACILITATOR,
    "c": Role.COFACILITATOR,
    "o": Role.OBSERVER,
    "u": Role.SUPERVISOR,
    "s": None,
}


def test_the_table_speaks_of_every_command() -> None:
    assert set(policy.ALLOWED) == set(get_args(c.Command)) == set(WHO)


@pytest.mark.parametrize("asker", ASKERS)
def test_the_table_says_who_may_ask_what(asker: str) -> None:
    allowed = {command for command in WHO if policy.allows(ASKERS[asker], command)}
    assert allowed == {command for command, who in WHO.items() if asker in who}
