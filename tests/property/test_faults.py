"""Faulted evenings, each minute compared with the oracle; and what makes sure that the comparison can fail."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest

from facilitation import agenda, attendance, crediting, prompts, room
from facilitation import commands as c
from facilitation.corrections import Correction
from facilitation.events import Recorded, ServerTookOver, Spoke
from facilitation.ids import PersonId, SourceId
from facilitation.intervals import Intervals
from facilitation.state import RoomState
from facilitation.timebase import MINUTE_MS, Instant
from tests.load import oracle
from tests.support.faults import live

EVENINGS = int(os.environ.get("MILIEU_ORACLE_EVENINGS", "200"))
PARTS = 4

EVERY_FAULT = {
    "abandoned sessions",
    "clock jumps",
    "corrections",
    "corrections taken back",
    "decisions lost with a server",
    "double presses",
    "doubled devices",
    "drops",
    "facts of nothing",
    "heard in the future",
    "kills",
    "late commands",
    "late facts",
    "lost pulses",
    "nothing kept",
    "pulses",
    "moved to the waiting room",
    "questions",
    "questions without an answer",
    "refused commands",
    "reordered facts",
    "repeated commands",
    "repeated facts",
    "returned peers",
    "returns",
    "undone moves",
}


@pytest.mark.parametrize("part", range(PARTS))
def test_no_minute_of_a_faulted_evening_is_other_than_the_oracles(part: int) -> None:
    faults: Counter[str] = Counter()
    for seed in range(part, EVENINGS, PARTS):
        lived = live(seed)
        assert lived.error_ms == 0, f"make oracle FROM={seed} N=1: {lived.error_ms} ms, {lived.where}"
        assert lived.figures > 20 and lived.records > 5
        faults += lived.faults
    if EVENINGS >= 200:
        assert set(faults) == EVERY_FAULT


def test_one_seed_is_one_evening() -> None:
    assert live(7) == live(7)
    assert live(7) != live(8)


# --------------------------------------------------------------------------- planted mistakes


def first_found(seeds: int = 40) -> int | None:
    return next((seed for seed in range(seeds) if live(seed).error_ms), None)


def test_it_is_found_when_a_lost_line_counts_until_it_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def noticed(known: attendance.Attendance, source: SourceId, heard: Instant, now: Instant) -> Instant | None:
        return now if source in known.owners else None

    monkeypatch.setattr(attendance, "last_heard", noticed)
    assert first_found() is not None


def test_it_is_found_when_a_new_server_does_not_look_at_what_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_take_over", lambda state, command, now: took_over(command, state.at))
    assert first_found() is not None


def test_it_is_found_when_a_gap_begins_with_the_log_although_the_server_lived_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def short(state: RoomState, command: c.TakeOver, now: Instant) -> room.Events:
        *proofs, _ = whole(state, command, now)
        return (*proofs, *took_over(command, state.at))

    whole = room._take_over
    monkeypatch.setattr(room, "_take_over", short)
    assert first_found(200) is not None


def took_over(command: c.TakeOver, gap_from: Instant) -> room.Events:
    first = command.epoch == 1
    return (ServerTookOver(node=command.node, epoch=command.epoch, gap_from=None if first else gap_from),)


def test_it_is_found_when_the_reach_of_a_gap_is_a_second_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance, "GAP_REACH_MS", attendance.GAP_REACH_MS + 1_000)
    assert first_found(400) is not None


def test_it_is_found_when_presence_is_a_millisecond_short(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = attendance.presence

    def short(known: attendance.Attendance, person: PersonId, until: Instant) -> Intervals:
        return tuple((start, Instant(end - 1)) for start, end in whole(known, person, until))

    monkeypatch.setattr(attendance, "presence", short)
    assert first_found() is not None


def test_it_is_found_when_an_undone_move_leaves_its_minutes_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = agenda._close_span

    def keeps(known: agenda.Agenda, at: Instant) -> agenda.Agenda:
        closed = whole(known, at)
        return replace(closed, spans=tuple(replace(span, start=Instant(span.start + 1)) for span in closed.spans))

    monkeypatch.setattr(agenda, "_close_span", keeps)
    assert first_found() is not None


def test_it_is_found_when_of_two_corrections_the_earlier_one_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = crediting.corrected

    def backwards(times: Intervals, corrections: Iterable[Correction], session: Intervals) -> Intervals:
        return whole(times, reversed(list(corrections)), session)

    monkeypatch.setattr(crediting, "corrected", backwards)
    assert first_found(200) is not None


def test_it_is_found_when_somebody_is_asked_who_has_just_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = prompts.evolve

    def deaf(known: prompts.Prompts, recorded: Recorded, before: attendance.Attendance) -> prompts.Prompts:
        return known if isinstance(recorded.event, Spoke) else whole(known, recorded, before)

    monkeypatch.setattr(prompts, "evolve", deaf)
    assert first_found(200) is not None


def test_it_is_found_when_somebody_silent_is_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "_draw_ms", lambda known, person, every_min: 26 * MINUTE_MS)
    assert first_found(200) is not None


# --------------------------------------------------------------------------- the command


def test_the_command_prints_its_figures_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert oracle.main(["6", "--from", "100", "--workers", "1"]) == 0
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[0] == {
        "figure": "attendance.max_error_ms",
        "value": 0,
        "unit": "ms",
        "better": "lower",
        "against": "a naive second opinion",
        "n": 6,
        "first_failing_seed": None,
    }
    assert lines[1]["value"] > 200
    assert "No difference in 6 evenings" in err


def test_a_difference_is_told_with_its_first_seed_and_ends_badly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    total = oracle.Total()
    for seed, error_ms in ((9, 1), (4, 700), (5, 0)):
        total.add(replace(live(5), seed=seed, error_ms=error_ms, where="present of p-1"))
    monkeypatch.setattr(oracle, "compare", lambda *_: total)
    assert oracle.main(["3"]) == 1
    out, err = capsys.readouterr()
    told = json.loads(out.splitlines()[0])
    assert (told["value"], told["first_failing_seed"], told["n"]) == (700, 4, 3)
    assert "Seed 4: 700 ms: present of p-1" in err
    assert "make oracle FROM=4 N=1" in err


@pytest.mark.parametrize("count", ["0", "-3", "many"])
def test_a_count_of_nothing_is_refused(count: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        oracle.main([count])
    assert stopped.value.code == 2
