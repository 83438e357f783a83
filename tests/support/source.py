"""The project's own source, as data: its modules and what each of them imports."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file: `name` is dotted, `tree` its syntax."""

    path: Path
    name: str
    tree: ast.Module

    @property
    def where(self) -> str:
        return str(self.path.relative_to(ROOT))


def modules(under: str) -> list[Module]:
    """All modules below a folder of the tree, or the one file; never empty."""
    start = ROOT / under
    files = [start] if start.is_file() else sorted(start.rglob("*.py"))
    assert files, f"nothing at {under}"
    return [
        Module(path, ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), parse(path))
        for path in files
    ]


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


@cache
def imports(module: Module) -> tuple[tuple[int, str], ...]:
    """Line and dotted name of everything imported anywhere in it; `from a import b` gives a.b."""
    return tuple(_imports(module))


def _imports(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.name.split(".")
                if module.path.name != "__init__.py":
                    package = package[:-1]
                package = package[: len(package) - node.level + 1]
                base = ".".join([*package, *([base] if base else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def begins(name: str, *prefixes: str) -> bool:
    """Whether a dotted name is one of these or lies within one."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def files_of_the_tree() -> list[Path]:
    """What is or will be committed: tracked files and new ones that nothing ignores. All files without git."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name.decode() for name in listing.stdout.split(b"\0") if name]
    return sorted(path for path in paths if path.is_file())
