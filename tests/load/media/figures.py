"""From what was seen to the figures that are quoted: arithmetic alone."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

AIMS = {
    "media.cpu_native_vs_janus": "≤ 0.30",
    "media.cpu_python_vs_janus": "≤ 0.60",
    "media.p99_native_vs_janus": "≤ 0.5",
    "media.rate_native_vs_janus": "≥ 3",
    "media.cpu_native_vs_floor": "≤ 1.5",
    "media.rooms_per_core_vs_janus": "≥ 8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the bench. `n` is how many packets, rooms or joins the value rests on."""

    figure: str
    value: float
    unit: str
    better: str
    against: str
    n: int

    def line(self) -> str:
        return json.dumps(
            {
                "figure": self.figure,
                "value": round(self.value, 3),
                "unit": self.unit,
                "better": self.better,
                "against": self.against,
                "n": self.n,
            },
            ensure_ascii=False,
        )


def ratio_of_rounds(mine: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of what each round came to: rounds are compared with themselves, since machines change their mood.

    Raises ValueError for rounds that do not pair, or that divide by nothing.
    """
    if not mine or len(mine) != len(theirs):
        raise ValueError("rounds do not pair")
    if min(theirs) <= 0:
        raise ValueError("nothing to compare with")
    return statistics.median(a / b for a, b in zip(mine, theirs, strict=True))


def short(name: str) -> str:
    """'python' or 'native' for a core of Milieu's, as figures name it."""
    return name.removeprefix("milieu-")


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` (0..1) of them do not exceed. Raises ValueError without any."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(len(values) * share - 1e-9) - 1)]
