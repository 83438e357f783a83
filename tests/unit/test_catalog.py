from __future__ import annotations

import shutil
from datetime import date
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
        ("programmes.toml", 'rules_id = "exact-floor"', 'rules_id = "exakt"', "there is no rule set 'exakt'"),
        ("programmes.toml", 'id = "teen-iop"', 'id = "adult-iop"', "given twice: adult-iop"),
        ("programmes.toml", 'id = "teen-iop"', 'id = "plain"', "choose another"),
        ("programmes.toml", 'note_format = "dap"', 'note_format = "dab"', "no such format of notes: 'dab'"),
        ("programmes.toml", "cosign = true", "co_sign = true", "no such field"),
        ("programmes.toml", "[20, 40]", "[20]", "programmes.toml"),
        ("plans.toml", "minutes = 35", "minutes = 0", "four hours"),
        ("plans.toml", "minutes = 35", 'minutes = "35"', "$.plan[0].segment[0].minutes"),
        ("plans.toml", 'kind = "process"', 'kind = "lecture"', "lecture"),
        ("plans.toml", 'id = "process"', 'id = "check-in"', "an id of its own"),
        ("plans.toml", 'track = "adult"', 'track = "elder"', "elder"),
        ("plans.toml", 'id = "teen-long"', 'id = "adult"', "given twice: adult"),
        ("plans.toml", "[[plan]]", "[[plan", "plans.toml"),
        ("rules.toml", '"break"', '"lunch"', "lunch"),
        ("rules.toml", "adult = 540\n", "", "week_floor_min"),
        ("rules.toml", 'week_start = "sunday"', 'week_start = "Sunday"', "cannot begin on 'Sunday'"),
        ("rules.toml", 'week_start = "sunday"', 'week_begins = "sunday"', "week_begins"),
        ("rules.toml", "unit_min = 50", "unit_min = 1", "rule set 'family-50-midpoint': The rule set: unit_min is 1"),
        ("rules.toml", 'id = "virginia"', 'id = "asam-2-1"', "given twice: asam-2-1 2026-01"),
        ("rules.toml", 'text = "Bill', 'code = "Bill', "text"),
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


def in_two_versions(folder: Path, old: str, new: str) -> None:
    """The first rule set of the file again, with other floors; each version with these dates."""
    path = folder / "rules.toml"
    text = path.read_text(encoding="utf-8")
    first = text[text.index("[[rules]]") : text.index("[rules.week_floor_min]")]
    second = first.replace('version = "2026-01"', f'version = "2027-01"\n{new}')
    old_first = first.replace('version = "2026-01"', f'version = "2026-01"\n{old}')
    path.write_text(
        text.replace(first, old_first) + second + "[rules.week_floor_min]\nadult = 600\nteen = 360\n", encoding="utf-8"
    )


def test_a_new_version_holds_from_its_day_on_and_the_old_one_stays(folder: Path) -> None:
    in_two_versions(folder, "effective_until = 2026-12-31", "effective_from = 2027-01-01\neffective_until = 2027-12-31")
    catalog = load_catalog(folder)
    assert catalog.rules["exact-floor"].version == "2027-01"
    versions = {
        day: catalog.rules_on("exact-floor", date.fromisoformat(day)).version
        for day in (
            "2020-01-01",
            "2026-12-31",
            "2027-01-01",
            "2028-01-01",
        )
    }
    assert list(versions.values()) == ["2026-01", "2026-01", "2027-01", "2027-01"], "after the last the newest goes on"
    old = catalog.rules_of("exact-floor", "2026-01")
    assert old is not None and old.week_floor_min["adult"] == 540
    assert catalog.rules_of("exact-floor", "2019-01") is None
    with pytest.raises(KeyError):
        catalog.rules_on("no-such", date(2026, 1, 1))


@pytest.mark.parametrize("old", ["", "effective_until = 2027-01-01"])
def test_two_versions_in_force_on_one_day_are_refused(folder: Path, old: str) -> None:
    in_two_versions(folder, old, "effective_from = 2027-01-01")
    with pytest.raises(CatalogError, match="versions 2026-01 and 2027-01 are in force on the same days"):
        load_catalog(folder)


def test_every_example_of_a_rule_set_says_where_it_is_from_and_that_it_is_one() -> None:
    for rules in load_catalog().rules.values():
        assert len(rules.source) > 40
        assert rules.example or rules.id == "exact-floor"


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "rules.toml").unlink()
    with pytest.raises(CatalogError, match=r"rules\.toml: there is no such file"):
        load_catalog(folder)
