"""Times and minutes as people read them."""

from __future__ import annotations

from datetime import date

import pytest

from facilitation.sentences import Sentence
from facilitation.timebase import HOUR_MS, Instant
from server.web import words
from server.web.catalogues import Catalogue

SIX_PM_NEW_YORK = Instant(1_795_561_200_000)  # 2026-11-24T23:00Z


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 min"), (12, "12 min"), (60, "1 h"), (171, "2 h 51 min"), (540, "9 h"), (-5, "−5 min"), (-65, "−1 h 5 min")],
)
def test_minutes_are_said_in_hours_and_minutes(count: int, text: str) -> None:
    assert words.minutes(count) == text


def test_a_span_stands_on_the_clock_of_its_zone() -> None:
    end = Instant(SIX_PM_NEW_YORK + 3 * HOUR_MS)
    assert words.span(SIX_PM_NEW_YORK, end, "America/New_York") == "6:00 PM – 9:00 PM"
    assert words.span(SIX_PM_NEW_YORK, end, "America/Los_Angeles") == "3:00 PM – 6:00 PM"


def test_midnight_and_noon_are_twelve() -> None:
    assert words.clock_time(words.local(0, "UTC")) == "12:00 AM"
    assert words.clock_time(words.local(12 * HOUR_MS, "UTC")) == "12:00 PM"


def test_days_within_one_month_name_it_once() -> None:
    assert words.days(date(2026, 11, 9), date(2026, 11, 15)) == "November 9 – 15"
    assert words.days(date(2026, 11, 30), date(2026, 12, 6)) == "November 30 – December 6"


def test_a_moment_has_its_day_and_time() -> None:
    assert words.moment(SIX_PM_NEW_YORK, "America/New_York") == "November 24, 6:00 PM"
    assert words.weekday(date(2026, 11, 24)) == "Tuesday, November 24"


def test_spanish_has_its_own_days_and_the_clock_of_its_readers() -> None:
    spanish = words.words_in("es")
    assert spanish.weekday(date(2026, 11, 24)) == "martes 24 de noviembre"
    assert spanish.dated(date(2026, 11, 24)) == "martes 24 de noviembre de 2026"
    assert spanish.days(date(2026, 11, 9), date(2026, 11, 15)) == "9 – 15 de noviembre"
    assert spanish.days(date(2026, 11, 30), date(2026, 12, 6)) == "30 de noviembre – 6 de diciembre"
    assert spanish.clock_time(words.local(SIX_PM_NEW_YORK, "America/New_York")) == "6:00 p.m."


def test_a_sentence_of_the_domain_is_said_with_its_values() -> None:
    catalogue = Catalogue("es", {"{name} has {time} left.": "A {name} le quedan {time}.", "{n} min": "{n} minutos"})
    spanish = words.Words(catalogue, words.CALENDARS["es"])
    told = Sentence("{name} has {time} left.", name="Robin {Example}", time=Sentence("{n} min", n=5))
    assert str(told) == "Robin {Example} has 5 min left."
    assert spanish.of(told) == "A Robin {Example} le quedan 5 minutos."
    assert spanish.of("What no catalogue has.") == "What no catalogue has."


def test_as_many_as_there_are() -> None:
    catalogue = Catalogue("es", {"{n} note waits": ("{n} nota espera", "{n} notas esperan")})
    for count, text in ((0, "0 notas esperan"), (1, "1 nota espera"), (2, "2 notas esperan")):
        assert words.Words(catalogue, words.CALENDARS["es"]).many("{n} note waits", "{n} notes wait", count) == text
    assert words.words_in("en").many("{n} note waits", "{n} notes wait", 1) == "1 note waits"
