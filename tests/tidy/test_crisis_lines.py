"""Whom to call stands in the settings alone: a clinic elsewhere would send somebody to a number that is not there."""

from __future__ import annotations

import re

from tests.support.source import ROOT

PLACES = ("webclient/components", "webclient/static", "webclient/templates", "facilitation", "server")
KNOWN = {
    "facilitation/places.py": "short numbers that are no dispatch's",
    "server/config.py": "the defaults",
    "server/library.py": "the defaults",
    "server/web/site.py": "the defaults",
    "webclient/components/dialogs/help.mjs": "that 988 is free",
    "webclient/components/dialogs/lines.mjs": "what 988 is",
    "webclient/templates/numbers.html": "where 988 works",
}
NUMBER = re.compile(r"(?<![\w.#-])(988|911)(?![\w-])")


def test_no_text_names_a_number_that_a_clinic_may_have_to_change() -> None:
    found = {
        str(path.relative_to(ROOT))
        for place in PLACES
        for suffix in ("mjs", "html", "py", "toml", "typ")
        for path in (ROOT / place).rglob(f"*.{suffix}")
        if NUMBER.search(path.read_text())
    }
    assert found == set(KNOWN)
