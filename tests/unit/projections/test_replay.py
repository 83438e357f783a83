"""A session told again from its file (server/projections/replay.py, server/store/LOGFORMAT.md)."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.events import Event, Recorded
from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.projections.replay import BadLog, lines_of, report
from server.store import chain, codec
from tests.support.events import EVENTS
from tests.support.sessions import FIGURES, STARTED, ended_session, signed_session

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "tests/vectors/session.jsonl"
OLD_EXAMPLE = ROOT / "tests/vectors/session-short-rules.jsonl"
"""The same evening as it was written when rule sets said nothing yet of days, weeks, units and dates."""
FORMAT = ROOT / "server/store/LOGFORMAT.md"


def told(lines: list[bytes]) -> dict[str, Any]:
    return report(lines_of(io.BytesIO(b"\n".join(lines))))


def example() -> list[bytes]:
    return EXAMPLE.read_bytes().splitlines()


def seconds(intervals: list[list[int]]) -> list[tuple[float, float]]:
    return [((start - STARTED) / 1_000, (end - STARTED) / 1_000) for start, end in intervals]


def test_the_example_gives_the_figures_worked_out_by_hand() -> None:
    people = {each["person"]: each for each in told(example())["people"]}
    for person, figures in FIGURES.items():
        row = people[person]
        names = ("present_ms", "gap_credit_ms", "counted_ms", "countable_min")
        assert tuple(row[name] for name in names) == figures
    assert seconds(people["p-robin"]["intervals"]) == [(0, 1000), (1011, 1500)]
    assert seconds(people["p-sam"]["intervals"]) == [(0, 300), (360, 1000), (1012, 1500)]
    assert seconds(people["p-noor"]["intervals"]) == [(200, 1000), (1013, 1200)]
    assert people["p-kim"]["intervals"] == []
    assert seconds(people["p-noor"]["gap_credit"]) == [(1000, 1013)]
    assert people["p-noor"]["by_segment"] == {"check-in": 400_000, "break": 300_000, "process": 300_000}
    assert (people["p-noor"]["late_ms"], people["p-noor"]["left_early_ms"]) == (200_000, 300_000)
    assert people["p-sam"]["clock_ms"] == 1_500_000


def test_the_example_gives_the_hours_of_its_signed_notes() -> None:
    whole = told(example())
    assert {each["person"]: each["countable_min"] for each in whole["hours"]} == {
        person: figures[3] for person, figures in FIGURES.items()
    }
    assert {each["week"] for each in whole["hours"]} == {"2026-09-21"}
    assert [each["evidence"] for each in whole["hours"]] == [[1, 29], [1, 31], [1, 33], [1, 35]]


def test_segments_and_server_gaps_are_told() -> None:
    whole = told(example())
    assert [(each["segment"], each["counts"], seconds(each["spans"])) for each in whole["segments"]] == [
        ("check-in", True, [(0, 600)]),
        ("break", False, [(600, 900)]),
        ("process", True, [(900, 1500)]),
    ]
    assert seconds([[gap["start"], gap["end"]] for gap in whole["server_gaps"]]) == [(1000, 1010)]
    assert whole["session"]["phase"] == "ended"
    assert whole["session"]["records"] == 36


def test_the_hash_is_that_of_the_store() -> None:
    expected = chain.genesis("log", "s-example")
    for line in example():
        expected = chain.link(expected, line)
    assert told(example())["session"]["log_hash"] == expected


def test_the_example_is_what_the_room_writes_today() -> None:
    assert example() == [codec.encode(record) for record in signed_session("s-example").records]


def test_a_log_with_a_rule_set_of_old_gives_the_same_figures() -> None:
    old, new = told(OLD_EXAMPLE.read_bytes().splitlines()), told(example())
    assert b"week_start" in example()[0] and b"week_start" not in OLD_EXAMPLE.read_bytes()
    assert (old["people"], old["segments"]) == (new["people"], new["segments"])
    assert [_but_hashes(each) for each in old["hours"]] == [_but_hashes(each) for each in new["hours"]]


def _but_hashes(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in ("evidence_hash", "note_hash")}


def test_a_session_that_still_runs_is_told_as_of_its_last_record() -> None:
    lines = [codec.encode(record) for record in ended_session().records if record.seq <= 14]
    whole = told(lines)
    assert (whole["session"]["phase"], whole["session"]["until"]) == ("running", STARTED + 300_000)
    assert {each["person"]: each["present_ms"] for each in whole["people"]}["p-sam"] == 300_000


def test_a_log_written_by_hand_is_read() -> None:
    """Spaces, another order, fields left out that have a default, line ends of Windows, empty lines, no notes."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in example()[:27]]
    lines = [b"", b"   "]
    for row in rows:
        kept = {name: value for name, value in reversed(row.items()) if value is not None}
        kept["data"].pop("seats_min", None)
        for segment in kept["data"].get("plan", {}).get("segments", []):
            segment.pop("card")
        lines.append(b"  " + json.dumps(kept, indent=None, separators=(", ", ": ")).encode() + b" \r")
    whole = told(lines)
    assert {each["person"]: each["countable_min"] for each in whole["people"]}["p-noor"] == 11
    assert whole["hours"] == []


# --------------------------------------------------------------- rubbish


def edited(number: int, **changes: Any) -> list[bytes]:
    lines = example()
    row = json.loads(lines[number - 1])
    data = row["data"] | changes.pop("data", {})
    lines[number - 1] = json.dumps(row | changes | {"data": data}).encode()
    return lines


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "There is no record in it"),
        ([b"", b" "], "There is no record in it"),
        ([b"rubbish"], "Line 1: not a record"),
        ([b"\x00\xff\xfe"], "Line 1: not a record"),
        ([b"PK\x03\x04 not a log at all", b"\n"], "Line 1: not a record"),
        (example()[1:], "Line 1: record 1 should be here, not record 2"),
        ([*example()[:4], *example()[5:]], "Line 5: record 5 should be here, not record 6"),
        ([*example()[:5], *example()[4:]], "Line 6: record 6 should be here, not record 5"),
        (edited(2, at=5), "Line 2: its time is 1790027879995 ms before"),
        (edited(2, type="Party"), "Line 2: there is no event of type 'Party'"),
        (edited(3, data={"person": 3}), "Line 3: not a record: .*person"),
        (edited(3, data={"color": "red"}), "Line 3: ConnectionOpened has no field data.color"),
        (edited(14, data={"heard": {"c-ada-1": "soon"}}), "Line 14: not a record"),
        (edited(30, data={"content": {"figures": {"countable_min": 999}}}), "Line 30: .*says countable_min 999"),
        (edited(30, data={"evidence": [1, 400]}), "Line 30: .*its evidence"),
        (edited(30, by=None), "Line 30: .*signed by nobody"),
        ([b'{"seq":1,"at":1,"type":"HandRaised","data":{"person":"p"}}'], "Line 1: record 1: no session is open"),
        ([example()[0], example()[0].replace(b'"seq":1', b'"seq":2')], "Line 2: .*opens the session again"),
        ([b"{" * 2_000_000], "Line 1: the line is 1000002 bytes long"),
        (edited(1, data={"rules": {"id": "x"}}), "Line 1: not a record"),
    ],
)
def test_rubbish_is_named_by_its_line(lines: list[bytes], words: str) -> None:
    with pytest.raises(BadLog, match=words):
        told(lines)


def test_any_one_line_left_out_doubled_or_swapped_is_named() -> None:
    lines = example()
    for number in range(len(lines) - 1):
        for bad in (
            [*lines[:number], *lines[number + 1 :]],
            [*lines[: number + 1], *lines[number:]],
            [*lines[:number], lines[number + 1], lines[number], *lines[number + 2 :]],
        ):
            with pytest.raises(BadLog, match=r"^Line \d+: "):
                told(bad)


@given(st.lists(st.tuples(EVENTS, st.sampled_from([None, "p-ada", "p-robin", "p-eve"])), max_size=8))
def test_any_events_in_any_order_are_told_or_refused_in_words(events: list[tuple[Event, str | None]]) -> None:
    lines = example()[:20]
    for seq, (event, by) in enumerate(events, 21):
        record = Recorded(seq=seq, at=Instant(STARTED + seq * 60_000), event=event, by=PersonId(by) if by else None)
        lines.append(codec.encode(record))
    try:
        whole = told(lines)
    except BadLog:
        return
    for person in whole["people"]:
        assert 0 <= person["countable_min"] * 60_000 <= person["counted_ms"]
        assert person["counted_ms"] <= person["present_ms"] + person["gap_credit_ms"] <= person["clock_ms"]


# --------------------------------------------------------------- the command


def run(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "server", *words]
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, check=False)


def test_the_command_prints_json_from_a_file_or_from_standard_input() -> None:
    from_file = run("replay", str(EXAMPLE))
    from_input = run("replay", "-", given=EXAMPLE.read_bytes())
    assert (from_file.returncode, from_file.stderr) == (0, b"")
    assert from_file.stdout == from_input.stdout
    assert json.loads(from_file.stdout) == told(example())


def test_the_command_says_in_words_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_bytes(b"rubbish")
    bad = run("replay", str(tmp_path / "bad.jsonl"))
    assert (bad.returncode, bad.stdout) == (1, b"")
    assert b"bad.jsonl: Line 1: not a record" in bad.stderr
    assert b"Traceback" not in bad.stderr
    missing = run("replay", str(tmp_path / "none.jsonl"))
    assert missing.returncode == 2
    assert b"No such file" in missing.stderr


# --------------------------------------------------------------- the document


def test_the_document_names_every_event_and_every_field() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", FORMAT.read_text(), re.MULTILINE))
    rows = {name: text for name, text in rows.items() if name[0].isupper()}
    assert rows.keys() == codec.EVENTS.keys()
    for name, kind in codec.EVENTS.items():
        for field in kind.__dataclass_fields__:
            assert f"`{field}`" in rows[name], f"{name}.{field}"


def test_the_document_shows_a_line_of_the_example() -> None:
    (shown,) = re.findall(r"```json\n(.*?)\n```", FORMAT.read_text())
    assert shown.encode() in example()
