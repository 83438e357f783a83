"""A week of a diary in words and figures, part by part: for its author, and for whom it is shown to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from facilitation.diary import FEELINGS, URGES, Day, Mark, Part, PlanKept, open_days
from facilitation.ids import SkillId
from facilitation.sentences import marked
from server.diary.form import FOOD, MOVEMENT
from server.web.words import Words

TITLES: Final[Mapping[Part, str]] = {
    Part.DISTRESS: marked("How hard the days were"),
    Part.FEELINGS: marked("Feelings"),
    Part.BODY: marked("Sleep, food, movement"),
    Part.SKILLS: marked("Skills used"),
    Part.URGES: marked("Urges"),
    Part.TARGETS: marked("Things I follow"),
    Part.WORDS: marked("In my own words"),
}


def week(
    days: Sequence[Day],
    plans: Sequence[PlanKept],
    *,
    last: date,
    names: Mapping[SkillId, str],
    parts: Collection[Part],
    words: Words,
) -> dict[str, Any]:
    """`parts` of the week that ends with `last`; `names`: what the skills are called.

    `rows` have a cell a day: its text ("" where nothing was written), how high it is (0 to 5, or None), and whether it
    was acted on (`did`, and in words). `skills` count days; `lines` are own words.
    """
    shown = open_days(last)
    by_day = {day.day: day for day in days}
    week = [by_day.get(day) for day in shown]
    sections = [_section(part, week, plans, names, words) | {"part": part.value, "title": words(TITLES[part])}
                for part in Part if part in parts]  # fmt: skip
    return {
        "days": [
            {"label": words.weekday_short(day), "text": words.weekday(day), "filled": each is not None}
            for day, each in zip(shown, week, strict=True)
        ],
        "sections": [section for section in sections if section["rows"] or section["skills"] or section["lines"]],
        "empty": not by_day,
    }


def _section(
    part: Part, week: Sequence[Day | None], plans: Sequence[PlanKept], names: Mapping[SkillId, str], words: Words
) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    skills: list[dict[str, Any]] = []
    lines: list[dict[str, str]] = []
    match part:
        case Part.DISTRESS:
            rows = [_row(words("Overall"), [_strength(day.distress if day else None) for day in week])]
        case Part.FEELINGS:
            rows = [
                _row(words(label), [_strength(day.feelings.get(name) if day else None) for day in week])
                for name, label in FEELINGS.items()
            ]
        case Part.BODY:
            rows = [
                _row(words("Sleep, hours"), [_plain(day and day.sleep_h) for day in week]),
                _row(words("Food"), [_plain(day and day.food and words(FOOD[day.food])) for day in week]),
                _row(
                    words("Movement"), [_plain(day and day.movement and words(MOVEMENT[day.movement])) for day in week]
                ),
            ]
        case Part.SKILLS:
            used = Counter(skill for day in week if day for skill in day.skills)
            skills = [{"title": words(names.get(skill, skill)), "days": count} for skill, count in used.most_common()]
        case Part.URGES:
            rows = [
                _row(words(label), [_mark(day.urges.get(name) if day else None, words) for day in week])
                for name, label in URGES.items()
            ]
        case Part.TARGETS:
            rows = [_row(label, cells) for label, cells in _targets(week, words)]
        case Part.WORDS:
            lines = [{"when": words.weekday(day.day), "text": day.word} for day in week if day and day.word]
            lines += [{"when": _how(plan, words), "text": plan.word} for plan in plans]
    return {
        "rows": [row for row in rows if any(cell["text"] for cell in row["cells"])],
        "skills": skills,
        "lines": lines,
    }


def _targets(week: Sequence[Day | None], words: Words) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    labels = dict.fromkeys(target.label for day in week if day for target in day.targets)

    def of(label: str) -> Callable[[Day | None], Mark | None]:
        return lambda day: next((each.mark for each in day.targets if each.label == label), None) if day else None

    for label in labels:
        yield label, [_mark(of(label)(day), words) for day in week]


def _how(plan: PlanKept, words: Words) -> str:
    return words("My plan for the evening: done") if plan.done else words("My plan for the evening: not done")


def _row(label: str, cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {"label": label, "cells": cells}


def _strength(strength: int | None) -> dict[str, Any]:
    return {"text": "" if strength is None else str(strength), "level": strength, "did": None, "acted": ""}


def _mark(mark: Mark | None, words: Words) -> dict[str, Any]:
    if mark is None:
        return _strength(None)
    acted = {None: "", True: words("acted on"), False: words("not acted on")}[mark.acted]
    text = "–" if mark.strength is None and acted else _strength(mark.strength)["text"]
    return {"text": text, "level": mark.strength, "did": mark.acted, "acted": acted}


def _plain(value: object) -> dict[str, Any]:
    return {"text": "" if value is None else str(value), "level": None, "did": None, "acted": ""}
