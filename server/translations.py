"""The library in other languages, read from `facilitation/catalog/LANGUAGE`: the same files as in English.

A mistake is one `CatalogError` that names the language, the entry and what was expected. An entry whose English was
changed since is no mistake here: it is shown in English until somebody has looked at its words again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from facilitation.skills import Library
from facilitation.translations import CurriculumWords, ModuleWords, Translation, translated, translation_mistakes
from server.catalog import CatalogError, flowing, read_file


class _CurriculaFile(msgspec.Struct, forbid_unknown_fields=True):
    curriculum: tuple[CurriculumWords, ...]


def load_translations(library: Library, folder: Path) -> Mapping[str, Library]:
    """The library by language, English left out. Raises `CatalogError`."""
    found = {}
    for place in sorted(each.parent for each in folder.glob("??/skills")):
        translation = read_translation(place)
        wrong = "; ".join(translation_mistakes(library, translation))
        if wrong:
            raise CatalogError(f"{place}: {wrong}")
        found[translation.language] = translated(library, translation)
    return found


def read_translation(place: Path) -> Translation:
    """All words of one language, whether they fit or not. Raises `CatalogError`."""
    modules = tuple(read_file(path, ModuleWords) for path in sorted((place / "skills").glob("*.toml")))
    path = place / "curricula.toml"
    curricula = read_file(path, _CurriculaFile).curriculum if path.exists() else ()
    translation: Translation = flowing(Translation(language=place.name, modules=modules, curricula=curricula))
    return translation
