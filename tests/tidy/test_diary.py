"""A diary is read in one place: no view, no projection and no export can hold what it never gets."""

from __future__ import annotations

import ast

from tests.support.source import imports, modules

STORE = ("server/store/diary.py", "server/store/memory.py", "server/store/ports.py")
READ_BY = ("server/diary/book.py", "server/app.py")
"""`app.py` hands it to the reminders, which look whether anything was written today."""
TYPES = ("Day", "PlanKept", "Card", "Showing", "Target")
KNOWN_TO = (
    *STORE,
    *("server/diary/book.py", "server/diary/form.py", "server/diary/told.py"),
    *("server/practice.py", "server/home/diary.py"),
)


def test_only_the_diarys_book_reads_one() -> None:
    wrong = [
        f"{module.where}:{node.lineno}"
        for module in modules("server")
        if module.where not in (*READ_BY, *STORE)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == "diaries"
    ]
    assert wrong == []


def test_only_its_neighbours_know_what_a_page_is() -> None:
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in [*modules("server"), *modules("facilitation")]
        if module.where not in KNOWN_TO
        for line, name in imports(module)
        if name in {f"facilitation.diary.{each}" for each in TYPES}
    ]
    assert wrong == []


def test_no_event_and_no_command_has_a_field_for_their_text() -> None:
    for where, name in (("facilitation/events.py", "DiaryShown"), ("facilitation/commands.py", "ShowDiary")):
        (module,) = modules(where)
        (found,) = (node for node in module.tree.body if isinstance(node, ast.ClassDef) and node.name == name)
        fields = [
            each.target.id
            for each in found.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        ]
        assert fields == ["person", "to_group"]
