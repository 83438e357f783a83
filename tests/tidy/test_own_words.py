"""Counselling notes and diaries are read in one place: no view, no projection and no export can hold what it never
gets."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import pytest

from tests.support.source import begins, imports, modules

SHELVES = ("server/store/memory.py", "server/store/ports.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What somebody keeps for themself. `at`: the attributes by which it is reached, `kinds`: what it is made of;
    `told`: the event and the command that say of it who, and no word of it."""

    at: tuple[str, ...]
    read_by: tuple[str, ...]
    kinds: tuple[str, ...]
    known_to: tuple[str, ...]
    told: tuple[str, str]
    fields: tuple[str, ...]


NOTES = Kept(
    at=("counselling", "counselling_notes"),
    read_by=("server/books/notebook.py", "server/store/notebook.py"),
    kinds=("facilitation.counselling",),
    known_to=("server/books/notebook.py", "server/store/notebook.py", "server/web/notebook.py"),
    told=("CounsellingNoteKept", "KeepCounsellingNote"),
    fields=("note", "subject", "author"),
)
DIARIES = Kept(
    at=("diaries",),
    read_by=("server/diary/book.py", "server/store/diary.py", "server/app.py"),  # which hands it to the reminders
    kinds=tuple(f"facilitation.diary.{each}" for each in ("Day", "PlanKept", "Card", "Showing", "Target")),
    known_to=(
        *("server/store/diary.py", "server/diary/book.py", "server/diary/form.py", "server/diary/told.py"),
        *("server/books/practice.py", "server/home/diary.py"),
    ),
    told=("DiaryShown", "ShowDiary"),
    fields=("person", "to_group"),
)
both = pytest.mark.parametrize("kept", [NOTES, DIARIES], ids=["counselling notes", "diaries"])


@both
def test_only_one_place_reads_them(kept: Kept) -> None:
    wrong = [
        f"{module.where}:{node.lineno}"
        for module in modules("server")
        if module.where not in (*SHELVES, *kept.read_by)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in kept.at
    ]
    assert wrong == []


@both
def test_only_its_neighbours_know_what_they_are_made_of(kept: Kept) -> None:
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in [*modules("server"), *modules("facilitation")]
        if module.where not in (*SHELVES, *kept.known_to)
        for line, name in imports(module)
        if begins(name, *kept.kinds)
    ]
    assert wrong == []


@both
def test_no_event_and_no_command_has_a_field_for_their_text(kept: Kept) -> None:
    for where, name in zip(("facilitation/events.py", "facilitation/commands.py"), kept.told, strict=True):
        (module,) = modules(where)
        (found,) = (node for node in module.tree.body if isinstance(node, ast.ClassDef) and node.name == name)
        fields = [
            each.target.id
            for each in found.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        ]
        assert fields == list(kept.fields)
