"""Curricula that a clinic writes itself: weeks and lessons as they were typed, what is missing in them, their order.

They are held to the rules of the shipped ones. What is typed is a draft and binds nobody; published, it stands in the
library beside the others under its number, and a session that has begun keeps the lesson it had.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from facilitation import reading
from facilitation.ids import CurriculumId, SkillId
from facilitation.sentences import Sentence
from facilitation.skills import (
    AIM,
    CURRICULUM_TEXTS,
    FOCUS,
    LESSONS_MAX,
    WEEK_TITLE,
    WEEKS_MAX,
    WEEKS_MIN,
    Curriculum,
    Lesson,
    Library,
    Programme,
    Week,
    curriculum_mistakes,
)
from facilitation.teaching import Mistakes, length, wording

OWN_MAX: Final = 40
NAMES: Final = frozenset({"title"})
"""What is not measured by itself: a name, or one short sentence, has no grade. As a whole all of it is."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonDraft:
    """A lesson as it was typed. `skill`, `revisit`: ids of the library, or ""."""

    skill: str = ""
    focus: str = ""
    revisit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekDraft:
    title: str = ""
    aim: str = ""
    lessons: tuple[LessonDraft, ...] = (LessonDraft(),)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurriculumDraft:
    title: str = ""
    about: str = ""
    joining: str = ""
    weeks: tuple[WeekDraft, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCurriculum:
    """`draft`: as it was typed last. `stands`: what groups can follow, if it was published."""

    id: CurriculumId
    programme: Programme
    language: str = "en"
    draft: CurriculumDraft
    stands: Curriculum | None = None
    withdrawn: bool = False

    @property
    def followed(self) -> Curriculum | None:
        return None if self.withdrawn else self.stands


def curriculum_of(draft: CurriculumDraft, *, id: CurriculumId, version: str, programme: Programme) -> Curriculum:
    """A draft as a curriculum, right or not; white space runs are single."""
    return Curriculum(
        id=id,
        version=version,
        programme=programme,
        title=_line(draft.title),
        about=_line(draft.about),
        joining=_line(draft.joining),
        weeks=tuple(_week_of(week) for week in draft.weeks),
    )


def _week_of(week: WeekDraft) -> Week:
    lessons = (
        Lesson(
            skill=SkillId(each.skill),
            focus=_line(each.focus),
            revisit=SkillId(each.revisit) if each.revisit else None,
        )
        for each in week.lessons
    )
    return Week(title=_line(week.title), aim=_line(week.aim), lessons=tuple(lessons))


def draft_of(curriculum: Curriculum) -> CurriculumDraft:
    """A curriculum as its form holds it."""
    weeks = (
        WeekDraft(
            title=week.title,
            aim=week.aim,
            lessons=tuple(
                LessonDraft(skill=each.skill, focus=each.focus, revisit=each.revisit or "") for each in week.lessons
            ),
        )
        for week in curriculum.weeks
    )
    return CurriculumDraft(
        title=curriculum.title, about=curriculum.about, joining=curriculum.joining, weeks=tuple(weeks)
    )


def _line(text: str) -> str:
    return " ".join(text.split())


# --------------------------------------------------------------- what is missing


def mistakes(curriculum: Curriculum, skills: Iterable[SkillId], *, language: str) -> Mistakes:
    """What is missing or wrong, in plain words, by its place; nothing when a group can follow it.

    Places: 'title', 'about', 'joining', 'weeks', 'week-2-title', 'week-2-aim', 'week-2-lessons', and of each lesson
    'week-2-lesson-1-skill', '…-focus', '…-revisit', counted from one. `skills`: those that the library has.
    """
    known = set(skills)
    found: dict[str, list[Sentence]] = {}

    def say(place: str, *sentences: Sentence) -> None:
        if sentences:
            found.setdefault(place, []).extend(sentences)

    def text(place: str, written: str, bounds: tuple[int, int], *, measured: bool = True) -> None:
        say(place, *length(written, *bounds), *wording(written, language if measured else None))

    for name, bounds in CURRICULUM_TEXTS.items():
        text(name, getattr(curriculum, name), bounds, measured=name not in NAMES)
    if not WEEKS_MIN <= len(curriculum.weeks) <= WEEKS_MAX:
        say("weeks", Sentence("A curriculum has {least} to {most} weeks.", least=WEEKS_MIN, most=WEEKS_MAX))
    learned: set[SkillId] = set()
    for number, week in enumerate(curriculum.weeks, 1):
        here = f"week-{number}"
        text(f"{here}-title", week.title, WEEK_TITLE, measured=False)
        text(f"{here}-aim", week.aim, AIM)
        if not 1 <= len(week.lessons) <= LESSONS_MAX:
            say(f"{here}-lessons", Sentence("A week has 1 to {most} sessions.", most=LESSONS_MAX))
        for count, lesson in enumerate(week.lessons, 1):
            there = f"{here}-lesson-{count}"
            say(f"{there}-skill", *_known(lesson.skill, known))
            text(f"{there}-focus", lesson.focus, FOCUS, measured=False)
            if lesson.revisit is not None:
                say(f"{there}-revisit", *_looked_back_at(lesson.revisit, known, learned))
            learned.add(lesson.skill)
    whole = " ".join(f"{each}." for each in texts(curriculum))
    if not found and reading.too_hard(whole, language, whole=True):
        say("about", Sentence("As a whole this is harder to read than sixth grade. Shorter sentences help."))
    assert bool(found) or not curriculum_mistakes(curriculum, known), "a rule of the library that is not told here"
    return {place: tuple(sentences) for place, sentences in found.items()}


def _known(skill: SkillId, known: set[SkillId]) -> Iterable[Sentence]:
    if not skill:
        yield Sentence("Choose a skill for this session.")
    elif skill not in known:
        yield Sentence("This skill is not in the library any more. Choose another one, or bring it back there.")


def _looked_back_at(skill: SkillId, known: set[SkillId], learned: set[SkillId]) -> Iterable[Sentence]:
    if skill not in known:
        yield Sentence("This skill is not in the library any more. Choose another one, or none.")
    elif skill not in learned:
        yield Sentence("A group can look back only at what it learned before. Choose an earlier skill, or none.")


def texts(curriculum: Curriculum) -> Iterable[str]:
    """Everything of it that people read."""
    yield from (curriculum.title, curriculum.about, curriculum.joining)
    for week in curriculum.weeks:
        yield from (week.title, week.aim)
        yield from (lesson.focus for lesson in week.lessons)


def in_week(found: Mapping[str, Sequence[Sentence]], week: int) -> int:
    """How much is missing in one week."""
    return sum(len(each) for place, each in found.items() if place.startswith(f"week-{week}-"))


# --------------------------------------------------------------- its order


def swapped(row: Sequence[T], at: int, by: int) -> tuple[T, ...]:
    """With what stands `at` one place up (`by` -1) or down (1); as it was where there is no such place."""
    there, rows = at + by, list(row)
    if 0 <= at < len(rows) and 0 <= there < len(rows):
        rows[at], rows[there] = rows[there], rows[at]
    return tuple(rows)


def without(row: Sequence[T], at: int) -> tuple[T, ...]:
    return tuple(each for number, each in enumerate(row) if number != at)


def moved(draft: CurriculumDraft, week: int, lesson: int, to: int) -> CurriculumDraft:
    """A lesson put at the end of another week. As it was where there is no such lesson, or no place for one more."""
    weeks = list(draft.weeks)
    if not (0 <= week < len(weeks) and 0 <= to < len(weeks)) or week == to:
        return draft
    if not 0 <= lesson < len(weeks[week].lessons) or len(weeks[to].lessons) >= LESSONS_MAX:
        return draft
    goes = weeks[week].lessons[lesson]
    weeks[week] = replace(weeks[week], lessons=without(weeks[week].lessons, lesson))
    weeks[to] = replace(weeks[to], lessons=(*weeks[to].lessons, goes))
    return replace(draft, weeks=tuple(weeks))


def with_curricula(library: Library, own: Iterable[OwnCurriculum]) -> Library:
    """The library with what the clinic added, in each language. A name that is taken stays with the shipped one."""
    own = tuple(own)
    taken = {each.id for each in library.curricula}
    added = (replace(each.followed, language=each.language) for each in own if each.followed and each.id not in taken)
    others = {language: with_curricula(each, own) for language, each in library.others.items()}
    return replace(library, curricula=(*library.curricula, *added), others=others)
