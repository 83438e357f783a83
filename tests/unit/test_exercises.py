"""The live exercises of the catalogue: whole, readable, gentle, and their mistakes are named."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from facilitation import commands as c
from facilitation import views
from facilitation.errors import Refusal
from facilitation.exercises import Exercise, FieldKind, Grouping, Privacy, Repertoire, Shape, check_repertoire, texts
from facilitation.ids import ExerciseId, FieldId, RunId
from facilitation.reading import NEVER, grade
from facilitation.skills import WorksWith
from server.catalog import FOLDER, CatalogError
from server.library import load_library
from server.web.templates import WEBCLIENT
from tests.support.meeting import FAY, ROBIN, SAM, running

LIBRARY = load_library()
EXERCISES = LIBRARY.exercises

GRADE_MAX, PART_GRADE_MAX = 6.0, 8.0
every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)


def test_there_is_one_of_each_kind_that_a_group_asks_for() -> None:
    assert {exercise.id for exercise in EXERCISES} >= {
        *("paced-breathing", "five-senses", "body-scan", "urge-wave", "thought-record", "check-the-facts"),
        *("pros-and-cons", "values-cards", "word-cloud", "scale-poll", "opposite-action", "cope-ahead"),
        *("ask-clearly", "strengths"),
    }
    assert {exercise.shape for exercise in EXERCISES} == set(Shape)
    assert {exercise.grouping for exercise in EXERCISES} == set(Grouping)


@every_exercise
def test_an_exercise_is_readable_in_sixth_grade(exercise: Exercise) -> None:
    sentences = [text if text.endswith((".", "?")) else f"{text}." for text in texts(exercise) if text]
    assert grade(" ".join(sentences)) <= GRADE_MAX
    long = [text for text in sentences if text.count(" ") > 7]
    assert {text: round(grade(text), 1) for text in long if grade(text) > PART_GRADE_MAX} == {}


@every_exercise
def test_an_exercise_is_clean_type_and_hurts_nobody(exercise: Exercise) -> None:
    for text in texts(exercise):
        assert text == " ".join(text.split())
        assert not re.search(r'"|\s[,;!?]|\s\.(?!\.\.)|\bTODO\b|!!', text), text
        for pattern in NEVER.values():
            assert not re.search(pattern, text, re.IGNORECASE), text


@every_exercise
def test_an_exercise_says_how_to_do_it_gently_or_not_at_all(exercise: Exercise) -> None:
    assert re.search(
        r"stop|skip|pass|small|gentle|kind|leave|made-up|not the (hardest|worst)|you choose|you decide|no names"
        r"|no good or bad",
        exercise.care,
        re.IGNORECASE,
    )
    stirs = {works for skill in exercise.skills for works in LIBRARY.skills[skill].works_with}
    if exercise.shape in (Shape.BREATH, Shape.PROMPTS) and stirs & {WorksWith.BREATH, WorksWith.BODY}:
        assert "eyes may stay open" in exercise.care.casefold() or "eyes stay open" in exercise.care.casefold()


@every_exercise
def test_nothing_is_shared_by_itself(exercise: Exercise) -> None:
    for field in exercise.fields:
        if field.kind in (FieldKind.TEXT, FieldKind.LINE, FieldKind.DRAWING):
            assert field.privacy is not Privacy.ANONYMOUS
    if exercise.grouping is Grouping.CHAIN:
        assert not any(field.quoted for field in exercise.fields), "words about others are not for one's own note"


@every_exercise
def test_an_exercise_takes_as_long_as_it_says(exercise: Exercise) -> None:
    assert sum(step.seconds for step in exercise.steps) <= exercise.minutes * 60


def test_a_breath_out_is_longer_than_a_breath_in() -> None:
    beats = [step.beat for exercise in EXERCISES for step in exercise.steps if step.beat is not None]
    assert beats
    assert all(beat.exhale_ms > beat.inhale_ms and beat.length_ms >= 8_000 for beat in beats)


def test_the_ten_lines_of_the_readme_are_an_exercise_that_a_group_does(tmp_path: Path) -> None:
    readme = (WEBCLIENT / "components/exercises/README.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert example is not None and len(example[1].splitlines()) <= 11
    folder = Path(shutil.copytree(FOLDER, tmp_path / "catalog"))
    with (folder / "exercises.toml").open("a", encoding="utf-8") as file:
        file.write(example[1])
    meeting = running(ROBIN, SAM, repertoire=load_library(folder).repertoire())
    meeting.do(c.OpenExercise(exercise=ExerciseId("one-good-thing")), FAY)
    run = RunId("exercise-1")
    meeting.do(c.AnswerExercise(run=run, answers={"good": "The dog slept on my feet."}, sent=True), ROBIN)
    assert "dog" not in str(views.room_part(meeting.state, "group")), "it is private"
    meeting.do(c.ShareExerciseAnswer(run=run, field=FieldId("good"), entry="The dog slept."), ROBIN)
    assert views.room_part(meeting.state, "group")["exercise"]["shared"] == [
        {"person": ROBIN, "field": "good", "entry": "The dog slept."}
    ]
    meeting.do(c.CloseExercise(run=run), FAY)
    [robin] = [each for each in views.record_part(meeting.state, meeting.now)["people"] if each["person"] == ROBIN]
    assert any("One good thing" in fact["value"] for fact in robin["facts"]), "it stands in the facts of the note"


# --------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "five-senses"', 'id = "body-scan"', "given twice: body-scan"),
        ('id = "five-senses"', 'id = "Five Senses"', "small letters"),
        ('version = "2026-01"', 'version = "new"', "the version 'new'"),
        ('skills = ["five-senses"]', 'skills = ["six-senses"]', "there is no skill 'six-senses'"),
        ('shape = "breath"', 'shape = "dance"', "dance"),
        ('shape = "breath"', 'shape = "poll"', "the shape 'poll' needs an anonymous field"),
        ("minutes = 4", "minutes = 400", "minutes is 400"),
        ("seconds = 180", "seconds = 9999", "seconds is 9999"),
        ("seconds = 180", "seconds = 0", "a step with a beat needs seconds"),
        ("inhale_ms = 4000", "inhale_ms = 400", "a breath is 2 to 10 seconds"),
        ('id = "touch", kind', 'id = "see", kind', "each with an id of its own"),
        ('label = "I see"', 'lable = "I see"', "label"),
        ('label = "I see"', 'label = "I"', "label has 1 characters"),
        ("most = 5", "most = 50", "most is 50"),
        ('kind = "words"', 'kind = "text"', "what cannot be counted cannot be anonymous"),
        ('hint = "Short ones. Up to three.", privacy = "anonymous"', 'hint = ""', "words are for anonymous answers"),
        ('grouping = "chain"', "", "needs the grouping 'chain'"),
        ('grouping = "pairs"\ncards', "cards", "cards are dealt to pairs"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "catalog"))
    path = folder / "exercises.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_library(folder)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_session_takes_no_repertoire_that_it_cannot_be_held_with() -> None:
    one = EXERCISES[0]
    check_repertoire(LIBRARY.repertoire(LIBRARY.curricula[0].places[0]))
    for wrong in (Repertoire(exercises=(one, one)), Repertoire(exercises=tuple([one] * 65))):
        with pytest.raises(Refusal):
            check_repertoire(wrong)
