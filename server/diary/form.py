"""The form of one day: from fields to a `Day`, and back. What was typed is never lost by a mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from facilitation.diary import (
    FEELINGS,
    STRENGTH_MAX,
    TARGETS_OF_DAY_MAX,
    URGES,
    Ate,
    Day,
    Mark,
    Moved,
    Target,
    asked_targets,
)
from facilitation.errors import Refusal
from facilitation.ids import SkillId
from facilitation.sentences import Sentence, marked
from facilitation.timebase import Instant
from server.web.words import Words

Fields = Mapping[str, str]

FIELDS_MAX: Final = 320
"""A card, and every skill of a large library."""
FOOD: Final[Mapping[str, str]] = {
    Ate.LITTLE: marked("Hardly"),
    Ate.SOME: marked("Some"),
    Ate.REGULAR: marked("Regular meals"),
}
MOVEMENT: Final[Mapping[str, str]] = {
    Moved.LITTLE: marked("Hardly"),
    Moved.SOME: marked("Some"),
    Moved.PLENTY: marked("Plenty"),
}


def day_of(given: Fields, day: date, *, revision: int, at: Instant) -> Day:
    """What the fields say. Raises Refusal that says which of them cannot be."""
    sleep = given.get("sleep", "").strip()
    if sleep and not (sleep.isascii() and sleep.isdigit() and len(sleep) <= 2):
        raise Refusal("bad_diary", "Hours of sleep are a whole number, such as 7.")
    feelings = {name: _strength(given, f"feeling_{name}") for name in FEELINGS}
    return Day(
        day=day,
        revision=revision,
        at=at,
        distress=_strength(given, "distress"),
        feelings={name: strength for name, strength in feelings.items() if strength is not None},
        urges={name: _mark(given, f"urge_{name}") for name in URGES},
        targets=tuple(
            Target(label=given[f"target_{n}_label"], mark=_mark(given, f"target_{n}"))
            for n in range(TARGETS_OF_DAY_MAX)
            if given.get(f"target_{n}_label", "").strip()
        ),
        skills=tuple(SkillId(field.removeprefix("skill_")) for field in given if field.startswith("skill_")),
        sleep_h=int(sleep) if sleep else None,
        food=Ate(given["food"]) if given.get("food") in set(Ate) else None,
        movement=Moved(given["movement"]) if given.get("movement") in set(Moved) else None,
        word=given.get("word", ""),
    )


def _strength(given: Fields, field: str) -> int | None:
    text = given.get(field, "")
    if not text:
        return None
    if not (len(text) == 1 and text.isascii() and text.isdigit()):
        raise Refusal(
            "bad_diary",
            Sentence("How strong something was is a whole number from 0 to {most}.", most=STRENGTH_MAX),
        )
    return int(text)


def _mark(given: Fields, field: str) -> Mark:
    acted = {"yes": True, "no": False}.get(given.get(f"{field}_acted", ""))
    return Mark(strength=_strength(given, field), acted=acted)


# --------------------------------------------------------------- back into fields


def fields_of(day: Day) -> dict[str, str]:
    """A day as its form holds it; its targets are rows of their own (`rows`)."""
    fields = {f"feeling_{name}": str(strength) for name, strength in day.feelings.items()}
    for name, mark in day.urges.items():
        fields |= _marked(f"urge_{name}", mark)
    fields |= {f"skill_{skill}": "on" for skill in day.skills}
    if day.distress is not None:
        fields["distress"] = str(day.distress)
    if day.sleep_h is not None:
        fields["sleep"] = str(day.sleep_h)
    if day.food is not None:
        fields["food"] = day.food
    if day.movement is not None:
        fields["movement"] = day.movement
    return fields | {"word": day.word}


def target_fields(targets: Sequence[Target]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for number, target in enumerate(targets):
        fields |= {f"target_{number}_label": target.label} | _marked(f"target_{number}", target.mark)
    return fields


def _marked(field: str, mark: Mark) -> dict[str, str]:
    fields = {} if mark.strength is None else {field: str(mark.strength)}
    return fields if mark.acted is None else fields | {f"{field}_acted": "yes" if mark.acted else "no"}


def filled(day: Day | None, card: Sequence[str]) -> dict[str, str]:
    """A day's form as it opens."""
    targets = target_fields(asked_targets(card, day))
    return targets if day is None else fields_of(day) | targets


def rows(given: Fields, words: Words) -> dict[str, Any]:
    """What the template draws."""

    def row(field: str, label: str) -> dict[str, Any]:
        return {
            "field": field,
            "label": label,
            "value": given.get(field, ""),
            "acted": given.get(f"{field}_acted", ""),
        }

    return {
        "distress": row("distress", words("How hard was the day?")),
        "feelings": [row(f"feeling_{name}", words(label)) for name, label in FEELINGS.items()],
        "urges": [row(f"urge_{name}", words(label)) for name, label in URGES.items()],
        "targets": [
            row(f"target_{n}", label) for n in range(TARGETS_OF_DAY_MAX) if (label := given.get(f"target_{n}_label"))
        ],
        "sleep": given.get("sleep", ""),
        "food": [(value, words(label), given.get("food") == value) for value, label in FOOD.items()],
        "movement": [(value, words(label), given.get("movement") == value) for value, label in MOVEMENT.items()],
        "word": given.get("word", ""),
        "strengths": [str(strength) for strength in range(STRENGTH_MAX + 1)],
    }
