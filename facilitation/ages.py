"""Ages: on which day somebody comes of age, and whether they are a minor on a day. Days are those of where they are.

A birthday is a day of the calendar and not an instant. Whoever was born on February 29 is a year older on March 1 of a
year without one: they are not of age a day too early.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from facilitation.errors import Refusal
from facilitation.sentences import Sentence

ADULT_AGE: Final = 18
ADULT_AGES: Final = (12, 21)
"""The least and the most that a programme can say."""
AGE_MAX: Final = 120
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_MONTH_FIRST: Final = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


def birthday(born: date, age: int) -> date:
    """The day on which somebody is `age` years old."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


def age_on(born: date, day: date) -> int:
    """Full years; below 0 before they were born."""
    years = day.year - born.year
    return years if birthday(born, years) <= day else years - 1


def is_minor(track: str, born: date | None, day: date, adult_age: int) -> bool:
    """By their age on that day; where nobody knows it, whoever is on the track for teens."""
    return track == "teen" if born is None else day < birthday(born, adult_age)


def came_of_age(born: date | None, day: date, adult_age: int) -> date | None:
    """Since when they are of age; None: not yet, or nobody knows."""
    if born is None or is_minor("", born, day, adult_age):
        return None
    return birthday(born, adult_age)


def born_on(text: str, today: date) -> date | None:
    """A date of birth as people write it: 2009-05-14 or 5/14/2009. None: there is none. Raises `Refusal`."""
    text = "".join(text.split())
    if not text:
        return None
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = map(int, found.groups())
    elif found := _MONTH_FIRST.fullmatch(text):
        month, day, year = map(int, found.groups())
    else:
        raise Refusal(
            "bad_birth",
            Sentence("“{word}” is no date of birth. Write it like 2009-05-14, or 5/14/2009.", word=text[:40]),
        )
    try:
        born = date(year, month, day)
    except ValueError:
        raise Refusal("bad_birth", Sentence("There is no such day as “{word}”.", word=text[:40])) from None
    if born > today:
        raise Refusal("bad_birth", "A date of birth cannot be to come.")
    if age_on(born, today) > AGE_MAX:
        raise Refusal("bad_birth", Sentence("Nobody is older than {n}. Please look at the year.", n=AGE_MAX))
    return born
