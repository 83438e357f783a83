"""The skills library, read from `facilitation/catalog`: one file a module, the curricula, the live exercises, and
the questions for rounds; with it what was put into other languages.

Like the catalog's, every mistake is one `CatalogError` that names the file, the entry and what was expected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from facilitation.exercises import Exercise, exercise_mistakes
from facilitation.ids import SkillId
from facilitation.roundquestions import RoundQuestion, question_mistakes
from facilitation.skills import (
    Curriculum,
    Library,
    Module,
    curriculum_mistakes,
    module_mistakes,
    skill_mistakes,
)
from server.catalog import FOLDER, CatalogError, check_unique, flowing, read_file
from server.translations import load_translations


class _CurriculaFile(msgspec.Struct, forbid_unknown_fields=True):
    curriculum: tuple[Curriculum, ...]


class _ExercisesFile(msgspec.Struct, forbid_unknown_fields=True):
    exercise: tuple[Exercise, ...]


class _RoundsFile(msgspec.Struct, forbid_unknown_fields=True):
    question: tuple[RoundQuestion, ...]


NUMBERS: Final[Mapping[str, str]] = {"crisis_line": "988", "emergency_number": "911"}
"""Whom a text may say to call, by the name that stands for it: {crisis_line}."""


def load_library(folder: Path = FOLDER, *, numbers: Mapping[str, str] = NUMBERS) -> Library:
    """Read `skills/*.toml`, `curricula.toml`, `exercises.toml` and `rounds.toml` of a folder. Raises `CatalogError`.

    `numbers`: what the clinic set in their place. Translations are of the text that has names there.
    """
    place = folder / "skills"
    modules = sorted((_module(path) for path in place.glob("*.toml")), key=lambda module: module.order)
    if not modules:
        raise CatalogError(f"{place}: there are no modules here")
    skills = [skill.id for module in modules for skill in module.skills]
    check_unique(place, [module.id for module in modules])
    check_unique(place, [f"order {module.order}" for module in modules])
    check_unique(place, skills)

    path = folder / "curricula.toml"
    curricula: tuple[Curriculum, ...] = flowing(read_file(path, _CurriculaFile).curriculum)
    check_unique(path, [curriculum.id for curriculum in curricula])
    for curriculum in curricula:
        _refuse(path, f"curriculum {curriculum.id!r}", curriculum_mistakes(curriculum, skills))
    exercises = _exercises(folder / "exercises.toml", skills)
    questions = _questions(folder / "rounds.toml")
    library = Library(modules=tuple(modules), curricula=curricula, exercises=exercises, questions=questions)
    whole: Library = _dialled(replace(library, others=load_translations(library, folder)), numbers)
    return whole


def _dialled(value: Any, numbers: Mapping[str, str]) -> Any:
    """All texts in it with numbers for their names."""
    if type(value) is str:
        for name, number in numbers.items():
            value = value.replace(f"{{{name}}}", number)
        return value
    if isinstance(value, tuple):
        return tuple(_dialled(each, numbers) for each in value)
    if isinstance(value, dict):
        return {key: _dialled(each, numbers) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _dialled(getattr(value, each.name), numbers) for each in fields(value)})
    return value


def _exercises(path: Path, skills: Sequence[SkillId]) -> tuple[Exercise, ...]:
    exercises: tuple[Exercise, ...] = flowing(read_file(path, _ExercisesFile).exercise)
    check_unique(path, [exercise.id for exercise in exercises])
    for exercise in exercises:
        _refuse(path, f"exercise {exercise.id!r}", exercise_mistakes(exercise, skills))
    return exercises


def _questions(path: Path) -> tuple[RoundQuestion, ...]:
    questions: tuple[RoundQuestion, ...] = flowing(read_file(path, _RoundsFile).question)
    check_unique(path, [question.id for question in questions])
    for question in questions:
        _refuse(path, f"question {question.id!r}", question_mistakes(question))
    return questions


def _module(path: Path) -> Module:
    module: Module = flowing(read_file(path, Module))
    _refuse(path, f"module {module.id!r}", module_mistakes(module))
    for skill in module.skills:
        _refuse(path, f"skill {skill.id!r}", skill_mistakes(skill))
    return module


def _refuse(path: Path, entry: str, mistakes: Iterable[str]) -> None:
    told = "; ".join(mistakes)
    if told:
        raise CatalogError(f"{path}: {entry}: {told}")
