"""The charts show what was measured, and nothing where nothing was."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from tests.load.media.experiments import Seen
from tests.load.media.plot import BEGIN, END, Series, draw, nice_step, series, table, written
from tests.unit.load.outcomes import outcome

SVG = "{http://www.w3.org/2000/svg}"


def seen(arrived: int, cpu_s: float) -> Seen:
    return Seen(outcome=outcome(arrived=arrived), cpu_s=cpu_s)


FOUND = {"janus": {4: seen(1_000, 0.05), 8: seen(4_000, 0.10)}, "milieu-native": {4: seen(1_000, 0.01)}}


def test_every_point_is_drawn_and_every_line_is_named() -> None:
    chart = ElementTree.fromstring(draw("Cost", "people", series(FOUND)))
    assert len(chart.findall(f"{SVG}circle")) == 3
    words = [text.text for text in chart.findall(f"{SVG}text")]
    assert {"Cost", "people", "4", "8", "Janus", "Milieu, native"} <= set(words)


def test_twice_the_cost_is_twice_as_high() -> None:
    chart = ElementTree.fromstring(
        draw("Cost", "people", [Series(name="janus", points=((1, 0.0), (2, 5.0), (3, 10.0)))])
    )
    first, second, third = (float(circle.attrib["cy"]) for circle in chart.findall(f"{SVG}circle"))
    assert first - second == pytest.approx(second - third, abs=0.2)


def test_names_of_lines_that_end_at_one_place_do_not_cover_each_other() -> None:
    chart = ElementTree.fromstring(
        draw("Cost", "people", [Series(name=name, points=((1, 5.0), (2, 9.0))) for name in ("janus", "milieu-native")])
    )
    heights = [
        float(text.attrib["y"]) for text in chart.findall(f"{SVG}text") if text.text in ("Janus", "Milieu, native")
    ]
    assert abs(heights[0] - heights[1]) >= 14


@pytest.mark.parametrize(("highest", "step"), [(100.0, 20.0), (43.0, 10.0), (7.0, 2.0), (0.9, 0.2)])
def test_grid_lines_are_round_numbers(highest: float, step: float) -> None:
    assert nice_step(highest) == pytest.approx(step)


def test_nothing_is_not_drawn() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        draw("Cost", "people", [])


def test_the_table_has_a_dash_where_a_server_could_no_more() -> None:
    assert table("people", FOUND, (4, 8, 12)) == [
        "| people | Janus | Milieu, native |",
        "|---|---|---|",
        "| 4 | 50.0 µs, 5% | 10.0 µs, 1% |",
        "| 8 | 25.0 µs, 10% | – |",
    ]


def test_only_the_marked_part_of_the_readme_is_written() -> None:
    assert written(f"a\n{BEGIN}\nold\n{END}\nb", "new") == f"a\n{BEGIN}\nnew\n{END}\nb"
    with pytest.raises(ValueError, match="no place"):
        written("a", "new")
