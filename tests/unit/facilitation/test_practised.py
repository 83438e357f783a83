from __future__ import annotations

from datetime import date, timedelta

from facilitation.ids import SkillId
from facilitation.practised import Source, Use, counted, named, weeks_until
from server.library import load_library

TODAY = date(2026, 11, 24)
PAUSE, MIND = SkillId("the-pause"), SkillId("wise-mind")


def use(skill: SkillId, back: int, source: Source = Source.DIARY) -> Use:
    return Use(skill=skill, day=TODAY - timedelta(days=back), source=source)


def test_the_last_of_the_weeks_ends_today() -> None:
    assert weeks_until(TODAY, 2) == (date(2026, 11, 11), date(2026, 11, 18))


def test_a_day_counts_once_wherever_it_is_known_from() -> None:
    (found,) = counted([use(PAUSE, 0), use(PAUSE, 0, Source.EXERCISE), use(PAUSE, 7), use(PAUSE, 3)], TODAY, 2)
    assert (found.by_week, found.days, found.last) == ((1, 2), 3, TODAY)
    assert found.sources == {Source.DIARY, Source.EXERCISE}


def test_the_most_used_comes_first_and_what_is_longer_ago_is_left_out() -> None:
    found = counted([use(MIND, 1), use(PAUSE, 1), use(PAUSE, 2), use(MIND, 14), use(MIND, -1)], TODAY, 2)
    assert [(each.skill, each.days) for each in found] == [(PAUSE, 2), (MIND, 1)]
    assert counted([], TODAY) == ()


def test_a_check_in_names_a_skill_by_its_title_or_the_name_it_has_elsewhere() -> None:
    skills = load_library().skills.values()
    wise = next(skill for skill in skills if skill.id == MIND)
    assert named("I tried WISE  mind on Tuesday.", [wise]) == (MIND,)
    assert named("unwise mindset", [wise]) == ()
    assert named("", skills) == ()
    assert named("Probé la mente sabia el martes.", load_library().called) == (MIND,)
    known = next(skill for skill in skills if skill.known_as)
    assert known.id in named(f"some {known.known_as}, I think", skills)
