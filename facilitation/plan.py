"""A session's plan: typed segments with planned minutes. Plans are data, loaded from `catalog/`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from facilitation.ids import SegmentId


class SegmentKind(StrEnum):
    CHECK_IN = "check_in"
    PROCESS = "process"
    SKILLS = "skills"
    PRACTICE = "practice"
    FAMILY = "family"
    BREAK = "break"
    WRAP_UP = "wrap_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One block of a plan. `card` is what the group reads while it runs (a few plain sentences)."""

    id: SegmentId
    kind: SegmentKind
    title: str
    planned_ms: int
    card: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """`id` and `version` name it for ever; `track` is 'adult' or 'teen'. Segment ids are unique."""

    id: str
    version: str
    title: str
    track: str
    segments: tuple[Segment, ...]
