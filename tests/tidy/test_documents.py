"""Documents that say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.cli import cli
from server.config import Settings, default_in_words, needed, variable
from tests.support.source import ROOT, files_of_the_tree

OPERATIONS = ROOT / "server/README.md"


def settings_table() -> str:
    """The table of server/README.md as it must stand there."""
    rows = [
        f"| `{variable(name)}` | {default_in_words(field)} | {field.description} Needed: {needed(field)}. |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | what it does |", "|---|---|---|", *rows])


def documents() -> list[Path]:
    return [path for path in files_of_the_tree() if path.suffix == ".md"]


def test_every_setting_stands_in_the_operators_table_as_it_is() -> None:
    assert settings_table() in OPERATIONS.read_text(), f"server/README.md should hold:\n\n{settings_table()}"


def test_no_setting_is_without_effect() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "server").rglob("*.py"))
    unused = [name for name in Settings.model_fields if not re.search(rf"(self|settings)\.{name}\b", sources)]
    assert unused == []


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    known = {variable(name) for name in Settings.model_fields}
    for path in (ROOT / "tests").rglob("*.py"):  # tests have a few of their own
        known.update(re.findall(r'environ\.get\("(MILIEU_[A-Z_]+)"', path.read_text()))
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in documents()
        for name in re.findall(r"\bMILIEU_[A-Z_]+", path.read_text())
        if name not in known
    ]
    assert wrong == []


def test_every_command_is_documented() -> None:
    text = "\n".join(path.read_text() for path in documents())
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), flags=re.M)
    assert len(targets) > 5
    missing = [f"make {target}" for target in targets if f"`make {target}" not in text]
    missing += [
        f"python -m server {name}"
        for name in cli.list_commands(cli.make_context("server", ["check"], resilient_parsing=True))
        if f"`python -m server {name}" not in text
    ]
    assert missing == []


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_within_the_tree_leads_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        found = (document.parent / name).resolve() if name else document
        assert found.exists(), f"{target} leads nowhere"
        if heading and found.suffix == ".md":
            anchors = [anchor(line) for line in found.read_text().splitlines() if line.startswith("#")]
            assert heading in anchors, f"{target}: no such heading"


def anchor(heading: str) -> str:
    words = re.sub(r"[^\w\- ]", "", heading.lstrip("#").strip().lower())
    return words.replace(" ", "-")
