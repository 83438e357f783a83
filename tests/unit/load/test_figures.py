"""The arithmetic between what was seen and what is quoted."""

from __future__ import annotations

import json

import pytest

from tests.load.media.experiments import Seen, highest
from tests.load.media.figures import Figure, percentile, ratio_of_rounds, short
from tests.unit.load.outcomes import outcome


def test_rounds_are_compared_with_themselves_before_the_median_is_taken() -> None:
    assert ratio_of_rounds([1.0, 20.0, 3.0], [2.0, 40.0, 3.0]) == 0.5


@pytest.mark.parametrize(("mine", "theirs"), [([], []), ([1.0], [1.0, 2.0]), ([1.0], [0.0])])
def test_rounds_that_cannot_be_compared_give_no_figure(mine: list[float], theirs: list[float]) -> None:
    with pytest.raises(ValueError, match=r"rounds|compare"):
        ratio_of_rounds(mine, theirs)


def test_a_figure_is_one_line_of_json() -> None:
    line = Figure(figure="media.x", value=0.12345, unit="ratio", better="lower", against="Janus", n=7).line()
    assert "\n" not in line
    assert json.loads(line) == {
        "figure": "media.x", "value": 0.123, "unit": "ratio", "better": "lower", "against": "Janus", "n": 7,
    }  # fmt: skip


def test_the_95th_percentile_of_twenty_is_the_nineteenth() -> None:
    assert percentile(list(range(1, 21)), 0.95) == 19
    assert percentile([5.0], 0.95) == 5.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.95)


def test_a_core_is_named_without_the_products_name() -> None:
    assert short("milieu-native") == "native"


def test_what_a_packet_costs_is_divided_by_packets_that_arrived() -> None:
    assert Seen(outcome=outcome(arrived=1_000, expected=2_000), cpu_s=0.01).cpu_us == 10.0
    assert Seen(outcome=outcome(arrived=0), cpu_s=0.01).cpu_us == float("inf")


def test_one_missing_packet_ends_losslessness_but_not_a_good_evening() -> None:
    seen = Seen(outcome=outcome(expected=10_000, arrived=9_999, missing=1), cpu_s=1.0)
    assert not seen.is_lossless
    assert seen.is_good


@pytest.mark.parametrize("fault", ["twice", "broken", "undecrypted", "wrong", "stray"])
def test_no_run_with_a_fault_is_good(fault: str) -> None:
    seen = Seen(outcome=outcome(expected=10_000, arrived=10_000, **{fault: 1}), cpu_s=1.0)
    assert not seen.is_lossless
    assert not seen.is_good


def test_a_server_that_loses_nothing_but_is_late_does_not_keep_up() -> None:
    seen = Seen(outcome=outcome(expected=10, arrived=10, p99_ms=80.0), cpu_s=1.0)
    assert not seen.is_lossless
    assert not seen.is_good


def test_nothing_expected_is_nothing_proven() -> None:
    assert not Seen(outcome=outcome(expected=0, arrived=0), cpu_s=1.0).is_lossless


async def test_the_highest_value_that_holds_is_found_from_below() -> None:
    tried: list[float] = []

    async def holds(value: float) -> bool:
        tried.append(value)
        return value <= 37.0

    found = await highest(holds, 2.0, step=2.0, finest=1.05)
    assert found <= 37.0 < found * 1.05
    assert len(tried) < 25


async def test_a_single_failure_is_tried_again() -> None:
    tried: set[float] = set()

    async def holds(value: float) -> bool:
        again = value in tried
        tried.add(value)
        return again and value <= 10.0

    assert await highest(holds, 2.0, step=2.0, finest=1.3) >= 8.0


async def test_what_does_not_hold_at_the_start_is_nothing() -> None:
    async def never(_: float) -> bool:
        return False

    assert await highest(never, 2.0, step=2.0, finest=1.1) == 0.0
