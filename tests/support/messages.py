"""The messages that the source holds, and the catalogues brought up to date with them: `make words`.

Found in templates by Jinja's own extractor; in Python where a call is given its message as it stands; in browser code
behind `t(`, `rich(` and `many(`; in those files of the domain's catalogue that participants read; and, of the skills
library, the names that stand by themselves elsewhere: these are put into words in `facilitation/catalog/LANGUAGE`.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment

from server.library import load_library
from server.web.catalogues import ENGLISH, FOLDER, LANGUAGES
from tests.support.source import ROOT, Module, modules

Found = tuple[str, str | tuple[str, str]]
"""The file, and the message: of a plural, both of its English forms."""

SAID = {"words": (0,), "self": (0,), "marked": (0,), "Sentence": (0,), "Refusal": (1,), "many": (0, 1)} | dict.fromkeys(
    (
        *("line", "body", "phone", "text", "day", "day_or_none", "day_of", "clock", "clock_or_none"),
        *("number", "number_or_none", "number_of", "numbers", "one_of", "some_of"),
    ),
    (1,),
)
"""Python's calls, and where in them the message is: the text itself, or what a refusal calls a field."""
SAID_BY_CLASS = frozenset({"Action", "Deed"})
"""Enumerations whose values are messages."""
SAID_IN_TABLES = frozenset({"STATES"})
"""Tables whose values are."""
FOLDERS = ("facilitation", "server")
FOR_OPERATORS = ("server/bots/", "server/commands/", "server/setup/", "server/sfu/", "server/config.py")
"""Python that speaks to whoever runs the server, in English, in a terminal. All other is in the catalogues."""
SAID_BY_NAME = {"Words": ("title", "text")}
IN_BROWSERS = re.compile(r'(?<![\w.$])(?:t|rich)\(\s*("(?:[^"\\\n]|\\.)*")')
MANY_IN_BROWSERS = re.compile(r'(?<![\w.$])many\(\s*("(?:[^"\\\n]|\\.)*"),\s*("(?:[^"\\\n]|\\.)*")')
READ_BY_PARTICIPANTS = {
    "forms.toml": frozenset({"title", "intro", "label", "hint", "low_label", "high_label"}),
    "plans.toml": frozenset({"title", "card"}),
    "exercises.toml": frozenset(
        {"title", "about", "care", "text", "label", "hint", "low_label", "high_label", "cards"}
    ),
    "rounds.toml": frozenset({"text", "teens"}),
    "programmes.toml": frozenset({"title"}),
    "rules.toml": frozenset({"title", "text"}),
    "payers.toml": frozenset({"title"}),
}

OURS_OF_A_MEASURE = frozenset({"title", "about", "check"})
"""What is put into other words beside an instrument; its own stay its authors'."""
OURS_OF_A_PATH = frozenset({"title", "text", "about", "check"})


_library = cache(load_library)
_CURRICULA = "facilitation/catalog/curricula.toml"


def messages() -> Iterator[Found]:
    """Every message of the source, as often as it is said."""
    for found in (_in_templates, _in_python, _in_browsers, _in_data):
        yield from found()
    for language in LANGUAGES:
        yield from _named(language)


def _in_templates() -> Iterator[Found]:
    environment = Environment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"])
    environment.policies["ext.i18n.trimmed"] = True
    environment.newstyle_gettext = True
    for path in sorted((ROOT / "webclient/templates").rglob("*.html")):
        for _, _, text in environment.extract_translations(path.read_text()):
            # Of values that are filled in, it says None.
            said = (text,) if isinstance(text, str) else tuple(each for each in text or () if each is not None)
            if said:  # what `_(variable)` says is marked elsewhere
                yield _place(path), said[0] if len(said) == 1 else said[:2]


def _in_python() -> Iterator[Found]:
    for module in spoken_modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                for message in _said(node):
                    yield module.where, message
            elif (
                isinstance(node, ast.AnnAssign)
                and isinstance(node.target, ast.Name)
                and node.target.id in SAID_IN_TABLES
                and isinstance(node.value, ast.Dict)
            ):
                for value in node.value.values:
                    for message in _texts(value):
                        yield module.where, message
            elif isinstance(node, ast.ClassDef) and node.name in SAID_BY_CLASS:
                for line in node.body:
                    if isinstance(line, ast.Assign):
                        for message in _texts(line.value):
                            yield module.where, message


def spoken_modules() -> Iterator[Module]:
    """Python that says something to the clinic's people."""
    for folder in FOLDERS:
        yield from (module for module in modules(folder) if not module.where.startswith(FOR_OPERATORS))


def _said(call: ast.Call) -> Iterator[str | tuple[str, str]]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    places = SAID.get(name, ())
    if len(places) > 1:
        if all(place < len(call.args) and _texts(call.args[place]) for place in places):
            one, more = (_texts(call.args[place])[0] for place in places)
            yield one, more
        return
    given = [call.args[place] for place in places if place < len(call.args)]
    given += [each.value for each in call.keywords if each.arg in SAID_BY_NAME.get(name, ())]
    for each in given:
        yield from _texts(each)


def _texts(node: ast.expr) -> list[str]:
    """A string, or the strings between which a condition chooses."""
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _in_browsers() -> Iterator[Found]:
    for folder in ("static", "components"):
        for path in sorted((ROOT / "webclient" / folder).rglob("*.mjs")):
            text = path.read_text()
            for found in IN_BROWSERS.finditer(text):
                yield _place(path), ast.literal_eval(found[1])
            for found in MANY_IN_BROWSERS.finditer(text):
                yield _place(path), (ast.literal_eval(found[1]), ast.literal_eval(found[2]))


def _in_data() -> Iterator[Found]:
    measures = ROOT / "facilitation/catalog/measures.toml"
    for measure in tomllib.loads(measures.read_text())["measure"]:
        ours = (
            OURS_OF_A_MEASURE
            if measure.get("verbatim", True)
            else OURS_OF_A_MEASURE | {"short", "stem", "text", "label", "licence"}
        )
        for text in _values(measure, ours):
            yield _place(measures), text.strip()
    path = ROOT / "facilitation/catalog/safety.toml"
    told = tomllib.loads(path.read_text())["path"]
    screener = {name: told["screener"][name] for name in ("about", "check")}
    for text in _values([told["steps"], told["prompts"], {"title": told["title"]}, screener], OURS_OF_A_PATH):
        yield _place(path), text.strip()
    for name, fields in READ_BY_PARTICIPANTS.items():
        path = ROOT / "facilitation/catalog" / name
        for text in _values(tomllib.loads(path.read_text()), fields):
            yield _place(path), " ".join(text.split()) if name == "exercises.toml" else text.strip()


def _named(language: str) -> dict[Found, str]:
    """The names of modules, skills and curricula, and what a lesson leans on, as the library says them."""
    library = _library()
    there = library.spoken(language)
    found: dict[Found, str] = {}
    if there is library:
        return found
    for module, said in zip(library.modules, there.modules, strict=True):
        place = f"facilitation/catalog/skills/{module.id}.toml"
        if said.language == language:
            found[place, module.title] = said.title
        for skill, its in zip(module.skills, said.skills, strict=True):
            if its.language == language:
                found |= {(place, skill.title): its.title, (place, skill.summary): its.summary}
    for curriculum, said_of_it in zip(library.curricula, there.curricula, strict=True):
        if said_of_it.language == language:
            found[_CURRICULA, curriculum.title] = said_of_it.title
            pairs = zip(curriculum.lessons, said_of_it.lessons, strict=True)
            found |= {(_CURRICULA, lesson.focus): its.focus for lesson, its in pairs}
    return found


def _values(node: Any, fields: frozenset[str]) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str) and key in fields:
                yield value
            elif key in fields and all(isinstance(each, str) for each in value):
                yield from value
            else:
                yield from _values(value, fields)
    elif isinstance(node, list):
        for each in node:
            yield from _values(each, fields)


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --------------------------------------------------------------- catalogues


def up_to_date(language: str) -> Catalog:
    """The catalogue with exactly the messages of the source: what is known stays, what is new is empty."""
    path = FOLDER / f"{language}.po"
    known = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=language)
    fresh = Catalog(locale=language, fuzzy=False)
    fresh.mime_headers = [("Plural-Forms", "nplurals=2; plural=(n != 1);")]
    places: dict[str, set[str]] = {}
    ids: dict[str, str | tuple[str, str]] = {}
    for place, message in messages():
        name = message if isinstance(message, str) else message[0]
        places.setdefault(name, set()).add(place)
        if name not in ids or isinstance(message, tuple):
            ids[name] = message
    said = {name: text for (_, name), text in _named(language).items()}
    for name, message in sorted(ids.items()):
        old = known.get(name)
        string = old.string if old is not None and isinstance(old.id, str) == isinstance(message, str) else None
        fresh[name] = Message(
            message,
            string=said.get(name) or string or ("" if isinstance(message, str) else ("", "")),
            locations=[(place, None) for place in sorted(places[name])],
            user_comments=old.user_comments if old is not None else (),
        )
    return fresh


HEADER = """\
# {name}. Messages are the English text; `make words` brings this file up to date with the source.
# Registers and words: webclient/README.md, "Words".
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


def written(catalogue: Catalog) -> str:
    """The file's text."""
    language = str(catalogue.locale)
    body = BytesIO()
    write_po(body, catalogue, width=0, omit_header=True, sort_output=True, include_lineno=False)
    return HEADER.format(name=LANGUAGES[language], language=language) + body.getvalue().decode()


def write(language: str) -> list[str]:
    """Writes the catalogue; what it lacks."""
    catalogue = up_to_date(language)
    (FOLDER / f"{language}.po").write_text(written(catalogue))
    return lacking(catalogue)


def lacking(catalogue: Catalog) -> list[str]:
    return [_name(each) for each in catalogue if each.id and not all(_strings(each))]


def _name(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def main() -> int:
    short = 0
    for language in LANGUAGES.keys() - {ENGLISH}:
        for message in write(language):
            print(f"{language}: {message}")
            short += 1
    print(f"{short} messages have no words yet." if short else "Every message has its words.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
