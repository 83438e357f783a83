"""Every code with which the shell refuses stands in its table, and no other; the domain's have a test of their own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from server.door.gate import HELD
from tests.support.source import ROOT, modules

MADE_ELSEWHERE = {"server/errands.py", "server/door/gate.py"}
"""Where a refusal has its code from a room's answer, or from a table of codes."""


def documented(path: str) -> list[str]:
    table = (ROOT / path).read_text().partition("## Refusals")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [code for row in rows for code in re.findall(r"`(\w+)`", row)]


def refused() -> Iterator[str]:
    yield from (code for code, _ in HELD.values())
    for module in modules("server"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
                match node.args[0]:
                    case ast.Constant(value=str(code)):
                        yield code
                    case _:
                        assert module.where in MADE_ELSEWHERE, f"{module.where}:{node.lineno}: which code?"


def test_every_refusal_of_the_shell_is_documented_and_no_other() -> None:
    shell, domain = documented("server/web/README.md"), documented("facilitation/README.md")
    assert shell == sorted(set(shell))
    assert set(refused()) - set(domain) == set(shell)
