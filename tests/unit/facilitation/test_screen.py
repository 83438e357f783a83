from __future__ import annotations

import pytest

from facilitation import commands as c
from facilitation import effects as e
from facilitation import events as v
from facilitation.ids import PersonId
from facilitation.state import replay
from facilitation.views import room_part, staff_part, you_part
from tests.support.meeting import COLE, FAY, OLA, ROBIN, SAM, Meeting, running


def shown(meeting: Meeting) -> PersonId | None:
    screen: PersonId | None = room_part(meeting.state, "group")["screen"]
    return screen


def test_a_facilitator_shows_their_screen_and_the_gate_opens() -> None:
    meeting = running(ROBIN)
    assert meeting.do(c.ShareScreen(on=True), FAY) == (v.ScreenShared(person=FAY, on=True),)
    assert meeting.effects == [e.Forward(person=FAY, microphone=False, camera=False, screen=True)]
    assert shown(meeting) == FAY
    assert room_part(meeting.state, "outside")["screen"] is None
    meeting.do(c.SetMedia(microphone=True, camera=True), FAY)
    assert meeting.effects == [e.Forward(person=FAY, microphone=True, camera=True, screen=True)], "it stays open"
    meeting.do(c.ShareScreen(on=False), FAY)
    assert meeting.effects == [e.Forward(person=FAY, microphone=True, camera=True, screen=False)]
    assert shown(meeting) is None


def test_a_participant_shows_theirs_once_they_may_and_no_longer_than_that() -> None:
    meeting = running(ROBIN)
    assert meeting.refused(c.ShareScreen(on=True), ROBIN) == "may_not_share"
    assert not you_part(meeting.state, ROBIN, meeting.now)["may_share"]
    meeting.do(c.AllowSharing(person=ROBIN), FAY)
    assert you_part(meeting.state, ROBIN, meeting.now)["may_share"]
    assert [one["may_share"] for one in staff_part(meeting.state, meeting.now)["people"] if one["person"] == ROBIN] == [
        True
    ]
    meeting.do(c.ShareScreen(on=True), ROBIN)
    assert shown(meeting) == ROBIN
    meeting.do(c.AllowSharing(person=ROBIN, on=False), FAY)
    assert shown(meeting) is None
    assert meeting.refused(c.ShareScreen(on=True), ROBIN) == "may_not_share"


def test_only_one_screen_is_shown_at_a_time() -> None:
    meeting = running(ROBIN)
    meeting.join(COLE)
    meeting.do(c.ShareScreen(on=True), FAY)
    assert meeting.do(c.ShareScreen(on=True), FAY) == ()
    assert meeting.refused(c.ShareScreen(on=True), COLE) == "screen_taken"
    meeting.do(c.StopSharing(person=FAY), COLE)
    meeting.do(c.ShareScreen(on=True), COLE)
    assert shown(meeting) == COLE


def test_the_screen_of_who_lost_their_line_gives_way() -> None:
    meeting = Meeting()
    line = meeting.join(FAY)
    meeting.join(COLE)
    meeting.start()
    meeting.do(c.ShareScreen(on=True), FAY)
    meeting.lose(line)
    assert shown(meeting) == FAY, "perhaps they are back in a moment"
    meeting.do(c.ShareScreen(on=True), COLE)
    assert shown(meeting) == COLE


@pytest.mark.parametrize(
    "out", [c.MoveToWaiting(person=ROBIN), c.Remove(person=ROBIN), c.Leave(), c.QuickExit(), c.Shield(on=True)]
)
def test_who_is_out_of_the_room_or_hidden_shows_nothing(out: c.Command) -> None:
    meeting = running(ROBIN)
    meeting.do(c.AllowSharing(person=ROBIN), FAY)
    meeting.do(c.ShareScreen(on=True), ROBIN)
    meeting.do(out, FAY if isinstance(out, c.MoveToWaiting | c.Remove) else ROBIN)
    assert shown(meeting) is None
    assert e.Forward(person=ROBIN, microphone=False, camera=False, screen=False) in meeting.effects
    if isinstance(out, c.Shield):
        assert meeting.refused(c.ShareScreen(on=True), ROBIN) == "shielded"
    assert replay(meeting.log) == meeting.state


def test_nobody_else_may_share_allow_or_stop() -> None:
    meeting = running(ROBIN, SAM)
    meeting.join(OLA)
    assert meeting.refused(c.ShareScreen(on=True), OLA) == "not_allowed"
    for command in (c.AllowSharing(person=ROBIN), c.StopSharing(person=FAY)):
        assert meeting.refused(command, ROBIN) == "not_allowed"
    assert meeting.refused(c.AllowSharing(person=COLE), FAY) == "not_a_participant"
    assert meeting.do(c.StopSharing(person=SAM), FAY) == ()


def test_a_screen_ends_with_the_session() -> None:
    meeting = running(ROBIN)
    meeting.do(c.ShareScreen(on=True), FAY)
    meeting.end()
    assert shown(meeting) is None
