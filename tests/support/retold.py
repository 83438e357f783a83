"""An exported log told to the oracle: raw facts in, a second opinion on everybody's minutes out."""

from __future__ import annotations

import json
from typing import Any

from tests.support.oracle import Oracle

STAFF_ROLES = ("facilitator", "cofacilitator", "observer", "supervisor")


def oracle_of(log: str) -> Oracle:
    """What the oracle makes of JSON lines as `python -m server export` writes them. It reads no code of ours."""
    oracle: Oracle | None = None
    staff: set[str] = set()
    previous = 0
    for line in log.splitlines():
        record = json.loads(line)
        at, event = record["at"], record["data"]
        if record["type"] == "SessionOpened":
            oracle = _opened(event)
            staff = {each["person"] for each in event["roster"] if each["role"] in STAFF_ROLES}
        assert oracle is not None, "a log begins with its opening"
        _tell(oracle, record["type"], at, event, staff, previous)
        previous = at
    assert oracle is not None
    return oracle


def _opened(event: dict[str, Any]) -> Oracle:
    rules = event["rules"]
    uncounted = {each["id"] for each in event["plan"]["segments"] if each["kind"] in rules["uncounted"]}
    return Oracle(uncounted=uncounted, credit_ms_max=rules["server_gap_credit_ms_max"])


def _tell(oracle: Oracle, kind: str, at: int, event: dict[str, Any], staff: set[str], previous: int) -> None:
    match kind:
        case "ConnectionOpened":
            oracle.opened(at, event["connection"], event["person"])
            if event["person"] in staff:
                oracle.sat(at, event["person"])
        case "MediaConnected":
            oracle.opened(at, event["peer"], event["person"], media=True)
        case "ConnectionClosed":
            oracle.lost(at, event["connection"], event["heard"])
        case "MediaLost":
            oracle.lost(at, event["peer"], event["heard"])
        case "Heard":
            for source, instant in event["heard"].items():
                oracle.heard(at, source, instant)
        case "Admitted":
            oracle.sat(at, event["person"])
        case "PersonLeft" | "MovedToWaiting" | "PersonRemoved":
            oracle.rose(at, event["person"])
        case "AttendanceCorrected":
            name, person, present = event["correction"], event["person"], event["present"]
            oracle.corrected(name, person, event["start"], event["end"], present=present)
        case "CorrectionTakenBack":
            oracle.took_back(event["correction"])
        case "SessionStarted":
            oracle.began(at, event["segment"])
        case "SegmentEntered":
            oracle.moved(at, event["segment"])
        case "MoveUndone":
            oracle.undone()
        case "SessionEnded":
            oracle.finished(at)
        case "ServerTookOver" if event["gap_from"] is not None:
            oracle.crashed(event["gap_from"], at)
