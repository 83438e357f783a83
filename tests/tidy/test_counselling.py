"""Counselling notes are read in one place: no view, no projection and no export can hold what it never gets."""

from __future__ import annotations

import ast

from tests.support.source import imports, modules

READ_BY = ("server/notebook.py", "server/store/notebook.py", "server/store/memory.py", "server/store/ports.py")
KNOWN_TO = (*READ_BY, "server/web/notebook.py")


def test_only_the_notebook_reads_them() -> None:
    wrong = [
        f"{module.where}:{node.lineno}"
        for module in modules("server")
        if module.where not in READ_BY
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("counselling", "counselling_notes")
    ]
    assert wrong == []


def test_only_the_notebook_knows_what_one_is() -> None:
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in [*modules("server"), *modules("facilitation")]
        if module.where not in KNOWN_TO
        for line, name in imports(module)
        if name.startswith("facilitation.counselling")
    ]
    assert wrong == []


def test_no_event_and_no_command_has_a_field_for_their_text() -> None:
    for where, name in (
        ("facilitation/events.py", "CounsellingNoteKept"),
        ("facilitation/commands.py", "KeepCounsellingNote"),
    ):
        (module,) = modules(where)
        (found,) = (node for node in module.tree.body if isinstance(node, ast.ClassDef) and node.name == name)
        fields = [
            each.target.id
            for each in found.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        ]
        assert fields == ["note", "subject", "author"]
