"""Whoever reads no English finds every word: the catalogues are whole, and pages say nothing beside them."""

from __future__ import annotations

import ast
import re
from functools import cache
from html.parser import HTMLParser

import pytest
from babel.messages.catalog import Catalog, Message

from server.web.catalogues import ENGLISH, FOLDER, LANGUAGES
from tests.support.messages import lacking, spoken_modules, up_to_date, written
from tests.support.source import ROOT
from tests.tidy.test_browser_code import browser_files

OTHERS = sorted(LANGUAGES.keys() - {ENGLISH})
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+(?:[:!][^}]*)?\}")
TAG = re.compile(r"</?\w+[^>]*>")
SAME_IN_ALL = frozenset({"Milieu", "0 min"})


@cache
def catalogue(language: str) -> Catalog:
    return up_to_date(language)


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_has_its_words(language: str) -> None:
    assert lacking(catalogue(language)) == [], f"run `make words`, and write them in webclient/words/{language}.po"


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_is_as_make_words_writes_it(language: str) -> None:
    assert (FOLDER / f"{language}.po").read_text() == written(catalogue(language)), "run `make words`"


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_filled_in_and_marked_up_stays_so(language: str) -> None:
    wrong = [
        (each.id, form)
        for each in catalogue(language)
        if each.id
        for form in forms(each)
        if fixed(form) != fixed(english(each)) or ('"' in form and '"' not in english(each)) or "\n" * 2 in form
    ]
    assert wrong == []


GLOSSARY = {
    "es": {
        r"\bcounselling\b": "consejer",
        r"\bexercises?\b": "ejercicio",
        r"\bgoals?\b": "meta",
        r"\bguardians?\b": "tutor",
        r"\bhome page\b": "página principal",
        r"\bpasskeys?\b": "llave",
        r"\bprogram(me)?s?\b": "programa",
        r"\bsmall rooms?\b": "salas? pequeña",
        r"\bsupervisors?\b": "supervisor",
        r"\bwaiting room\b": "sala de espera",
        r"\bwrap-up\b": "cierre",
        r"\baddend(um|a)\b": "adenda",
    }
}
"""What is called by one word in English is called by one word elsewhere too."""


@pytest.mark.parametrize("language", OTHERS)
def test_the_same_thing_is_called_by_the_same_word(language: str) -> None:
    wrong = [
        (each.id, theirs)
        for each in catalogue(language)
        if each.id
        for ours, theirs in GLOSSARY[language].items()
        if re.search(ours, PLACEHOLDER.sub("", english(each)), re.IGNORECASE)
        and not all(re.search(theirs, form, re.IGNORECASE) for form in forms(each))
    ]
    assert wrong == []


def test_everybody_is_spoken_to_as_the_readme_says() -> None:
    assert [form for each in catalogue("es") for form in forms(each) if re.search(r"\busted\b", form, re.I)] == []


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def english(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[-1]


def fixed(text: str) -> tuple[list[str], list[str]]:
    return sorted(PLACEHOLDER.findall(text)), sorted(TAG.findall(text))


# --------------------------------------------------------------- nothing beside the catalogues


class Bare(HTMLParser):
    """Collects text that is shown or spoken as it stands, in a template whose expressions are taken out."""

    SPOKEN = ("title", "aria-label", "alt", "placeholder", "aria-roledescription")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._quiet = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._quiet += tag in ("style", "script", "kbd", "code")
        self.found += [value for name, value in attributes if name in self.SPOKEN and value and has_words(value)]

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in ("style", "script", "kbd", "code")

    def handle_data(self, data: str) -> None:
        if not self._quiet and has_words(data):
            self.found.append(" ".join(data.split()))


def has_words(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2}", text)) and text.strip() not in SAME_IN_ALL


def bare(markup: str) -> list[str]:
    parser = Bare()
    parser.feed(markup)
    parser.close()
    return parser.found


def test_refusals_are_made_of_messages() -> None:
    """What is filled in is a Sentence's value: an f-string is in no catalogue."""
    wrong = [
        f"{module.where}:{node.lineno}"
        for module in spoken_modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal"
        if any(isinstance(each, ast.JoinedStr | ast.BinOp) for each in node.args[1:])
    ]
    assert wrong == []


LITERAL = re.compile(r"""(?<![\w=])(["'])([A-Z“¿][^"'\\<>/{}=]*?[a-z][^"'\\<>{}=]*?|[a-z]+ [a-z]+[^"'\\<>{}=]*?)\1""")
SAID = re.compile(r"""(_|gettext|ngettext)\((?:\s*(?:"(?:[^"\\]|\\.)*"|'[^']*')\s*,?)+""")


def test_templates_say_nothing_that_is_in_no_catalogue() -> None:
    wrong = []
    for path in sorted((ROOT / "webclient/templates").rglob("*.html")):
        name = path.relative_to(ROOT / "webclient/templates").as_posix()
        text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S)
        text = re.sub(r"\{% block page %\}.*?\{% endblock %\}", "", text)  # classes
        text = re.sub(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", "", text, flags=re.S)
        wrong += [f"{name}: {each}" for each in bare(re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.S))]
        for expression in re.findall(r"\{[{%](.*?)[%}]\}", text, flags=re.S):
            wrong += [f"{name}: {found[2]}" for found in LITERAL.finditer(SAID.sub("", expression))]
    assert wrong == []


def test_browser_code_says_nothing_that_is_in_no_catalogue() -> None:
    wrong = []
    files = [*browser_files(".mjs", under="webclient/components"), *browser_files(".mjs", under="webclient/static")]
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        wrong += [f"{name}: {each}" for each in said_beside(path.read_text())]
    assert wrong == []


FOR_NOBODY = re.compile(r"(?:\b(?:t|rich|Error|DOMException|console\.\w+)\(|\bmany\((?:\s*\"[^\"]*\",)?)\s*$")
LIKE_WORDS = re.compile(r"[A-Z“¿][a-z’]+(?:[ ,.:?!…].*|)|.*[a-z], [a-z]+ .*")
KEYS = frozenset({"Enter", "Escape", "Esc", "Tab", "Shift", "Control", "Ctrl", "Alt", "Home", "End"})


def said_beside(code: str) -> list[str]:
    """What browser code shows that no `t(`, `rich(` or `many(` says: in markup, and in strings that read like words."""
    markup, strings = scan(code)
    said = [text for before, text in strings if LIKE_WORDS.fullmatch(text) and not FOR_NOBODY.search(before)]
    return bare(markup) + [text for text in said if text not in KEYS]


IN_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?P<double>(?:[^"\\\n]|\\.)*)"|'(?P<single>(?:[^'\\\n]|\\.)*)'|`|\{|\}""", re.S
)
IN_TEXT = re.compile(r"\\.|`|\$\{", re.S)


def scan(code: str) -> tuple[str, list[tuple[str, str]]]:
    """The markup of html`…` and svg`…` without what is computed in it; strings, each with the code before it."""
    markup: list[str] = []
    strings: list[tuple[str, str]] = []
    inside = ["code"]
    at = 0
    while match := (IN_CODE if inside[-1] == "code" else IN_TEXT).search(code, at):
        state, piece, before = inside[-1], match[0], code[max(0, match.start() - 200) : match.start()]
        if state == "markup":
            markup.append(code[at : match.start()])
        at = match.end()
        if state == "code" and piece[0] in "\"'":
            strings.append((before, match["double"] or match["single"] or ""))
        elif state == "code" and piece == "`":
            inside.append("markup" if re.search(r"\b(html|svg)$", before) else "text")
            strings.append((before, re.split(r"\$\{|`", code[at:], maxsplit=1)[0]))
        elif piece in ("{", "${"):
            inside.append("code")
            markup += "0" if state == "markup" else ""  # something stands there
        elif piece == "`" or (piece == "}" and len(inside) > 1):
            inside.pop()
    return "".join(markup), strings


def test_the_lint_sees_what_is_said_and_not_what_is_computed() -> None:
    code = """const a = html`<p title="A title">${on ? html`<b>Deep words</b>` : t("Said")} and</p>`;
        const b = {x: `Also ${1}`, y: "Plain words", z: "a-b c", k: event.key === "Enter"}; // "Not this"
        throw new Error("Nor this");"""
    assert said_beside(code) == ["A title", "Deep words", "and", "Also ", "Plain words"]
