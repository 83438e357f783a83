"""Exercises that a clinic makes: what each kind becomes, what is missing in it, and that its privacy is its kind's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.exercises import FieldKind, Grouping, Privacy, Shape, exercise_mistakes
from facilitation.ids import ExerciseId, SkillId
from facilitation.ownexercises import (
    LISTS,
    OF_KIND,
    ROWS,
    SHAREABLE,
    TEXTS,
    ExerciseDraft,
    Kind,
    OwnExercise,
    exercise_of,
    mistakes,
    with_exercises,
)
from facilitation.runs import ANSWERS_MIN
from server.library import load_library
from tests.support.ownexercises import COMPLETE

LIBRARY = load_library()
OWN = ExerciseId("own-tea")
every_kind = pytest.mark.parametrize("kind", Kind)


def said(draft: ExerciseDraft, language: str = "en") -> dict[str, str]:
    found = mistakes(draft, LIBRARY.skills, language=language)
    return {place: " ".join(map(str, sentences)) for place, sentences in found.items()}


@every_kind
def test_a_complete_draft_of_each_kind_is_an_exercise_a_group_can_do(kind: Kind) -> None:
    draft = COMPLETE[kind]
    assert said(draft) == {}
    exercise = exercise_of(draft, id=OWN, version="2026-01")
    assert exercise_mistakes(exercise, LIBRARY.skills) == ()
    assert exercise.own_pace is (kind is not Kind.PROMPTS)


def test_kinds_look_as_their_shipped_ones() -> None:
    made = {kind: exercise_of(draft, id=OWN, version="2026-01") for kind, draft in COMPLETE.items()}
    assert made[Kind.FOUR].shape is Shape.FOUR and len(made[Kind.FOUR].fields) == 4
    assert made[Kind.PROMPTS].shape is Shape.PROMPTS and made[Kind.PROMPTS].steps[0].seconds
    assert made[Kind.PAIRS].grouping is Grouping.PAIRS and made[Kind.PAIRS].cards
    assert made[Kind.CARDS].fields[0].kind is FieldKind.CARDS and made[Kind.CARDS].fields[0].most == 3
    assert [made[kind].fields[0].kind for kind in (Kind.WORDS, Kind.SCALE, Kind.CHOICE)] == ["words", "scale", "choice"]
    assert [field.kind for field in made[Kind.SHEET].fields] == ["text", "line", "scale"]


def test_a_question_at_the_end_of_timed_prompts_gets_all_the_time_it_needs() -> None:
    draft = COMPLETE[Kind.PROMPTS]
    with_question = exercise_of(draft, id=OWN, version="2026-01")
    assert with_question.steps[-1].seconds == 0 and with_question.steps[-1].fields
    without = replace(draft, fields=draft.fields | {"closing": ""})
    assert exercise_of(without, id=OWN, version="2026-01").steps[-1].seconds > 0


@pytest.mark.parametrize(
    ("kind", "changes", "place"),
    [
        (Kind.SHEET, {"title": "A"}, "title"),
        (Kind.SHEET, {"care": "Short."}, "care"),
        (Kind.SHEET, {"task": "A proven way to be calm, for everybody."}, "task"),
        (Kind.FOUR, {"side_3": ""}, "side_3"),
        (Kind.WORDS, {"question": "See www.example.org"}, "question"),
        (Kind.SCALE, {"low_label": ""}, "low_label"),
        (Kind.CHOICE, {"choices": "Only one"}, "choices"),
        (Kind.CHOICE, {"choices": "Yes\nyes"}, "choices"),
        (Kind.CARDS, {"most": "11"}, "most"),
        (Kind.CARDS, {"most": "many"}, "most"),
        (Kind.PAIRS, {"cards": "Short\nAnother one, and long enough."}, "cards"),
    ],
)
def test_what_is_missing_is_told_beside_its_field(kind: Kind, changes: dict[str, str], place: str) -> None:
    draft = COMPLETE[kind]
    assert place in said(replace(draft, fields=draft.fields | changes))


def test_rows_minutes_and_skills_are_looked_at_too() -> None:
    draft = COMPLETE[Kind.PROMPTS]
    rows = ({"title": "A", "text": "Too", "seconds": "soon"}, *draft.rows[1:])
    assert {"row-1-title", "row-1-text", "row-1-seconds"} <= set(said(replace(draft, rows=rows)))
    assert "rows" in said(replace(draft, rows=draft.rows[:1]))
    assert "together" in said(replace(draft, minutes="1"))["minutes"]
    assert "1 to 30" in said(replace(draft, minutes="31"))["minutes"]
    assert "not in the library" in said(replace(draft, skill="own-gone"))["skill"]


def test_hard_words_are_told() -> None:
    draft = COMPLETE[Kind.SHEET]
    hard = "Individuals experiencing dysregulation necessitate multidisciplinary compensatory interventions."
    assert "hard to read" in said(replace(draft, fields=draft.fields | {"about": hard}))["about"]


# --------------------------------------------------------------- privacy is the kind's, whatever is typed

words = st.text(max_size=60)
names = sorted({*TEXTS, *(name for kind in Kind for name in {**OF_KIND[kind], **LISTS.get(kind, {})}), "most"})
drafts = st.builds(
    ExerciseDraft,
    kind=st.sampled_from(Kind),
    fields=st.dictionaries(st.sampled_from(names), st.one_of(words, st.lists(words, max_size=20).map("\n".join))),
    rows=st.lists(
        st.dictionaries(st.sampled_from(["label", "hint", "answer", "title", "text", "seconds", "privacy"]), words),
        max_size=14,
    ).map(tuple),
    skill=st.sampled_from(["", "wise-mind", "gone"]),
    minutes=words,
    sharing=st.booleans(),
)


@given(drafts)
def test_whatever_is_typed_is_told_or_is_an_exercise_with_the_privacy_of_its_kind(draft: ExerciseDraft) -> None:
    found = mistakes(draft, LIBRARY.skills, language="en")
    exercise = exercise_of(draft, id=OWN, version="2026-01")
    assert found or not exercise_mistakes(exercise, LIBRARY.skills)
    assert ANSWERS_MIN == 5
    for field in exercise.fields:
        if draft.kind not in SHAREABLE:
            assert field.privacy is Privacy.ANONYMOUS
            assert field.kind in (FieldKind.WORDS, FieldKind.SCALE, FieldKind.CHOICE)
        else:
            assert field.privacy is (Privacy.SHAREABLE if draft.sharing else Privacy.PRIVATE)


@given(drafts, st.sampled_from(Kind))
def test_a_complete_draft_is_still_one_or_is_told_whatever_changes(other: ExerciseDraft, kind: Kind) -> None:
    draft = COMPLETE[kind]
    changed = replace(draft, fields=draft.fields | other.fields, rows=other.rows or draft.rows)
    exercise = exercise_of(changed, id=OWN, version="2026-01")
    assert mistakes(changed, LIBRARY.skills, language="es") or not exercise_mistakes(exercise, LIBRARY.skills)


# --------------------------------------------------------------- in the library


def test_what_is_published_can_be_chosen_and_forgets_a_skill_that_was_withdrawn() -> None:
    stands = replace(exercise_of(COMPLETE[Kind.SHEET], id=OWN, version="2026-01"), skills=(SkillId("own-gone"),))
    own = OwnExercise(id=OWN, draft=COMPLETE[Kind.SHEET], stands=stands)
    chosen = with_exercises(LIBRARY, [own]).repertoire().exercise(OWN)
    assert chosen.title == stands.title and chosen.skills == ()
    for hidden in (replace(own, withdrawn=True), replace(own, stands=None)):
        assert OWN not in {each.id for each in with_exercises(LIBRARY, [hidden]).exercises}
    shipped = LIBRARY.exercises[0]
    assert with_exercises(LIBRARY, [replace(own, id=shipped.id)]).exercises == LIBRARY.exercises
    assert all(draft.rows or kind not in ROWS for kind, draft in COMPLETE.items())
