"""The skills library: what a group learns, as data, and curricula that string skills over weeks.

A skill is written so that a substitute can run it cold. All of its text is for reading aloud or from the page; names
of traditions and sources are facts about where the idea comes from, never a claim to follow anybody's protocol.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from facilitation.exercises import Exercise, Repertoire, SkillCard, Today
from facilitation.ids import CurriculumId, ModuleId, SkillId
from facilitation.languages import ENGLISH
from facilitation.roundquestions import RoundQuestion
from facilitation.sentences import marked


class WorksWith(StrEnum):
    """What a skill stirs that can overwhelm somebody. Each of these asks for a safety note."""

    BREATH = "breath"
    BODY = "body"
    FEAR = "fear"
    MEMORY = "memory"
    CRAVING = "craving"


class Programme(StrEnum):
    ADULT = "adult"
    TEEN = "teen"
    CO_OCCURRING = "co_occurring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """One skill, complete. `id` and `version` name this text for ever: a change of meaning takes a new version.

    `known_as`: the name people may know it by elsewhere. `minutes`: what teaching it takes, all parts together.
    `safety`: who should go gently or not at all, and what to do instead; needed wherever `works_with` is not empty.
    `language`: the one that its text is in, a tag of BCP 47.
    """

    id: SkillId
    version: str
    title: str
    known_as: str = ""
    minutes: int
    summary: str
    tradition: str
    sources: tuple[str, ...]
    works_with: tuple[WorksWith, ...] = ()
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
    language: str = ENGLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A family of skills. `order` is its place in the library; `about` says in a few words what it is for."""

    id: ModuleId
    order: int
    title: str
    about: str
    skills: tuple[Skill, ...]
    language: str = ENGLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """The skills block of one session: the skill, what to lean on this time, and a skill to look back at, or none."""

    skill: SkillId
    focus: str
    revisit: SkillId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    title: str
    aim: str
    lessons: tuple[Lesson, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curriculum:
    """Skills over six to twelve weeks, session by session. `joining` says how somebody comes in midway."""

    id: CurriculumId
    version: str
    programme: Programme
    title: str
    about: str
    joining: str
    weeks: tuple[Week, ...]
    language: str = ENGLISH

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        return tuple(lesson for week in self.weeks for lesson in week.lessons)

    @property
    def places(self) -> tuple[Taught, ...]:
        """The same, each with its place."""
        return tuple(
            Taught(curriculum=self, week=week_number, session=number)
            for week_number, week in enumerate(self.weeks, 1)
            for number, _ in enumerate(week.lessons, 1)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """Where a curriculum teaches a skill; week and session count from one."""

    curriculum: Curriculum
    week: int
    session: int

    @property
    def lesson(self) -> Lesson:
        return self.curriculum.weeks[self.week - 1].lessons[self.session - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Modules in their order, with their skills; curricula; live exercises."""

    modules: tuple[Module, ...]
    curricula: tuple[Curriculum, ...]
    exercises: tuple[Exercise, ...] = ()
    questions: tuple[RoundQuestion, ...] = ()
    """For rounds."""
    others: Mapping[str, Library] = field(default_factory=dict)
    """The same in other languages."""

    def spoken(self, language: str) -> Library:
        """In that language, as far as there are words; each entry says which one it is in."""
        return self.others.get(language, self)

    @property
    def called(self) -> Iterator[Skill]:
        """Every skill in every language that it has words in: as people may name it."""
        for library in (self, *self.others.values()):
            yield from library.skills.values()

    @property
    def skills(self) -> Mapping[SkillId, Skill]:
        return {skill.id: skill for module in self.modules for skill in module.skills}

    def curriculum(self, id: str) -> Curriculum | None:
        return next((each for each in self.curricula if each.id == id), None)

    def lesson(self, curriculum: str, before: int) -> Taught | None:
        """What a group that follows a curriculum has after `before` sessions; after the last, it begins anew."""
        found = self.curriculum(curriculum)
        places = found.places if found else ()
        return places[before % len(places)] if places else None

    def gaps(self, curriculum: Curriculum) -> tuple[Taught, ...]:
        """The lessons on skills that are not here any more, because the clinic withdrew them."""
        return tuple(place for place in curriculum.places if place.lesson.skill not in self.skills)

    def module_of(self, skill: SkillId) -> Module:
        """The module of a skill that is here."""
        return next(module for module in self.modules if skill in {each.id for each in module.skills})

    def taught(self, skill: SkillId) -> tuple[Taught, ...]:
        """Every lesson on this skill, in every curriculum."""
        return tuple(
            place for curriculum in self.curricula for place in curriculum.places if place.lesson.skill == skill
        )

    def repertoire(self, place: Taught | None = None, *, last_time: tuple[str, ...] = ()) -> Repertoire:
        """What a session can do with it. `place`: what the curriculum has for it; `last_time`: what was taught."""
        skills = (
            SkillCard(id=each.id, title=each.title, summary=each.summary, language=each.language)
            for each in self.skills.values()
        )
        return Repertoire(
            skills=tuple(skills),
            exercises=self.exercises,
            questions=self.questions,
            today=None if place is None else self._today(place),
            last_time=last_time,
        )

    def _today(self, place: Taught) -> Today:
        """A lesson as a session keeps it; a skill that is not here any more is none."""
        lesson, known = place.lesson, self.skills
        return Today(
            skill=lesson.skill if lesson.skill in known else None,
            focus=lesson.focus,
            revisit=lesson.revisit if lesson.revisit in known else None,
            curriculum=place.curriculum.title,
            version=place.curriculum.version,
            week=place.week,
            session=place.session,
        )

    def search(self, words: str) -> tuple[Skill, ...]:
        """Skills whose text holds every word: those named after them first, then those about them. No words: all."""
        wanted = _folded(words[:QUERY_MAX]).split()

        def missing(text: str) -> int:
            folded = _folded(text)
            return sum(word not in folded for word in wanted)

        found = [skill for skill in self.skills.values() if missing(" ".join(texts(skill))) == 0]
        ranked = sorted(found, key=lambda skill: (missing(f"{skill.title} {skill.known_as}"), missing(skill.summary)))
        return tuple(ranked)


QUERY_MAX = 100
EMPTY = Library(modules=(), curricula=())


def texts(skill: Skill) -> Iterator[str]:
    """Everything of a skill that people read, its sources last."""
    for name in (*TEXTS, *LISTS):
        value: str | tuple[str, ...] = getattr(skill, name)
        yield from (value,) if isinstance(value, str) else value


def _folded(text: str) -> str:
    """Without capitals and accents, so that a search need not know them."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))


# --------------------------------------------------------------- the running order

_FIXED_BEFORE = (
    (marked("Look back"), 5),
    (marked("Why and how"), 10),
    (marked("Two-minute try"), 2),
    (marked("Group exercise"), 10),
)
_FIXED_AFTER = ((marked("Plan for tonight"), 5),)
_FIXED_MIN = sum(minutes for _, minutes in (*_FIXED_BEFORE, *_FIXED_AFTER))


def running_order(skill: Skill) -> tuple[tuple[str, int], ...]:
    """The parts of the block with their minutes, which sum up to the skill's; the talk gets what the rest leaves."""
    return (*_FIXED_BEFORE, (marked("Talk about it"), skill.minutes - _FIXED_MIN), *_FIXED_AFTER)


# --------------------------------------------------------------- what makes an entry complete

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
VERSION = re.compile(r"\d{4}-\d{2}")
ID_MAX = 40
MINUTES_MIN, MINUTES_MAX = 40, 60
WEEKS_MIN, WEEKS_MAX = 6, 12
LESSONS_MAX = 5
CURRICULUM_TEXTS = {"title": (3, 60), "about": (60, 600), "joining": (60, 600)}
WEEK_TITLE, AIM, FOCUS = (3, 60), (30, 240), (20, 240)

# Shortest and longest, in characters.
TEXTS = {
    "title": (3, 50),
    "known_as": (0, 60),
    "summary": (30, 140),
    "why": (120, 700),
    "two_minute_try": (80, 600),
    "tonight": (60, 400),
    "for_teens": (60, 400),
    "trauma_aware": (60, 500),
    "safety": (0, 600),
    "tradition": (8, 160),
}
# Fewest and most entries, and the longest entry in characters.
LISTS = {
    "steps": (3, 7, 280),
    "group_exercise": (3, 7, 280),
    "prompts": (3, 5, 160),
    "tips": (2, 4, 280),
    "pitfalls": (2, 4, 280),
    "sources": (1, 4, 240),
}


def module_mistakes(module: Module) -> tuple[str, ...]:
    """What is wrong with a module apart from its skills, in words; nothing when it can be used."""
    return (
        *_name_mistakes(module.id),
        *_length_mistakes("title", module.title, 3, 50),
        *_length_mistakes("about", module.about, 30, 300),
        *(() if module.skills else ("it has no skills",)),
    )


def skill_mistakes(skill: Skill) -> tuple[str, ...]:
    """What is wrong with a skill, in words, all of it at once; nothing when it can be taught from."""
    wrong = [*_name_mistakes(skill.id), *_version_mistakes(skill.version)]
    if not MINUTES_MIN <= skill.minutes <= MINUTES_MAX:
        wrong.append(f"minutes is {skill.minutes}; a skill takes {MINUTES_MIN} to {MINUTES_MAX}")
    for name, (least, most) in TEXTS.items():
        wrong += _length_mistakes(name, getattr(skill, name), least, most)
    for name, (fewest, most, length) in LISTS.items():
        entries: tuple[str, ...] = getattr(skill, name)
        if not fewest <= len(entries) <= most:
            wrong.append(f"{name} has {len(entries)} entries; it needs {fewest} to {most}")
        for number, entry in enumerate(entries, 1):
            wrong += _length_mistakes(f"{name}, entry {number}", entry, 10, length)
    wrong += [f"prompts, entry {n} is not a question" for n, each in enumerate(skill.prompts, 1) if each[-1:] != "?"]
    if skill.works_with and not skill.safety:
        stirs = ", ".join(skill.works_with)
        wrong.append(f"it works with {stirs} and has no safety note")
    return tuple(wrong)


def curriculum_mistakes(curriculum: Curriculum, skills: Iterable[SkillId]) -> tuple[str, ...]:
    """What is wrong with a curriculum over these skills, in words; nothing when it can be followed."""
    known = set(skills)
    wrong = [
        *_name_mistakes(curriculum.id),
        *_version_mistakes(curriculum.version),
    ]
    for name, (least, most) in CURRICULUM_TEXTS.items():
        wrong += _length_mistakes(name, getattr(curriculum, name), least, most)
    if not WEEKS_MIN <= len(curriculum.weeks) <= WEEKS_MAX:
        wrong.append(f"it has {len(curriculum.weeks)} weeks; it needs {WEEKS_MIN} to {WEEKS_MAX}")
    for number, week in enumerate(curriculum.weeks, 1):
        wrong += [f"week {number}: {mistake}" for mistake in _week_mistakes(week, known)]
    return (*wrong, *_order_mistakes(curriculum.lessons))


def _week_mistakes(week: Week, known: set[SkillId]) -> Iterator[str]:
    yield from _length_mistakes("title", week.title, *WEEK_TITLE)
    yield from _length_mistakes("aim", week.aim, *AIM)
    if not 1 <= len(week.lessons) <= LESSONS_MAX:
        yield f"it has {len(week.lessons)} lessons; it needs 1 to {LESSONS_MAX}"
    for number, lesson in enumerate(week.lessons, 1):
        for skill in (lesson.skill, lesson.revisit):
            if skill is not None and skill not in known:
                yield f"lesson {number}: there is no skill {skill!r}"
        yield from _length_mistakes(f"lesson {number}, focus", lesson.focus, *FOCUS)


def _order_mistakes(lessons: Sequence[Lesson]) -> Iterator[str]:
    """A group can look back only at what it has learned."""
    learned: set[SkillId] = set()
    for lesson in lessons:
        if lesson.revisit is not None and lesson.revisit not in learned:
            yield f"the lesson {lesson.skill!r} looks back at {lesson.revisit!r}, which has not been taught by then"
        learned.add(lesson.skill)


def _name_mistakes(name: str) -> Iterator[str]:
    if not ID.fullmatch(name) or len(name) > ID_MAX:
        yield f"the id {name!r} is not made of small letters, digits and single hyphens (at most {ID_MAX} characters)"


def _version_mistakes(version: str) -> Iterator[str]:
    if not VERSION.fullmatch(version):
        yield f"the version {version!r} is not a year and a number, such as '2026-01'"


def _length_mistakes(what: str, text: str, least: int, most: int) -> Iterator[str]:
    if text != text.strip():
        yield f"{what} begins or ends with white space"
    if not least <= len(text) <= most:
        yield f"{what} has {len(text)} characters; it needs {least} to {most}"
