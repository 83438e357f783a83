"""How hard a text is to read, counted by simple rules.

English by the Flesch–Kincaid grade (Kincaid and others, 1975), Spanish by the ease of Szigriszt-Pazos (1993), on the
scale INFLESZ (Barrio-Cantalejo and others, 2008).
"""

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

SPANISH_WORD = re.compile(r"[a-záéíóúüñ]+", re.IGNORECASE)
VOWELS = re.compile(r"(?:[aeiouáéíóúü]|y$)+")
ALONE = frozenset("aeoáéóíú")
"""Each of them is a syllable; an i or u without an accent leans on the vowel beside it."""


def ease(text: str) -> float:
    """Of Spanish: 206.835 − 62.3 syllables per word − words per sentence. A text without words is 100."""
    words = SPANISH_WORD.findall(text)
    if not words:
        return 100.0
    sentences = max(1, len(SENTENCE_END.findall(text)))
    return 206.835 - 62.3 * sum(map(spanish_syllables, words)) / len(words) - len(words) / sentences


def spanish_syllables(word: str) -> int:
    """Of a Spanish word. The u of "que" and "gui" is not heard."""
    heard = re.sub(r"(?<=q)u|(?<=g)u(?=[eiéí])", "", word.lower())
    return max(1, sum(max(1, sum(vowel in ALONE for vowel in run)) for run in VOWELS.findall(heard)))


EASE_MIN = 70.0
"""INFLESZ calls 65 to 80 "fairly easy": what primary school reads at its end, which is sixth grade."""
PART_EASE_MIN = 60.0


def too_hard(text: str, language: str, *, whole: bool = False) -> bool:
    """For a sixth-grader, in a language of the library ("en", "es"). `whole`: all of an entry, not a part of it."""
    if language == "es":
        return ease(text) < (EASE_MIN if whole else PART_EASE_MIN)
    return grade(text) > (GRADE_MAX if whole else PART_GRADE_MAX)


NEVER = {
    "claims a mark": r"[®™©]|\bofficial|\bcertified|\blicensed|copyright",
    "sounds like another's paper": r"\bhandouts?\b|\bworksheets?\b|\bhojas? de trabajo",
    "promises a cure": r"\bcura(n|rá)?\b|\bgarantiza|\bmilagro|\bnunca falla\b"
    r"|\bcures?\b|\bguarantee|\balways works\b(?!\.)|\bnever fails?\b|\bproven\b|\bmiracle",
    "hurts people": r"\baddicts?\b|\balcoholics?\b|\bjunkie|\babusers\b|\bcrazy\b|\binsane\b|commit(ted)? suicide"
    r"|\b(drog)?adict[oa]s?\b|\balcohólic[oa]s?\b|\bborrach[oa]s?\b|\bloc[oa]s?\b|\bcomet\w+ suicidio|\bestar limpi[oa]"
    r"|\bnon-?compliant|\bmanipulative|\battention.seeking|\brelapsers?\b|\bclean\b(?! time)",
}
"""What no text of the library says, by why."""


def never_said(text: str) -> str:
    """The first words in it that no text of the library says, or ""."""
    found = (re.search(pattern, text, re.IGNORECASE) for pattern in NEVER.values())
    return next((hit[0] for hit in found if hit), "")
