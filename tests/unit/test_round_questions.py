"""Icebreakers and other questions for rounds: kind, low-stakes, plain, and their mistakes are named."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from facilitation.errors import Refusal
from facilitation.exercises import Repertoire, check_repertoire
from facilitation.ids import RoundQuestionId
from facilitation.reading import NEVER, grade
from facilitation.roundquestions import QUESTIONS_MAX, Kind, RoundQuestion, question_mistakes
from server.catalog import CatalogError
from server.library import _questions, load_library

QUESTIONS = load_library().questions
GRADE_MAX = 7.0
TOO_CLOSE = re.compile(
    r"\b(diagnos|illness|symptom|medicat|relapse|sober|drunk|high on|trauma|abuse|suicid|weight|diet|mother|father"
    r"|parents|famil|husband|wife|partner|money|job|rent|god|church|pray|secret|regret|asham|worst|fear)",
    re.IGNORECASE,
)
every_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)


def test_there_is_something_for_every_round() -> None:
    counted = Counter(question.kind for question in QUESTIONS)
    assert counted[Kind.QUESTION] >= 20
    assert all(counted[kind] >= 3 for kind in Kind)
    assert sum(bool(question.teens) for question in QUESTIONS) >= 8


@every_question
def test_a_question_can_be_answered_by_anybody_in_a_few_words(question: RoundQuestion) -> None:
    for text in filter(None, (question.text, question.teens)):
        assert grade(text) <= GRADE_MAX, text
        assert text == " ".join(text.split()) and not re.search(r'"|!!|\bTODO\b', text), text
        assert not TOO_CLOSE.search(text), text
        for pattern in NEVER.values():
            assert not re.search(pattern, text, re.IGNORECASE), text


def test_what_is_wrong_with_a_question_is_named() -> None:
    wrong = RoundQuestion(id=RoundQuestionId("No Good"), kind=Kind.QUESTION, text="Why", teens="Why")
    told = " ".join(question_mistakes(wrong))
    for words in ("small letters", "12 to", "question mark", "leave it out"):
        assert words in told
    nothing = RoundQuestion(id=RoundQuestionId("a"), kind=Kind.QUESTION, text="")
    assert "it asks nothing" in list(question_mistakes(nothing))


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[[question]]\nid = "a"\nkind = "gossip"\ntext = "What is new today?"\n', "gossip"),
        ('[[question]]\nid = "a"\nkind = "question"\n', "text"),
        ('[[question]]\nid = "a"\nkind = "question"\ntext = "What is new today?"\nsting = 1\n', "sting"),
        ('[[question]]\nid = "a"\nkind = "question"\ntext = "What is new today?"\n' * 2, "a"),
        ("", "question"),
    ],
)
def test_a_mistake_in_the_file_is_one_error_that_names_it(tmp_path: Path, toml: str, words: str) -> None:
    path = tmp_path / "rounds.toml"
    path.write_text(toml)
    with pytest.raises(CatalogError, match=re.escape(words)):
        _questions(path)


def test_no_session_is_opened_with_questions_that_cannot_be_told_apart() -> None:
    (first, *_) = QUESTIONS
    many = tuple(
        RoundQuestion(id=RoundQuestionId(f"q-{number}"), kind=Kind.QUESTION, text=first.text)
        for number in range(QUESTIONS_MAX + 1)
    )
    for questions in ((first, first), many):
        with pytest.raises(Refusal):
            check_repertoire(Repertoire(questions=questions))
