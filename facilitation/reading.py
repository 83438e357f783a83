"""How hard a text is to read: the Flesch–Kincaid grade (Kincaid and others, 1975), counted by simple rules."""

from __future__ import annotations

import re

WORD = re.compile(r"[a-z]+(?:['’][a-z]+)*", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?]+(?=[\s”’\"')]|$)")
SPOKEN_ES = ("ces", "ches", "ges", "ses", "shes", "xes", "zes")
TWO_VOWELS = re.compile(r"ia|io(?!u)|ua|ue(?=[nt])|eo|iet|eing|aying|oing|uing|ying|idea")


def grade(text: str) -> float:
    """US school grade: 0.39 words per sentence + 11.8 syllables per word − 15.59. A text without words is 0."""
    words = WORD.findall(text)
    if not words:
        return 0.0
    sentences = max(1, len(SENTENCE_END.findall(text)))
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def syllables(word: str) -> int:
    """By groups of vowels: right for most words, and where it errs, rather one too many than one too few."""
    word = re.sub(r"['’].*", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", word)) + len(TWO_VOWELS.findall(word))
    silent = (
        (word.endswith("e") and not word.endswith(("le", "ee", "ie")))
        or (word.endswith("ed") and not word.endswith(("ted", "ded")))
        or (word.endswith("es") and not word.endswith(SPOKEN_ES))
    )
    return max(1, groups - silent)


GRADE_MAX = 6.0
PART_GRADE_MAX = 8.0
"""A part has few sentences, and a long one or the name of an illness moves its grade by two or three."""

NEVER = {
    "claims a mark": r"[®™©]|\bofficial|\bcertified|\blicensed|copyright",
    "sounds like another's paper": r"\bhandouts?\b|\bworksheets?\b",
    "promises a cure": r"\bcures?\b|\bguarantee|\balways works\b(?!\.)|\bnever fails?\b|\bproven\b|\bmiracle",
    "hurts people": r"\baddicts?\b|\balcoholics?\b|\bjunkie|\babusers\b|\bcrazy\b|\binsane\b|commit(ted)? suicide"
    r"|\bnon-?compliant|\bmanipulative|\battention.seeking|\brelapsers?\b|\bclean\b(?! time)",
}
"""What no text of the library says, by why."""


def never_said(text: str) -> str:
    """The first words in it that no text of the library says, or ""."""
    found = (re.search(pattern, text, re.IGNORECASE) for pattern in NEVER.values())
    return next((hit[0] for hit in found if hit), "")
