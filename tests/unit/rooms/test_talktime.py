from __future__ import annotations

from facilitation.timebase import Instant
from server.rooms.talktime import TOLD_EVERY_MS, TalkTime


def test_time_runs_from_one_telling_to_the_next() -> None:
    talk = TalkTime()
    talk.heard(["p-1"], Instant(1_000), counts=True)
    talk.heard(["p-1", "p-2"], Instant(3_000), counts=True)
    talk.heard([], Instant(4_500), counts=True)
    talk.heard(["p-2"], Instant(60_000), counts=True)
    assert talk.spoken_ms == {"p-1": 3_500, "p-2": 1_500}


def test_it_goes_on_from_what_the_server_before_had_heard() -> None:
    talk = TalkTime({"p-1": 60_000})
    talk.heard(["p-1", "p-2"], Instant(0), counts=True)
    talk.heard([], Instant(1_000), counts=True)
    assert talk.spoken_ms == {"p-1": 61_000, "p-2": 1_000}


def test_before_the_session_runs_nobody_is_counted() -> None:
    talk = TalkTime()
    talk.heard(["p-1"], Instant(0), counts=False)
    talk.heard(["p-1"], Instant(9_000), counts=True)
    talk.heard([], Instant(10_000), counts=True)
    assert talk.spoken_ms == {"p-1": 1_000}


def test_it_is_told_now_and_then_and_time_never_runs_backwards() -> None:
    talk = TalkTime()
    assert talk.due(Instant(TOLD_EVERY_MS))
    assert not talk.due(Instant(2 * TOLD_EVERY_MS - 1))
    assert talk.due(Instant(2 * TOLD_EVERY_MS))
    talk.heard(["p-1"], Instant(5_000), counts=True)
    talk.heard([], Instant(4_000), counts=True)
    assert talk.spoken_ms == {"p-1": 0}
