"""The README's list of refusals is the code's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "facilitation"


def codes_in_the_source() -> Iterator[str]:
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
                code = node.args[0]
                assert isinstance(code, ast.Constant) and isinstance(code.value, str), f"{path.name}:{node.lineno}"
                yield code.value


def test_every_refusal_is_documented_and_no_other() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Refusals")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    documented = [code for row in rows for code in re.findall(r"`(\w+)`", row)]
    assert documented == sorted(documented)
    assert set(documented) == set(codes_in_the_source())


def test_every_module_has_its_line() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`(\w+)`", text.partition("## Where things are")[2].partition("\n## ")[0]))
    assert {path.stem for path in FOLDER.glob("*.py")} - {"__init__"} <= listed
