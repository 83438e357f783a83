"""What every page and every answer carries: headers, and no inline script or style anywhere."""

from __future__ import annotations

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from server.app import version
from server.books.statements import ClinicBooks
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.web.templates import WEBCLIENT, icon
from tests.support.place import EVENING, FAY, MORNING, ROBIN, SAM, Place
from tests.support.visitor import Answer, Visitor

TEMPLATES = sorted((WEBCLIENT / "templates").rglob("*.html"))
EVERYWHERE = [
    *("/", "/soup", "/healthz", "/home", "/statement", "/statement/p-robin"),
    *(f"/s/{EVENING}", f"/s/{EVENING}/record"),
    *("/skills", "/skills?q=urge", "/skills/wise-mind", "/curricula/adult"),
]
REFUSALS = ["/nowhere", "/j/wrong", f"/s/{MORNING}x", "/static/nothing.css", "/api/nothing"]


class Inline(HTMLParser):
    """Collects what the policy forbids: scripts and styles that stand in the page itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self._within = tag if tag in ("script", "style") else None
        if tag == "style" or "style" in names:
            self.found.append(f"style in <{tag}>")
        self.found += [f"{name} in <{tag}>" for name in names if name.startswith("on")]
        for name in ("src", "href", "action", "formaction", "poster", "data"):
            value = (names.get(name) or "").strip().lower()
            if value.startswith(("http:", "https:", "//", "javascript:")):
                self.found.append(f"{name}={value}")

    def handle_endtag(self, tag: str) -> None:
        self._within = None

    def handle_data(self, data: str) -> None:
        if self._within == "script" and data.strip():
            self.found.append("text in <script>")


def inline(html: str) -> list[str]:
    parser = Inline()
    parser.feed(html)
    return parser.found


async def _everything(place: Place) -> list[tuple[str, Answer]]:
    visitor = await place.opened(place.link(FAY))
    return [(path, await visitor.get(path)) for path in EVERYWHERE + REFUSALS]


def test_the_search_for_inline_things_finds_them() -> None:
    assert inline("<p style='x'>") and inline("<script>1</script>") and inline("<a onclick='x'>")
    assert inline("<a href='https://x.test'>") and inline("<style>p{}</style>")
    assert not inline("<script type=module src=/static/x.mjs></script><p data-boot='{}'>")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_inline_script_or_style(template: Path) -> None:
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", template.read_text(), flags=re.S)  # quotes within quotes
    assert inline(text) == []


async def test_every_answer_carries_the_policy_and_its_companions(place: Place) -> None:
    for path, answer in await _everything(place):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';"), path
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy, path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["referrer-policy"] == "no-referrer", path
        assert answer.headers["permissions-policy"].startswith(
            "camera=(self), microphone=(self), display-capture=(self)"
        ), path


async def test_a_mistake_of_ours_is_told_in_plain_words_and_carries_the_policy_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(books: ClinicBooks, session: str) -> None:
        raise ZeroDivisionError("a mistake with Robin's name in it")

    visitor = await place.opened(place.link(ROBIN))
    monkeypatch.setattr(ClinicBooks, "title", fails)
    answer = await visitor.get(f"/s/{EVENING}")
    assert answer.status == 500
    assert "It is not your fault" in answer.text
    assert "Robin" not in answer.text and "ZeroDivision" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (StoreUnavailable("the store is away"), 503, "What was saved is safe."),
        (CorruptLog("Robin: broken"), 500, "nothing was changed"),
    ],
)
async def test_a_store_that_fails_is_told_in_plain_words(
    place: Place, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, words: str
) -> None:
    async def fails(books: ClinicBooks, session: str) -> None:
        raise error

    visitor = await place.opened(place.link(ROBIN))
    monkeypatch.setattr(ClinicBooks, "title", fails)
    answer = await visitor.get(f"/s/{EVENING}")
    assert answer.status == status
    assert words in answer.text and "Robin" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_no_answer_holds_inline_script_or_style(place: Place) -> None:
    for path, answer in await _everything(place):
        if answer.headers.get_content_type() == "text/html":
            assert inline(answer.text) == [], path


async def test_what_is_shown_to_one_person_is_kept_by_no_browser(place: Place) -> None:
    visitor = await place.opened(place.link(FAY))
    room = f"/s/{EVENING}"
    for path in (room, f"{room}/record", "/home", "/statement/p-robin", "/statement", "/skills", "/nowhere"):
        assert (await visitor.get(path)).headers["cache-control"] == "no-store", path


async def test_titles_out_nobody(place: Place) -> None:
    for path, answer in await _everything(place):
        if "<title>" in answer.text:
            title = answer.text.split("<title>")[1].split("</title>")[0].lower()
            for word in ("robin", "group", "therapy", "clinic", "recovery", "patient", "evening"):
                assert word not in title, path


async def test_the_neutral_page_leads_nowhere_and_names_nothing(place: Place) -> None:
    page = (await Visitor(place.url).get("/soup")).text
    assert "lentil" in page
    for word in ("milieu", "meeting", "clinic", 'href="/"', "<a ", "<script"):
        assert word not in page.lower()


async def test_our_own_files_are_kept_but_asked_for_each_time(place: Place) -> None:
    visitor = Visitor(place.url)
    first = await visitor.get("/static/css/base.css")
    assert first.status == 200
    assert first.headers.get_content_type() == "text/css"
    assert first.headers["cache-control"] == "no-cache"
    again = await visitor.get("/static/css/base.css", {"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


async def test_files_are_compressed_for_whoever_can_read_that_and_pages_are_not(place: Place) -> None:
    visitor = Visitor(place.url)
    plain = await visitor.get("/static/css/base.css")
    packed = await visitor.get("/static/css/base.css", {"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body) / 2
    assert "content-encoding" not in (await visitor.get("/soup", {"Accept-Encoding": "gzip"})).headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../templates/base.html",
        "/static/..%2ftemplates/base.html",
        "/static/%2e%2e/package.json",
        "/static//etc/passwd",
        "/static/",
        "/static/css",
        "/components/arrival/README.md",
        "/vendor/lit-html/package.json",
        "/vendor/lit-html/../lucide-static/package.json",
        "/vendor/fonts/../package.json",
        "/vendor/icons/sub/mic.svg",
        "/vendor/icons/.mic.svg",
        "/vendor/axe-core/axe.min.js",
        "/static/css/base.css%00.svg",
    ],
)
async def test_nothing_is_served_from_outside_the_folders_meant_for_browsers(place: Place, path: str) -> None:
    assert (await Visitor(place.url).get(path)).status == 404


async def test_health_is_told_to_whoever_watches(place: Place) -> None:
    visitor = Visitor(place.url)
    well = await visitor.get("/healthz")
    assert (well.status, well.json) == (200, {"ok": True, **place.well, "version": version()})
    place.well = {"store": False, "media": True}
    ill = await visitor.get("/healthz")
    assert (ill.status, ill.json["ok"], ill.json["store"]) == (503, False, False)


def test_an_icons_name_cannot_leave_its_folder() -> None:
    for name in ("../package", "mic.svg", "", "a/b", "Mic"):
        with pytest.raises(ValueError, match="not the name of an icon"):
            icon(name)


async def test_a_statement_is_for_its_person_and_for_staff(place: Place) -> None:
    robin = await place.opened(place.link(ROBIN))
    assert (await robin.get("/statement")).status == 200
    assert (await robin.get(f"/statement/{ROBIN}")).status == 200
    assert (await robin.get(f"/statement/{SAM}")).status == 403
    fay = await place.opened(place.link(FAY))
    assert (await fay.get(f"/statement/{SAM}")).status == 200
    assert (await fay.get("/statement")).headers["location"] == "/home"


async def test_a_statement_can_be_asked_for_as_of_a_day_and_is_not_guessed_for_what_is_none(place: Place) -> None:
    robin = await place.opened(place.link(ROBIN))
    now = (await robin.get("/statement?as_of=")).text
    assert "as it stood at the end of <strong>" not in now
    then = await robin.get("/statement?as_of=2026-11-20")
    assert "as it stood at the end of <strong>Friday, November 20, 2026</strong>" in then.text
    assert '<a href="/statement">Show it as it is now</a>' in then.text
    for wrong in ("rubbish", "2026-02-30", "20261120", "1999-01-01", "2026-W47-5", "9999-12-31", "2026-11-20%0a"):
        answer = await robin.get(f"/statement?as_of={wrong}")
        assert (answer.status, "no day of the calendar" in answer.text) == (400, True), wrong


async def test_a_statement_as_of_a_day_keeps_the_seat_of_a_shared_browser(place: Place) -> None:
    both = await place.opened(place.link(SAM))
    await both.get(place.link(ROBIN))
    page = (await both.get("/statement?seat=2&as_of=2026-11-20")).text
    assert '<input type="hidden" name="seat" value="2">' in page
    assert '<a href="/statement?seat=2">Show it as it is now</a>' in page


async def test_a_week_under_other_rules_is_a_question_for_staff_alone(place: Place) -> None:
    fay = await place.opened(place.link(FAY))
    robin = await place.opened(place.link(ROBIN))
    assert "A week under other rules" in (await fay.get(f"/statement/{SAM}")).text
    assert "A week under other rules" not in (await fay.get(f"/statement/{SAM}?as_of=2026-11-20")).text
    assert "A week under other rules" not in (await robin.get("/statement?rules=asam-2-1")).text
    for wrong in ("rules=generous", f"rules={'x' * 5_000}"):
        answer = await fay.get(f"/statement/{SAM}?{wrong}")
        assert (answer.status, "no such rule set" in answer.text) == (400, True)
    assert (await fay.get(f"/statement/{SAM}?week=rubbish")).status == 400
    assert (await fay.get(f"/statement/{SAM}?rules=&week=")).status == 200
