"""The library in another language: words for each entry, bound to the English text that they were written from.

A translation holds words and nothing else: ids, minutes, order and what a skill stirs stay those of the entry. It says
by a digest which text it was written from. When that text changes, the translation is set aside until somebody has
looked at it, and the entry is shown in English: what a group does must never be an older version than its facilitator
reads elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from facilitation.ids import CurriculumId, ModuleId, SkillId
from facilitation.skills import (
    LISTS,
    TEXTS,
    Curriculum,
    Library,
    Module,
    Skill,
    Week,
    curriculum_mistakes,
    module_mistakes,
    skill_mistakes,
    texts,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillWords:
    """The words of one skill. `of`: the digest of the text that they say in another language."""

    id: SkillId
    of: str
    title: str
    known_as: str = ""
    summary: str
    tradition: str
    sources: tuple[str, ...]
    safety: str = ""
    why: str
    steps: tuple[str, ...]
    two_minute_try: str
    group_exercise: tuple[str, ...]
    prompts: tuple[str, ...]
    tonight: str
    for_teens: str
    trauma_aware: str
    tips: tuple[str, ...]
    pitfalls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleWords:
    """The words of a module, and those of its skills."""

    id: ModuleId
    of: str
    title: str
    about: str
    skills: tuple[SkillWords, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekWords:
    """`focus`: of each lesson in turn."""

    title: str
    aim: str
    focus: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurriculumWords:
    id: CurriculumId
    of: str
    title: str
    about: str
    joining: str
    weeks: tuple[WeekWords, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """`language`: a tag of BCP 47 ("es")."""

    language: str
    modules: tuple[ModuleWords, ...] = ()
    curricula: tuple[CurriculumWords, ...] = ()


Entry = Skill | Module | Curriculum
Words = SkillWords | ModuleWords | CurriculumWords


# --------------------------------------------------------------- what a translation is of


def entry_texts(entry: Entry) -> Iterator[str]:
    """Everything of an entry that people read; of a module, not its skills."""
    match entry:
        case Skill():
            yield from texts(entry)
        case Module():
            yield from (entry.title, entry.about)
        case Curriculum():
            yield from (entry.title, entry.about, entry.joining)
            for week in entry.weeks:
                yield from (week.title, week.aim, *(lesson.focus for lesson in week.lessons))


DIGEST_CHARS = 12


def digest(entry: Entry) -> str:
    """Of all its texts, in their order: another comma is another digest."""
    whole = "\x1f".join(entry_texts(entry))
    return hashlib.sha256(whole.encode()).hexdigest()[:DIGEST_CHARS]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Words, and the entry of their name, if there is one. `name` tells a module from a curriculum of the same id."""

    name: str
    entry: Entry | None
    words: Words

    @property
    def fits(self) -> bool:
        """Whether the words say the text as it is now."""
        return self.entry is not None and self.words.of == digest(self.entry)


def _pairs(library: Library, translation: Translation) -> Iterator[_Pair]:
    entries = dict(_entries(library))
    for each in translation.modules:
        yield _Pair(name=f"module {each.id!r}", entry=entries.get(f"module {each.id!r}"), words=each)
        for skill in each.skills:
            yield _Pair(name=f"skill {skill.id!r}", entry=entries.get(f"skill {skill.id!r}"), words=skill)
    for one in translation.curricula:
        yield _Pair(name=f"curriculum {one.id!r}", entry=entries.get(f"curriculum {one.id!r}"), words=one)


def _entries(library: Library) -> Iterator[tuple[str, Entry]]:
    for module in library.modules:
        yield f"module {module.id!r}", module
        for skill in module.skills:
            yield f"skill {skill.id!r}", skill
    for curriculum in library.curricula:
        yield f"curriculum {curriculum.id!r}", curriculum


def lacking(library: Library, translation: Translation) -> tuple[str, ...]:
    """What is shown in English in that language, and why: it has no words, or they say another text than it has now."""
    pairs = {each.name: each for each in _pairs(library, translation)}
    found = [f"{name}: it has no words" for name, _ in _entries(library) if name not in pairs]
    for name, pair in pairs.items():
        if pair.entry is None:
            found.append(f"{name}: there is no such entry")
        elif not pair.fits:
            found.append(
                f"{name}: its text was changed: look at its words again, and write of = {digest(pair.entry)!r}"
            )
    return tuple(found)


# --------------------------------------------------------------- the library in that language


def translated(library: Library, translation: Translation) -> Library:
    """The library with these words. What has none, or was changed since they were written, stays as it is."""
    words = {each.name: each.words for each in _pairs(library, translation) if each.fits}

    def skill(of: Skill) -> Skill:
        said = words.get(f"skill {of.id!r}")
        return _skill(of, said, translation.language) if isinstance(said, SkillWords) else of

    def module(of: Module) -> Module:
        said = words.get(f"module {of.id!r}")
        whole = replace(of, skills=tuple(map(skill, of.skills)))
        return _module(whole, said, translation.language) if isinstance(said, ModuleWords) else whole

    def curriculum(of: Curriculum) -> Curriculum:
        said = words.get(f"curriculum {of.id!r}")
        return _curriculum(of, said, translation.language) if isinstance(said, CurriculumWords) else of

    return replace(
        library,
        modules=tuple(map(module, library.modules)),
        curricula=tuple(map(curriculum, library.curricula)),
    )


def _skill(skill: Skill, words: SkillWords, language: str) -> Skill:
    said = {each.name: getattr(words, each.name) for each in fields(words) if each.name != "of"}
    return replace(skill, language=language, **said)


def _module(module: Module, words: ModuleWords, language: str) -> Module:
    return replace(module, title=words.title, about=words.about, language=language)


def _curriculum(curriculum: Curriculum, words: CurriculumWords, language: str) -> Curriculum:
    weeks = tuple(_week(*each) for each in zip(curriculum.weeks, words.weeks, strict=True))
    return replace(
        curriculum, title=words.title, about=words.about, joining=words.joining, weeks=weeks, language=language
    )


def _week(week: Week, words: WeekWords) -> Week:
    lessons = tuple(replace(lesson, focus=focus) for lesson, focus in zip(week.lessons, words.focus, strict=True))
    return replace(week, title=words.title, aim=words.aim, lessons=lessons)


# --------------------------------------------------------------- what makes a translation complete


def translation_mistakes(library: Library, translation: Translation) -> tuple[str, ...]:
    """What is wrong with words that say the text as it is now, by the entry's name; nothing when all can be used.

    They have the shape of the entry: as many steps, weeks and lessons, nothing left out and nothing added. What comes
    of them is held to the rules of the library. Words of another text are not looked at: they are not shown.
    """
    pairs = list(_pairs(library, translation))
    names = [each.name for each in pairs]
    wrong = [f"{name}: it is given twice" for name in sorted({each for each in names if names.count(each) > 1})]
    for pair in pairs:
        if pair.fits:
            wrong += [f"{pair.name}: {mistake}" for mistake in _mistakes(library, pair, translation.language)]
    return tuple(wrong)


def _mistakes(library: Library, pair: _Pair, language: str) -> Iterator[str]:
    match pair.entry, pair.words:
        case Skill() as skill, SkillWords() as words:
            yield from _shape_mistakes(skill, words)
            yield from skill_mistakes(_skill(skill, words, language))
        case Module() as module, ModuleWords() as words:
            yield from module_mistakes(_module(module, words, language))
        case Curriculum() as curriculum, CurriculumWords() as words:
            unlike = list(_unlike(curriculum, words))
            yield from unlike or curriculum_mistakes(_curriculum(curriculum, words, language), library.skills)


def _shape_mistakes(skill: Skill, words: SkillWords) -> Iterator[str]:
    for name in LISTS:
        ours, theirs = len(getattr(skill, name)), len(getattr(words, name))
        if ours != theirs:
            yield f"{name} has {theirs} entries; the skill has {ours}"
    for name in TEXTS:
        if bool(getattr(skill, name)) != bool(getattr(words, name)):
            yield f"{name} is empty in one language and not in the other"


def _unlike(curriculum: Curriculum, words: CurriculumWords) -> Iterator[str]:
    if len(words.weeks) != len(curriculum.weeks):
        yield f"it has {len(words.weeks)} weeks; the curriculum has {len(curriculum.weeks)}"
    for number, (week, said) in enumerate(zip(curriculum.weeks, words.weeks, strict=False), 1):
        if len(said.focus) != len(week.lessons):
            yield f"week {number}: focus has {len(said.focus)} entries; the week has {len(week.lessons)} lessons"
