"""The skills library, read from `facilitation/catalog`: one file a module, and the curricula.

Like the catalog's, every mistake is one `CatalogError` that names the file, the entry and what was expected.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from facilitation.skills import (
    Curriculum,
    Library,
    Module,
    curriculum_mistakes,
    module_mistakes,
    skill_mistakes,
)
from server.catalog import FOLDER, CatalogError, check_unique, read_file


class _CurriculaFile(msgspec.Struct, forbid_unknown_fields=True):
    curriculum: tuple[Curriculum, ...]


def load_library(folder: Path = FOLDER) -> Library:
    """Read `skills/*.toml` and `curricula.toml` of a folder. Raises `CatalogError`."""
    place = folder / "skills"
    modules = sorted((_module(path) for path in place.glob("*.toml")), key=lambda module: module.order)
    if not modules:
        raise CatalogError(f"{place}: there are no modules here")
    skills = [skill.id for module in modules for skill in module.skills]
    check_unique(place, [module.id for module in modules])
    check_unique(place, [f"order {module.order}" for module in modules])
    check_unique(place, skills)

    path = folder / "curricula.toml"
    curricula: tuple[Curriculum, ...] = _flowing(read_file(path, _CurriculaFile).curriculum)
    check_unique(path, [curriculum.id for curriculum in curricula])
    for curriculum in curricula:
        _refuse(path, f"curriculum {curriculum.id!r}", curriculum_mistakes(curriculum, skills))
    return Library(modules=tuple(modules), curricula=curricula)


def _module(path: Path) -> Module:
    module: Module = _flowing(read_file(path, Module))
    _refuse(path, f"module {module.id!r}", module_mistakes(module))
    for skill in module.skills:
        _refuse(path, f"skill {skill.id!r}", skill_mistakes(skill))
    return module


def _flowing(value: Any) -> Any:
    """All texts in it as running lines: where a line of the file ended means nothing."""
    if type(value) is str:
        return " ".join(value.split())
    if isinstance(value, tuple):
        return tuple(_flowing(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _flowing(getattr(value, field.name)) for field in fields(value)})
    return value


def _refuse(path: Path, entry: str, mistakes: Iterable[str]) -> None:
    told = "; ".join(mistakes)
    if told:
        raise CatalogError(f"{path}: {entry}: {told}")
