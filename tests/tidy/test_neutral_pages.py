"""What somebody walking past sees of any page: a neutral title, a neutral icon; and a way out at once."""

from __future__ import annotations

import re

import pytest

from tests.support.source import ROOT

TEMPLATES = ROOT / "webclient/templates"
PAGES = sorted(path.name for path in TEMPLATES.glob("*.html"))
FOR_STAFF_ALONE = {"record.html", "clinic.html"}
"""Full of other people's records and figures: whoever works here closes them by the screen's lock."""
OUTS_SOMEBODY = re.compile(
    r"therap|treat|patient|client|recover|addict|substance|alcohol|sober|mental|health|disorder|depress|anxi|suicid|"
    r"crisis|safety|counsel|diagnos|hospital|intensive|\biop\b|\bdbt\b|clinic|consent|guardian|teen",
    re.IGNORECASE,
)
TITLE = re.compile(r"{% block title %}(.*?){% endblock %}", re.DOTALL)


def text(name: str) -> str:
    return (TEMPLATES / name).read_text()


def titles(name: str) -> list[str]:
    return [re.sub(r"{{\s*_\(\"(.*?)\"\)\s*}}", r"\1", found) for found in TITLE.findall(text(name))]


@pytest.mark.parametrize("name", [name for name in PAGES if name not in {"soup.html", *FOR_STAFF_ALONE}])
def test_a_title_says_milieu_and_nothing_that_outs_anybody(name: str) -> None:
    for title in titles(name):
        assert title.startswith("Milieu: ") and len(title) <= 40
        assert "{" not in title, "no title of a session and no name of a person"
        assert not OUTS_SOMEBODY.search(title)


@pytest.mark.parametrize("name", [name for name in PAGES if name not in {"soup.html", "base.html"}])
def test_every_page_has_the_one_icon_and_sends_no_referrer(name: str) -> None:
    assert '{% extends "base.html" %}' in text(name)
    assert 'rel="icon"' not in text(name)
    assert '<link rel="icon" href="/static/icon.svg"' in text("base.html")
    assert '<meta name="referrer" content="no-referrer">' in text("base.html")
    icon = (ROOT / "webclient/static/icon.svg").read_text()
    assert "<text" not in icon and "<title" not in icon


@pytest.mark.parametrize("name", [name for name in PAGES if name != "soup.html"])
def test_every_page_has_quick_exit_at_its_top(name: str) -> None:
    own = "{% block body %}" in text(name) and name != "base.html"
    page = text(name if own else "base.html").replace('{% include "parts/exit.html" %}', text("parts/exit.html"))
    assert 'class="button quick-exit"' in page


def test_the_lint_sees_what_outs_somebody() -> None:
    for title in ("Milieu: your therapy group", "Milieu: IOP", "Milieu: recovery", "Milieu: your consents"):
        assert OUTS_SOMEBODY.search(title)
    assert not OUTS_SOMEBODY.search("Milieu: your meeting")
