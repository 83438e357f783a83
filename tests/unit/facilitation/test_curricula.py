"""Curricula of the clinic's own: drafts, what is missing at its place, their order, and how they join the library."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.curricula import (
    CurriculumDraft,
    LessonDraft,
    OwnCurriculum,
    WeekDraft,
    curriculum_of,
    draft_of,
    in_week,
    mistakes,
    moved,
    swapped,
    with_curricula,
    without,
)
from facilitation.exercises import check_repertoire
from facilitation.ids import CurriculumId, SkillId
from facilitation.skills import Curriculum, Programme, Taught, curriculum_mistakes
from server.library import load_library

LIBRARY = load_library()
ADULT = LIBRARY.curricula[0]
OWN = CurriculumId("own-evening")


def made(draft: CurriculumDraft) -> Curriculum:
    return curriculum_of(draft, id=OWN, version="2026-01", programme=Programme.ADULT)


def with_lesson(week: int, lesson: int, **changes: str) -> CurriculumDraft:
    """A copy of the adults' curriculum with one lesson changed; both count from one."""
    draft = draft_of(ADULT)
    weeks = list(draft.weeks)
    lessons = list(weeks[week - 1].lessons)
    lessons[lesson - 1] = replace(lessons[lesson - 1], **changes)
    weeks[week - 1] = replace(weeks[week - 1], lessons=tuple(lessons))
    return replace(draft, weeks=tuple(weeks))


def said(draft: CurriculumDraft, language: str = "en") -> dict[str, str]:
    found = mistakes(made(draft), LIBRARY.skills, language=language)
    return {place: " ".join(map(str, sentences)) for place, sentences in found.items()}


@pytest.mark.parametrize("curriculum", LIBRARY.curricula, ids=lambda each: each.id)
def test_a_copy_of_a_shipped_one_is_complete_and_says_the_same(curriculum: Curriculum) -> None:
    assert mistakes(curriculum, LIBRARY.skills, language="en") == {}
    copy = curriculum_of(
        draft_of(curriculum), id=curriculum.id, version=curriculum.version, programme=curriculum.programme
    )
    assert copy == curriculum


@pytest.mark.parametrize(
    ("draft", "place", "words"),
    [
        (with_lesson(2, 1, skill=""), "week-2-lesson-1-skill", "Choose a skill"),
        (with_lesson(2, 1, skill="gone"), "week-2-lesson-1-skill", "not in the library any more"),
        (with_lesson(2, 1, revisit="gone"), "week-2-lesson-1-revisit", "not in the library any more"),
        (with_lesson(1, 1, revisit="wise-mind"), "week-1-lesson-1-revisit", "what it learned before"),
        (with_lesson(3, 2, focus="Short."), "week-3-lesson-2-focus", "at least 20"),
        (with_lesson(3, 2, focus="A proven way to calm down, for all."), "week-3-lesson-2-focus", "without “proven”"),
        (with_lesson(3, 2, focus="Look at www.example.org for more."), "week-3-lesson-2-focus", "No links"),
        (replace(draft_of(ADULT), title="A"), "title", "at least 3"),
        (replace(draft_of(ADULT), about="Too short."), "about", "at least 60"),
        (replace(draft_of(ADULT), joining="a" * 700), "joining", "at most 600"),
        (replace(draft_of(ADULT), weeks=draft_of(ADULT).weeks[:5]), "weeks", "6 to 12 weeks"),
        (replace(draft_of(ADULT), weeks=(WeekDraft(lessons=()), *draft_of(ADULT).weeks)), "week-1-lessons", "1 to 5"),
    ],
)
def test_what_is_missing_is_told_at_its_place(draft: CurriculumDraft, place: str, words: str) -> None:
    found = said(draft)
    assert words in found[place]
    assert curriculum_mistakes(made(draft), LIBRARY.skills) or "without" in words or "No links" in words


def test_hard_words_are_told() -> None:
    hard = "Individuals experiencing dysregulation necessitate multidisciplinary compensatory interventions."
    weeks = tuple(replace(week, aim=hard) for week in draft_of(ADULT).weeks)
    assert "hard to read" in said(replace(draft_of(ADULT), weeks=weeks))["week-1-aim"]
    every = (replace(week, lessons=tuple(replace(one, focus=hard) for one in week.lessons)) for week in weeks)
    whole = replace(draft_of(ADULT), weeks=tuple(replace(week, aim=ADULT.weeks[0].aim) for week in every))
    assert "As a whole" in said(whole)["about"]


def test_a_week_knows_how_much_it_lacks() -> None:
    found = mistakes(made(with_lesson(2, 1, skill="", focus="")), LIBRARY.skills, language="en")
    assert in_week(found, 2) >= 2
    assert in_week(found, 1) == 0


@given(
    weeks=st.lists(
        st.builds(
            WeekDraft,
            title=st.text(max_size=80),
            aim=st.text(max_size=300),
            lessons=st.lists(
                st.builds(
                    LessonDraft,
                    skill=st.sampled_from(["", "gone", "wise-mind", "the-pause", "\x00"]),
                    focus=st.text(max_size=300),
                    revisit=st.sampled_from(["", "gone", "the-pause"]),
                ),
                max_size=7,
            ).map(tuple),
        ),
        max_size=14,
    ).map(tuple),
    title=st.text(max_size=90),
)
def test_whatever_is_typed_is_told_or_can_be_followed(weeks: tuple[WeekDraft, ...], title: str) -> None:
    curriculum = made(CurriculumDraft(title=title, about=ADULT.about, joining=ADULT.joining, weeks=weeks))
    assert mistakes(curriculum, LIBRARY.skills, language="en") or not curriculum_mistakes(curriculum, LIBRARY.skills)


# --------------------------------------------------------------- its order


def test_weeks_go_up_and_down_and_stay_where_there_is_no_place() -> None:
    assert swapped("abc", 1, -1) == ("b", "a", "c")
    assert swapped("abc", 1, 1) == ("a", "c", "b")
    assert swapped("abc", 0, -1) == swapped("abc", 2, 1) == swapped("abc", 9, 1) == ("a", "b", "c")
    assert without("abc", 1) == ("a", "c")
    assert without("abc", 7) == ("a", "b", "c")


def test_a_lesson_goes_to_another_week_unless_that_is_full() -> None:
    draft = draft_of(ADULT)
    after = moved(draft, 0, 1, 3)
    assert after.weeks[3].lessons[-1] == draft.weeks[0].lessons[1]
    assert len(after.weeks[0].lessons) == len(draft.weeks[0].lessons) - 1
    assert sum(len(week.lessons) for week in after.weeks) == sum(len(week.lessons) for week in draft.weeks)
    full = moved(moved(draft, 0, 0, 1), 0, 0, 1)
    assert moved(full, 0, 0, 1) == full
    for week, lesson, to in ((0, 9, 1), (9, 0, 1), (0, 0, 9), (0, 0, 0), (-1, 0, 1)):
        assert moved(draft, week, lesson, to) == draft


# --------------------------------------------------------------- in the library


def own(**changes: object) -> OwnCurriculum:
    stands = replace(ADULT, id=OWN, title="Our evenings")
    return replace(OwnCurriculum(id=OWN, programme=Programme.ADULT, draft=draft_of(ADULT), stands=stands), **changes)


def test_what_is_published_stands_beside_the_shipped_ones_and_a_draft_does_not() -> None:
    assert with_curricula(LIBRARY, [own()]).curriculum(OWN) is not None
    assert with_curricula(LIBRARY, [own(stands=None)]).curriculum(OWN) is None
    assert with_curricula(LIBRARY, [own(withdrawn=True)]).curriculum(OWN) is None
    shipped = own(id=ADULT.id, stands=replace(ADULT, title="Another"))
    assert with_curricula(LIBRARY, [shipped]).curriculum(ADULT.id) == ADULT


def test_a_lesson_on_a_skill_that_was_withdrawn_is_a_gap_and_its_session_opens_all_the_same() -> None:
    lessons = (replace(ADULT.lessons[0], skill=SkillId("own-gone")), *ADULT.weeks[0].lessons[1:])
    weeks = (replace(ADULT.weeks[0], lessons=lessons), *ADULT.weeks[1:])
    library = with_curricula(LIBRARY, [own(stands=replace(ADULT, id=OWN, weeks=weeks))])
    curriculum = library.curriculum(OWN)
    assert curriculum is not None
    assert [(place.week, place.session) for place in library.gaps(curriculum)] == [(1, 1)]
    first, second = library.lesson(OWN, 0), library.lesson(OWN, 1)
    repertoire = library.repertoire(first)
    check_repertoire(repertoire)
    assert repertoire.today is not None and repertoire.today.skill is None and repertoire.today.focus
    assert second is not None and second.lesson == lessons[1], "what comes after it stays in its place"


def test_a_session_keeps_which_version_it_followed_and_where() -> None:
    place = LIBRARY.lesson("adult", 4)
    assert place == Taught(curriculum=ADULT, week=2, session=2)
    today = LIBRARY.repertoire(place).today
    assert today is not None
    assert (today.curriculum, today.version, today.week, today.session) == (ADULT.title, ADULT.version, 2, 2)
