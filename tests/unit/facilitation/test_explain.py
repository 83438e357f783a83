"""Every figure opens into pieces, and every piece into the events at its edges."""

from __future__ import annotations

from dataclasses import replace

from facilitation import commands as c
from facilitation.explain import MarkKind, Piece, Seen, marks, pieces
from facilitation.programme import PLAIN
from facilitation.timebase import MINUTE_MS
from tests.support.meeting import FAY, ROBIN, SAM, Meeting, running


def of(meeting: Meeting) -> tuple[Piece, ...]:
    return pieces(meeting.state, meeting.hours(ROBIN), meeting.now)


def told(meeting: Meeting) -> list[tuple[float, float, str, str, bool, str, str]]:
    """Pieces as minutes, segment, what was seen, whether it stands, and the words at both edges."""
    return [
        (
            (piece.start - meeting.at(0)) / MINUTE_MS,
            (piece.end - meeting.at(0)) / MINUTE_MS,
            piece.segment,
            piece.seen.value,
            piece.stands,
            "" if piece.began is None else str(piece.began.text),
            "" if piece.ended is None else str(piece.ended.text),
        )
        for piece in of(meeting)
    ]


def test_pieces_end_where_something_happened_and_say_what() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=20)
    meeting.advance()
    meeting.later(minutes=5)
    meeting.lose(next(iter(meeting.state.attendance.of(ROBIN).sources)), seconds_ago=60)
    meeting.later(minutes=5)
    meeting.connect(ROBIN)
    meeting.later(minutes=2)
    assert told(meeting) == [
        (0, 20, "check-in", "connected", True, "The session started", "Skills began"),
        (20, 24, "skills", "connected", True, "Skills began", "Connection ended"),
        (30, 32, "skills", "connected", True, "Connected again", ""),
    ]


def test_what_was_corrected_is_a_piece_of_its_own() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    meeting.do(c.Leave(), ROBIN)
    meeting.later(minutes=10)
    meeting.end()
    for start, end, present in ((12, 15, True), (2, 4, False)):
        fix = c.CorrectAttendance(
            person=ROBIN, start=meeting.at(start), end=meeting.at(end), present=present, reason="So it was."
        )
        meeting.do(fix, FAY)
    added, taken = "Counted as present by hand", "Counted as away by hand"
    assert told(meeting) == [
        (0, 2, "check-in", "connected", True, "The session started", taken),
        (2, 4, "check-in", "connected", False, taken, taken),
        (4, 10, "check-in", "connected", True, taken, "Left"),
        (12, 15, "check-in", "no", True, added, added),
    ]


def test_a_credited_server_gap_is_a_piece_of_its_own() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=5)
    meeting.hear_all()
    meeting.take_over(after_seconds=30)
    meeting.connect(ROBIN)
    meeting.later(minutes=5)
    meeting.end()
    assert [(piece.seen, piece.stands) for piece in of(meeting)] == [
        (Seen.CONNECTED, True),
        (Seen.SERVER_GAP, True),
        (Seen.CONNECTED, True),
    ]


def test_every_edge_has_an_event_once_the_session_is_over() -> None:
    meeting = running(ROBIN, SAM)
    meeting.later(minutes=3)
    meeting.do(c.MoveToWaiting(person=ROBIN), FAY)
    meeting.later(minutes=3)
    meeting.do(c.Admit(person=ROBIN), FAY)
    meeting.later(minutes=3)
    meeting.connect_media(ROBIN)
    meeting.advance()
    meeting.later(minutes=3)
    meeting.end()
    seqs = {record.seq for record in meeting.log}
    for piece in of(meeting):
        assert piece.began is not None and piece.ended is not None
        assert {piece.began.seq, piece.ended.seq} <= seqs


def test_late_away_and_early_are_named_from_the_minutes_of_the_programme_on() -> None:
    meeting = running()
    meeting.later(minutes=10)
    source = meeting.join(ROBIN)
    meeting.later(minutes=20)
    meeting.lose(source)
    meeting.later(minutes=5)
    meeting.connect(ROBIN)
    meeting.later(minutes=20)
    meeting.do(c.Leave(), ROBIN)
    meeting.later(minutes=9)
    ran = ((meeting.at(0), meeting.at(64)),)
    programme = replace(PLAIN, late_after_min=10, away_after_min=5, early_before_min=9)
    hours = meeting.hours(ROBIN)
    found = marks(programme, hours, ran, meeting.at(64))
    assert [(mark.kind, mark.start, mark.end) for mark in found] == [
        (MarkKind.LATE, meeting.at(0), meeting.at(10)),
        (MarkKind.AWAY, meeting.at(30), meeting.at(35)),
        (MarkKind.LEFT_EARLY, meeting.at(55), meeting.at(64)),
    ]
    assert marks(programme, hours, ran, None)[-1].kind is MarkKind.AWAY, "nobody has left early before the end"
    later = replace(programme, late_after_min=11, away_after_min=6, early_before_min=10)
    assert marks(later, hours, ran, meeting.at(64)) == ()
