"""What pages say, in one language: sentences of the catalogue, times and minutes as people read them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time

from facilitation.disclosures import Disclosure, Purpose
from facilitation.sentences import Moment, Sentence
from facilitation.sentences import marked as marked
from facilitation.timebase import Instant
from server.web.catalogues import ENGLISH, LANGUAGES, Catalogue, catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """How days are written: patterns of CLDR, and the locale whose names and clock they take."""

    locale: str
    weekday: str
    day: str
    year: str
    short: str
    dated: str
    span: str
    """Two days of one month."""


CALENDARS: Final = {
    "en": Calendar(
        locale="en_US",
        weekday="EEEE, MMMM d",
        day="MMMM d",
        year="MMMM d, y",
        short="EEE, MMM d",
        dated="EEEE, MMMM d, y",
        span="{month} {first} – {last}",
    ),
    "es": Calendar(
        locale="es_US",
        weekday="EEEE d 'de' MMMM",
        day="d 'de' MMMM",
        year="d 'de' MMMM 'de' y",
        short="EEE d MMM",
        dated="EEEE d 'de' MMMM 'de' y",
        span="{first} – {last} de {month}",
    ),
}


class Words:
    """One language. Called with a message of the catalogue it says it, filled with `values`, which are text already.

    What the catalogue lacks is said in English.
    """

    def __init__(self, catalogue: Catalogue, calendar: Calendar) -> None:
        self.language = catalogue.language
        self.catalogue = catalogue
        self._calendar = calendar
        self._locale = Locale.parse(calendar.locale)

    # ------------------------------------------------------------------ sentences

    def __call__(self, message: str, /, **values: object) -> str:
        text = self.gettext(message)
        return text.format_map(values) if values else text

    def many(self, one: str, more: str, count: int, /, **values: object) -> str:
        """As many as there are: {n} in both messages is `count`."""
        return self.ngettext(one, more, count).format_map({"n": count, **values})

    def of(self, text: str | Sentence) -> str:
        """What the domain said, in this language: a Sentence, or a text that is a message itself."""
        if not isinstance(text, Sentence):
            return self.gettext(text)
        return self(text.message, **{name: self._value(value) for name, value in text.values.items()})

    def _value(self, value: object) -> object:
        match value:
            case Sentence():
                return self.of(value)
            case Moment(at=at, zone=zone, shape=shape):
                moment = local(at, zone)
                return self.dated(moment.date()) if shape == "day" else self.exact_time(moment)
            case _:
                return value

    def gettext(self, message: str) -> str:
        found = self.catalogue.messages.get(message, message)
        return found if isinstance(found, str) else found[0]

    def ngettext(self, one: str, more: str, count: int) -> str:
        found = self.catalogue.messages.get(one)
        forms = found if isinstance(found, tuple) else (one, more)
        return forms[0] if self._locale.plural_form(count) == "one" else forms[-1]

    def listed(self, texts: list[str]) -> str:
        """'Robin, Sam and Alex'."""
        if len(texts) < 2:
            return "".join(texts)
        return self("{some} and {last}", some=", ".join(texts[:-1]), last=texts[-1])

    # ------------------------------------------------------------------ times

    def clock_time(self, moment: datetime) -> str:
        """'6:00 PM'."""
        return self._time(moment, "h:mm a")

    def exact_time(self, moment: datetime) -> str:
        """'6:00:10 PM'."""
        return self._time(moment, "h:mm:ss a")

    def span(self, start: Instant, end: Instant, zone: str) -> str:
        """'6:00 PM – 9:20 PM'."""
        return f"{self.clock_time(local(start, zone))} – {self.clock_time(local(end, zone))}"

    def weekday(self, day: date) -> str:
        """'Tuesday, November 24'."""
        return self._date(day, self._calendar.weekday)

    def day_name(self, weekday: int) -> str:
        """'Monday' for 0."""
        name = self.day_within(weekday)
        return name[:1].upper() + name[1:]

    def day_within(self, weekday: int) -> str:
        """'Monday' for 0, 'lunes': as it stands within a sentence."""
        return self._date(date(2001, 1, 1 + weekday), "EEEE")

    def weekday_short(self, day: date) -> str:
        """'Tue'."""
        return self._date(day, "EEE")

    def calendar(self, day: date) -> str:
        """'November 24, 2026'."""
        return self._date(day, self._calendar.year)

    def day_short(self, day: date) -> str:
        """'Tue, Nov 24'."""
        return self._date(day, self._calendar.short)

    def short(self, day: date) -> str:
        """'Tue, Nov 24, 2026'."""
        return f"{self.day_short(day)}, {day.year}"

    def dated(self, day: date) -> str:
        """'Tuesday, November 24, 2026'."""
        return self._date(day, self._calendar.dated)

    def moment(self, instant: Instant, zone: str) -> str:
        """'November 24, 9:41 PM'."""
        at = local(instant, zone)
        return f"{self._date(at, self._calendar.day)}, {self.clock_time(at)}"

    def days(self, first: date, last: date) -> str:
        """'November 9 – 15', 'November 30 – December 6', 'November 26'."""
        if first == last:
            return self._date(first, self._calendar.day)
        if first.month == last.month:
            month = self._date(first, "MMMM")
            return self._calendar.span.format(month=month, first=first.day, last=last.day)
        return f"{self._date(first, self._calendar.day)} – {self._date(last, self._calendar.day)}"

    def minutes(self, count: int) -> str:
        """'2 h 51 min', '9 h', '12 min', '−5 min'."""
        hours, rest = divmod(abs(count), 60)
        sign = "−" if count < 0 else ""
        if hours and rest:
            return f"{sign}{hours} h {rest} min"
        return f"{sign}{hours} h" if hours else f"{sign}{rest} min"

    def _date(self, day: date, pattern: str) -> str:
        return format_date(day, pattern, locale=self._locale)

    def _time(self, moment: datetime, pattern: str) -> str:
        return format_time(moment, pattern, locale=self._locale)

    # ------------------------------------------------------------------ what was handed out

    def purpose(self, purpose: Purpose) -> str:
        return self(PURPOSES[purpose])

    def handed_out(self, disclosure: Disclosure) -> str:
        """'Hours, all', 'Hours, from November 1, 2026 to November 30, 2026, to Example Insurance': what it was."""
        said = self._what_of(disclosure)
        return self("{what}, to {receiver}", what=said, receiver=disclosure.to) if disclosure.to else said

    def _what_of(self, disclosure: Disclosure) -> str:
        what = self(HANDED_OUT.get(disclosure.what) or disclosure.what.capitalize())
        first, last = disclosure.first, disclosure.last
        match first, last:
            case None, None:
                return self("{what}, all", what=what)
            case date(), None:
                return self("{what}, from {first}", what=what, first=self.calendar(first))
            case None, date():
                return self("{what}, to {last}", what=what, last=self.calendar(last))
            case date(), date():
                return self(
                    "{what}, from {first} to {last}", what=what, first=self.calendar(first), last=self.calendar(last)
                )
        raise AssertionError("a day is a day or none")


HANDED_OUT: Final[Mapping[str, str]] = {
    "hours": marked("Hours"),
    "claim-ready rows": marked("Claim-ready rows"),
    "statement": marked("Statement"),
    "notes": marked("Notes"),
    "packet": marked("Packet"),
    "fhir": marked("FHIR documents"),
    "attendance figures": marked("Attendance figures"),
    "weekly hours": marked("Weekly hours"),
    "progress": marked("Progress"),
    "school letter": marked("School letter"),
}
"""By what an accounting says that it was. What is kept there is never put otherwise."""

PURPOSES: Final[Mapping[Purpose, str]] = {
    Purpose.TREATMENT: marked("Treatment here"),
    Purpose.CARE: marked("Treatment by somebody else"),
    Purpose.EMERGENCY: marked("A medical emergency"),
    Purpose.PAYMENT: marked("Payment"),
    Purpose.OPERATIONS: marked("Running the clinic"),
    Purpose.REQUEST: marked("The person asked for it"),
    Purpose.OTHER: marked("Other"),
    Purpose.OWN: marked("A copy of one’s own"),
}


@lru_cache(maxsize=len(LANGUAGES))
def words_in(language: str) -> Words:
    """`language`: one of LANGUAGES."""
    return Words(catalogue(language), CALENDARS[language])


def local(instant: int, zone: str) -> datetime:
    """The instant on the wall clock of `zone` (an IANA name)."""
    return datetime.fromtimestamp(instant / 1_000, UTC).astimezone(ZoneInfo(zone))


IN_ENGLISH: Final = words_in(ENGLISH)
"""For papers, files and commands, and for pages whose words are in no catalogue yet; as is what follows."""
clock_time, span = IN_ENGLISH.clock_time, IN_ENGLISH.span
weekday, calendar, short, dated = IN_ENGLISH.weekday, IN_ENGLISH.calendar, IN_ENGLISH.short, IN_ENGLISH.dated
moment, days, minutes, handed_out = IN_ENGLISH.moment, IN_ENGLISH.days, IN_ENGLISH.minutes, IN_ENGLISH.handed_out
