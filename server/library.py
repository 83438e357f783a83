"""The skills library, read from `facilitation/catalog`: one file a module, the curricula, the live exercises, and
the questions for rounds; with it what was put into other languages.

Like the catalog's, every mistake is one `CatalogError` that names the file, the entry and what was expected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

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


def load_library(folder: Path = FOLDER) -> Library:
    """Read `skills/*.toml`, `curricula.toml`, `exercises.toml` and `rounds.toml` of a folder. Raises `CatalogError`."""
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
    return replace(library, others=load_translations(library, folder))


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
