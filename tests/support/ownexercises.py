"""One complete draft of each kind of exercise that a clinic can make itself."""

from __future__ import annotations

from typing import Final

from facilitation.ownexercises import ExerciseDraft, Kind

FRAME: Final = {
    "title": "Tea on the step",
    "about": "You think of one small thing that was good today, and what you did for it.",
    "care": "It may be tiny. You can stop or pass at any time, and do nothing instead.",
    "heading": "Find it",
    "task": "Look back at this day. What was a little better than it could have been?",
}
PROMPTS: Final = (
    {"title": "Arrive", "text": "Sit so that the chair holds you. Eyes may stay open.", "seconds": "30"},
    {"title": "Hands", "text": "Let your hands rest. Feel each finger for a moment.", "seconds": "45"},
    {"title": "Come back", "text": "Look around the room. Take the time that you need.", "seconds": "20"},
)
ROWS: Final = (
    {"label": "What went well", "hint": "A few words are enough.", "answer": "text"},
    {"label": "Who was there", "hint": "", "answer": "line"},
    {"label": "How good was it?", "hint": "", "answer": "scale"},
)


def _draft(kind: Kind, rows: tuple[dict[str, str], ...] = (), **fields: str) -> ExerciseDraft:
    return ExerciseDraft(kind=kind, fields=FRAME | fields, rows=rows, skill="wise-mind")


COMPLETE: Final[dict[Kind, ExerciseDraft]] = {
    Kind.SHEET: _draft(Kind.SHEET, ROWS),
    Kind.FOUR: _draft(
        Kind.FOUR,
        side_1="Good about going",
        side_2="Bad about going",
        side_3="Good about staying",
        side_4="Bad about it",
    ),
    Kind.WORDS: _draft(Kind.WORDS, question="How is it right now?", hint="Short ones."),
    Kind.SCALE: _draft(Kind.SCALE, question="How much hope is there?", low_label="none", high_label="plenty"),
    Kind.CHOICE: _draft(Kind.CHOICE, question="What helps most?", choices="Music\nA walk\nA friend"),
    Kind.PROMPTS: _draft(Kind.PROMPTS, PROMPTS, closing="What did I notice?"),
    Kind.CARDS: _draft(
        Kind.CARDS, question="My cards", choices="Family\nFriends\nPeace\nLearning", most="3", closing="A first step"
    ),
    Kind.PAIRS: _draft(
        Kind.PAIRS,
        cards="You lent a friend some money.\nA neighbor is loud at night.",
        prompts="What I say\nWhat I need",
    ),
}
