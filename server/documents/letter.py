"""A letter for school: when somebody has appointments, and nothing else. No clinic, no programme, no word of health."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from facilitation.timebase import Instant
from server.web import words


def letter_data(
    name: str, times: Sequence[tuple[Instant, Instant]], *, zone: str, day: date, margin_min: int
) -> dict[str, Any]:
    """What letter.typ shows. `times`: start and end of each appointment, in order; `day`: that of the letter."""
    way = f", and {words.minutes(margin_min)} before and after them for the way," if margin_min else ""
    return {
        "title": "Letter about times",
        "day": words.calendar(day),
        "heading": f"Appointments of {name}",
        "paragraphs": [
            "To whom it may concern:",
            f"{name} has appointments at the times below that cannot be moved. "
            f"Please excuse {name} from school where it falls into these times{way.rstrip(',')}.",
        ],
        "header": ["Day", "Time"],
        "rows": [[words.dated(words.local(start, zone).date()), words.span(start, end, zone)] for start, end in times],
        "zone": f"Times are local times ({zone.replace('_', ' ')}).",
        "signature": ["Name", "Phone", "Signature"],
    }
