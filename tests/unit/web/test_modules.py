"""What a page's script brings with it (server/web/modules.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.web.modules import Modules
from server.web.templates import MODULES


@pytest.fixture
def modules(tmp_path: Path) -> Modules:
    own, vendor = tmp_path / "own", tmp_path / "vendor"
    files = {
        own / "main.mjs": """
            import { a } from "./deep/a.mjs";
            import "/vendor/lit.js";
            const later = () => import("./later.mjs");
        """,
        own / "deep/a.mjs": """
            import {
              b,
            } from "../b.mjs";
            export * from "./c.mjs";
            import { gone } from "./gone.mjs";
        """,
        own / "b.mjs": """
            import { main } from "./main.mjs";
            // import { no } from "./later.mjs";
        """,
        own / "deep/c.mjs": """
            import x from "https://elsewhere.example/x.mjs";
            import y from "../../secret.mjs";
        """,
        own / "later.mjs": "",
        tmp_path / "secret.mjs": "",
        vendor / "lit.js": "export const html = 1;",
    }
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Modules({"/static": own, "/vendor": vendor})


def test_everything_that_is_imported_at_the_top_is_found_the_nearest_first(modules: Modules) -> None:
    assert modules.behind("/static/main.mjs") == (
        "/static/deep/a.mjs",
        "/vendor/lit.js",
        "/static/b.mjs",
        "/static/deep/c.mjs",
    )


def test_a_script_that_is_not_ours_brings_nothing(modules: Modules) -> None:
    assert modules.behind("/gallery/main.mjs") == ()
    assert modules.behind("/static/../secret.mjs") == ()


@pytest.mark.parametrize("page", ["/static/room/main.mjs", "/static/record/main.mjs"])
def test_the_pages_bring_their_own_modules_and_the_template_library(page: str) -> None:
    found = MODULES.behind(page)
    assert page not in found and len(set(found)) == len(found) > 15
    assert "/vendor/lit-html/lit-html.js" in found
    assert any(address.startswith("/components/") for address in found)
