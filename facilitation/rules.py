"""Rule sets: dated data that say which minutes count. Loaded from `catalog/rules.toml`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """How present minutes become countable minutes.

    `uncounted`: segment kinds that never count (breaks). `rounding`: 'floor_minute' drops the seconds of the
    whole session's sum, once. `server_gap_credit_ms_max`: a server gap of at most this counts as present for those
    who were present before it and came back within the same time after it; a longer one counts for nobody.
    `week_floor_min`: what a week should reach, by track ('adult', 'teen').
    """

    id: str
    version: str
    title: str
    source: str
    uncounted: tuple[str, ...]
    rounding: str
    server_gap_credit_ms_max: int
    week_floor_min: dict[str, int]
