"""What the pages of the schedule say of rules and clashes, in the language of whoever reads them."""

from __future__ import annotations

import pytest

from facilitation.recurrence import Every, Recurrence
from server.timetable.office import rule_words
from server.web.words import words_in


@pytest.mark.parametrize(
    ("recurrence", "english", "spanish"),
    [
        (Recurrence(every=Every.ONCE), "Once", "Una vez"),
        (
            Recurrence(every=Every.WEEK, days=(0, 2, 4)),
            "Every Monday, Wednesday and Friday",
            "Cada lunes, miércoles y viernes",
        ),
        (
            Recurrence(every=Every.WEEK, days=(3,), interval=2),
            "Every second week on Thursday",
            "Cada dos semanas: jueves",
        ),
        (
            Recurrence(every=Every.MONTH, days=(1,), nths=(1, -1)),
            "On the first and last Tuesday of the month",
            "El primer y último martes del mes",
        ),
        (
            Recurrence(every=Every.MONTH, days=(5,), nths=(2,), interval=3),
            "On the second Saturday of every third month",
            "El segundo sábado cada tres meses",
        ),
    ],
)
def test_a_rule_is_said_to_people(recurrence: Recurrence, english: str, spanish: str) -> None:
    assert rule_words(words_in("en"), recurrence) == english
    assert rule_words(words_in("es"), recurrence) == spanish
