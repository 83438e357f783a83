"""A language of nobody, to look at layouts: "[¡Öþéñ ţĥé ŕóóɱ one two!]", about 40 % longer, and still readable."""

from __future__ import annotations

import re
from functools import cache

from server.web.catalogues import Catalogue, catalogue
from server.web.words import CALENDARS, Words

PSEUDO = "en-XA"
LETTERS = str.maketrans("aceinortuyACEINORSTU", "áçéîñöŕţüýÁÇÉÎÑÖŔŠŢÛ")
KEPT = re.compile(r"(%\(\w+\)[sd]|\{\w+[^}]*\}|<[^>]+>|&\w+;)")
MORE = ("one", "two", "three", "four", "five", "six", "seven")


def pseudo(text: str) -> str:
    """Placeholders and markup stay as they are."""
    told = "".join(part if KEPT.fullmatch(part) else part.translate(LETTERS) for part in KEPT.split(text))
    longer, words = 0, []
    while longer < 0.4 * len(text):
        words.append(MORE[len(words) % len(MORE)])
        longer += len(words[-1]) + 1
    return f"[{told} {' '.join(words)}]"


@cache
def pseudo_words() -> Words:
    real = catalogue("es")
    messages = {
        name: pseudo(name) if isinstance(each, str) else (pseudo(name),) for name, each in real.messages.items()
    }
    return Words(Catalogue(PSEUDO, messages, real.shared), CALENDARS["en"])
