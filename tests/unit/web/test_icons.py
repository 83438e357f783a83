"""The drawings of all icons that our scripts use (server/web/icons.py)."""

from __future__ import annotations

import json
import re

from server.web.icons import drawings
from server.web.templates import WEBCLIENT

DRAWN = re.compile(r"""\bicon\(\s*["']([a-z0-9-]+)["']""")


def test_every_icon_that_a_script_draws_by_name_is_in_the_one_file() -> None:
    pack = json.loads(drawings())
    named = {
        name
        for folder in ("static", "components")
        for file in (WEBCLIENT / folder).rglob("*.mjs")
        for name in DRAWN.findall(file.read_text())
    }
    assert len(named) > 30
    assert named <= pack.keys()


def test_a_drawing_is_what_stands_within_and_nothing_that_runs() -> None:
    for name, inside in json.loads(drawings()).items():
        assert inside.startswith("<") and "<svg" not in inside, name
        assert not re.search(r"script|on[a-z]+=|href", inside), name


def test_it_is_small() -> None:
    assert len(drawings()) < 40_000
