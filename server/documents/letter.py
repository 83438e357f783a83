"""A letter for school: when somebody has appointments, and nothing else. No clinic, no programme, no word of health."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from facilitation.timebase import Instant
from server.documents.paper import said
from server.web.words import Words, local


def letter_data(
    words: Words, name: str, times: Sequence[tuple[Instant, Instant]], *, zone: str, day: date, margin_min: int
) -> dict[str, Any]:
    """What letter.typ shows. `times`: start and end of each appointment, in order; `day`: that of the letter."""
    please = (
        words(
            "Please excuse {name} from school where it falls into these times, and {time} before and after them for "
            "the way.",
            name=name,
            time=words.minutes(margin_min),
        )
        if margin_min
        else words("Please excuse {name} from school where it falls into these times.", name=name)
    )
    return {
        "title": words("Letter about times"),
        "said": said(words),
        "day": words.calendar(day),
        "heading": words("Appointments of {name}", name=name),
        "paragraphs": [
            words("To whom it may concern:"),
            words("{name} has appointments at the times below that cannot be moved.", name=name) + f" {please}",
        ],
        "header": [words("Day"), words("Time")],
        "rows": [[words.dated(local(start, zone).date()), words.span(start, end, zone)] for start, end in times],
        "zone": words("Times are local times ({zone}).", zone=zone.replace("_", " ")),
        "signature": [words("Name"), words("Phone"), words("Signature")],
    }
