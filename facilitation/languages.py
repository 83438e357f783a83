"""In which language somebody wants to be spoken to, as they chose it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.sentences import Sentence, marked

ENGLISH: Final = "en"
"""What everything is written in first."""
TAG_MAX: Final = 12
NAMES: Final = {ENGLISH: marked("English"), "es": marked("Spanish")}


def check_tag(language: str) -> str:
    """A tag as pages have it ("es"); "" says none. Raises Refusal."""
    if len(language) > TAG_MAX or not (language == "" or (language.isascii() and language.replace("-", "").isalnum())):
        raise Refusal("bad_choice", "This is no language.")
    return language


def named(language: str) -> Sentence:
    """What it is called, as far as we know it."""
    return Sentence(NAMES.get(language, language))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """`language`: a tag of BCP 47 ("es")."""

    person: PersonId
    language: str
