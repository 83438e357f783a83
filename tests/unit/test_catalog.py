from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from facilitation.checkin import asks_about_safety
from facilitation.crediting import target_ms
from facilitation.timebase import MINUTE_MS
from server.catalog import FOLDER, CatalogError, load_catalog


@pytest.mark.parametrize(
    ("plan", "clock_min", "net_min", "blocks"),
    [
        ("adult", 200, 180, [35, 50, 10, 50, 10, 30, 15]),
        ("teen-long", 195, 180, [30, 45, 10, 50, 5, 40, 15]),
        ("teen-short", 130, 120, [20, 40, 10, 45, 15]),
    ],
)
def test_the_templates_have_the_minutes_a_day_needs(plan: str, clock_min: int, net_min: int, blocks: list[int]) -> None:
    catalog = load_catalog()
    segments = catalog.plans[plan].segments
    assert [segment.planned_ms // MINUTE_MS for segment in segments] == blocks
    assert sum(segment.planned_ms for segment in segments) == clock_min * MINUTE_MS
    assert target_ms(catalog.plans[plan], catalog.rules["exact-floor"]) == net_min * MINUTE_MS


def test_every_part_has_something_to_read() -> None:
    for plan in load_catalog().plans.values():
        for segment in plan.segments:
            assert 0 < len(segment.card) < 600, (plan.id, segment.id)


def test_a_day_short_of_its_hours_is_seen_by_track() -> None:
    assert load_catalog().rules["exact-floor"].week_floor_min == {"adult": 540, "teen": 360}


def test_safety_and_use_answers_are_asked_and_never_shareable() -> None:
    for form in load_catalog().forms.values():
        assert asks_about_safety(form)
        private = {question.id for question in form.questions if not question.shareable}
        assert {"urge-use", "urge-harm"} <= private


def test_an_urge_to_hurt_oneself_raises_a_flag_from_one_up() -> None:
    for form in load_catalog().forms.values():
        assert next(question for question in form.questions if question.id == "urge-harm").flag_at == 1


# --------------------------------------------------------------- mistakes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "catalog"))


def spoil(folder: Path, name: str, old: str, new: str) -> str:
    """Replace a text in one file and return what the catalog says then."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_catalog(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("plans.toml", "minutes = 35", "minutes = 0", "four hours"),
        ("plans.toml", "minutes = 35", 'minutes = "35"', "$.plan[0].segment[0].minutes"),
        ("plans.toml", 'kind = "process"', 'kind = "lecture"', "lecture"),
        ("plans.toml", 'id = "process"', 'id = "check-in"', "an id of its own"),
        ("plans.toml", 'track = "adult"', 'track = "elder"', "elder"),
        ("plans.toml", 'id = "teen-long"', 'id = "adult"', "given twice: adult"),
        ("plans.toml", "[[plan]]", "[[plan", "plans.toml"),
        ("rules.toml", '"break"', '"lunch"', "lunch"),
        ("rules.toml", "adult = 540\n", "", "week_floor_min"),
        ("forms.toml", "flag_at = 1", "flag_att = 1", "flag_att"),
        ("forms.toml", "flag_at = 1", "flag_at = 1\nshareable = true", "never be shared"),
        ("forms.toml", 'segment_kind = "check_in"', 'segment_kind = "lunch"', "lunch"),
        ("forms.toml", "high = 24", "high = -1", "low above high"),
    ],
)
def test_a_mistake_in_a_file_is_named(folder: Path, name: str, old: str, new: str, said: str) -> None:
    message = spoil(folder, name, old, new)
    assert name in message
    assert said in message


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "rules.toml").unlink()
    with pytest.raises(CatalogError, match=r"rules\.toml: there is no such file"):
        load_catalog(folder)
