"""Skills that a clinic writes itself: held to the rules of the shipped ones, told field by field in plain words.

What is typed is a draft and binds nobody. Published, it stands in the library beside the others, under its number; a
session that has begun keeps what it had. What is withdrawn can come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from facilitation import reading
from facilitation.ids import ModuleId, SkillId
from facilitation.sentences import Sentence
from facilitation.skills import (
    LISTS,
    MINUTES_MAX,
    MINUTES_MIN,
    TEXTS,
    Library,
    Module,
    Skill,
    WorksWith,
    skill_mistakes,
)

LANGUAGES: Final = ("en", "es")
OWN_MAX: Final = 100
UNMEASURED: Final = frozenset({"title", "known_as", "tradition", "sources"})
"""Names of people and books have no grade."""
YEAR: Final = r"\b(19|20)\d\d\b"

Mistakes = Mapping[str, tuple[Sentence, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSkill:
    """`draft`: as it was typed last, by field. `stands`: what is in the library, if it was published."""

    id: SkillId
    module: ModuleId
    language: str = "en"
    draft: dict[str, str] = field(default_factory=dict)
    stands: Skill | None = None
    withdrawn: bool = False

    @property
    def taught(self) -> Skill | None:
        return None if self.withdrawn else self.stands


def skill_of(draft: Mapping[str, str], *, id: SkillId, version: str) -> Skill:
    """A draft as a skill, right or not: a list has an entry a line, white space runs are single."""

    def text(name: str) -> str:
        return " ".join(draft.get(name, "").split())

    values: dict[str, Any] = {name: text(name) for name in TEXTS}
    for name in LISTS:
        lines = (" ".join(line.split()) for line in draft.get(name, "").splitlines())
        values[name] = tuple(line for line in lines if line)
    minutes = draft.get("minutes", "").strip()
    return Skill(
        id=id,
        version=version,
        minutes=int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 4 else 0,
        works_with=tuple(each for each in WorksWith if draft.get(f"works_with_{each}")),
        **values,
    )


def draft_of(skill: Skill) -> dict[str, str]:
    """A skill as its form holds it."""
    draft = {name: str(getattr(skill, name)) for name in TEXTS}
    draft |= {name: "\n".join(getattr(skill, name)) for name in LISTS}
    return draft | {"minutes": str(skill.minutes)} | {f"works_with_{each}": "on" for each in skill.works_with}


def mistakes(skill: Skill, *, language: str) -> Mistakes:
    """What is missing or wrong by field, in plain words; nothing when it can be taught from.

    The rules are those of the shipped library, how hard it is to read included.
    """
    found: dict[str, list[Sentence]] = {}

    def say(name: str, sentence: Sentence) -> None:
        found.setdefault(name, []).append(sentence)

    if not MINUTES_MIN <= skill.minutes <= MINUTES_MAX:
        say("minutes", Sentence("A skill takes {least} to {most} minutes.", least=MINUTES_MIN, most=MINUTES_MAX))
    for name, (least, most) in TEXTS.items():
        for sentence in length(getattr(skill, name), least, most):
            say(name, sentence)
    for name, (fewest, largest, longest) in LISTS.items():
        _entries(name, getattr(skill, name), fewest, largest, longest, say)
    if any(not each.endswith("?") for each in skill.prompts):
        say("prompts", Sentence("Each of these is a question, and ends with a question mark."))
    if skill.works_with and not skill.safety:
        say("safety", Sentence("This skill can be a lot for somebody: say who goes gently, and what to do instead."))
    for name, text in _texts(skill):
        for sentence in wording(text, None if name in UNMEASURED else language):
            say(name, sentence)
    if not found and reading.too_hard(" ".join(_measured(skill)), language, whole=True):
        say("why", Sentence("As a whole this is harder to read than sixth grade. Shorter sentences help."))
    assert bool(found) or not skill_mistakes(skill), "a rule of the library that is not told here"
    return {name: tuple(sentences) for name, sentences in found.items()}


def length(text: str, least: int, most: int) -> Iterator[Sentence]:
    if len(text) < least:
        yield Sentence("A little more, please: at least {least} characters.", least=least)
    elif len(text) > most:
        yield Sentence("That is too long: at most {most} characters, and it has {n}.", most=most, n=len(text))


def wording(text: str, language: str | None) -> Iterator[Sentence]:
    """What is wrong with the words themselves. `language`: by which they are held to the reading level; None: not."""
    if word := reading.never_said(text):
        yield Sentence("Please say it without “{word}”: it hurts, promises or claims too much.", word=word)
    if "http" in text or "www." in text:
        yield Sentence("No links: whoever runs this reads it aloud, or from paper.")
    if language is not None and reading.too_hard(text, language):
        yield Sentence("This is hard to read. Shorter sentences and everyday words help.")


def _entries(name: str, entries: Sequence[str], fewest: int, most: int, longest: int, say: Any) -> None:
    if not fewest <= len(entries) <= most:
        say(name, Sentence("{least} to {most} lines, please, one for each.", least=fewest, most=most))
    for number, entry in enumerate(entries, 1):
        if not 10 <= len(entry) <= longest:
            say(name, Sentence("Line {n}: 10 to {most} characters, please.", n=number, most=longest))


def _texts(skill: Skill) -> Iterable[tuple[str, str]]:
    for name in (*TEXTS, *LISTS):
        value: str | tuple[str, ...] = getattr(skill, name)
        yield name, value if isinstance(value, str) else " ".join(value)


def _measured(skill: Skill) -> Iterable[str]:
    return (text for name, text in _texts(skill) if name not in UNMEASURED)


def joined(library: Library, own: Iterable[OwnSkill]) -> Library:
    """The library with what the clinic added, in each language. A name that is taken stays with the shipped skill."""
    own = tuple(own)
    taken = set(library.skills)
    added: dict[ModuleId, list[Skill]] = {}
    for each in own:
        if each.taught is not None and each.id not in taken:
            added.setdefault(each.module, []).append(replace(each.taught, language=each.language))
    modules = tuple(_with(module, added.get(module.id, ())) for module in library.modules)
    others = {language: joined(each, own) for language, each in library.others.items()}
    return replace(library, modules=modules, others=others)


def _with(module: Module, skills: Sequence[Skill]) -> Module:
    return replace(module, skills=(*module.skills, *skills)) if skills else module
