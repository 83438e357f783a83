"""Measures: standard questionnaires as data, how each is scored, and when each is due.

The words of an instrument are its authors': asked as they stand or not at all. A score is a fact of what was ticked and
says nothing that the instrument's own bands do not say. Sources stand with each measure in `catalog/measures.toml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from facilitation.errors import Refusal
from facilitation.ids import ItemId, MeasureId
from facilitation.languages import named
from facilitation.plan import SegmentKind
from facilitation.sentences import Sentence
from facilitation.text import TITLE_MAX, line
from facilitation.timebase import Instant

ITEMS_MAX = 32
OPTIONS_MAX = 11
MEASURES_MAX = 16
EVERY_DAYS_MAX = 92
BEFORE_DISCHARGE = timedelta(days=7)
"""A measure is asked once more within this time before somebody's last day, and not twice in it."""

MOMENTS = (SegmentKind.CHECK_IN, SegmentKind.WRAP_UP)

Values = Mapping[ItemId, int]
"""What was ticked, by item; who left one open has none of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer that can be ticked, and what it counts."""

    value: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question. `options`: its own, where they are others than the measure's.

    `scored`: whether it is part of the total. `alert_at`: from this value on a facilitator has to know at once.
    """

    id: ItemId
    text: str
    options: tuple[Option, ...] = ()
    scored: bool = True
    alert_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """From this score on, up to the next band, the instrument calls it so."""

    at: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A questionnaire that people answer themselves. `id` and `version` name it for ever.

    `title` is what people read, `short` what clinicians call it. `stem` stands before every item. `teens`: the measure
    that is asked instead of it of teens; "": the same. `moment`: the kind of part in which it is offered.
    `verbatim`: the words are somebody else's and stay as they are, in `language`. `anonymous`: no single answer is ever
    shown.

    `reliable`: the least difference between two scores that is more than chance by `reliable_source`; 0: none is known.
    `licence` is shown with the measure; `check` is what a clinic has to make sure of before it uses it.
    """

    id: MeasureId
    version: str
    title: str
    short: str
    about: str
    stem: str
    items: tuple[Item, ...]
    source: str
    licence: str
    check: str = ""
    options: tuple[Option, ...] = ()
    bands: tuple[Band, ...] = ()
    bands_source: str = ""
    teens: str = ""
    moment: SegmentKind = SegmentKind.CHECK_IN
    verbatim: bool = True
    language: str = "en"
    anonymous: bool = False
    reliable: int = 0
    reliable_source: str = ""

    def item(self, id: ItemId) -> Item:
        for candidate in self.items:
            if candidate.id == id:
                return candidate
        raise Refusal("unknown_question", "This question is not part of the form.")

    def options_of(self, item: Item) -> tuple[Option, ...]:
        return item.options or self.options

    @property
    def scored(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.scored)

    @property
    def score_max(self) -> int:
        return sum(max(option.value for option in self.options_of(item)) for item in self.scored)

    def answered_in(self, page_language: str) -> Sentence | None:
        """That its words were in another language than the page around them, where they were."""
        if not page_language:
            return None
        return Sentence(
            "answered in {words}, on a page in {page}", words=named(self.language), page=named(page_language)
        )

    @property
    def about_safety(self) -> bool:
        """Whether an answer may be one that somebody has to see at once: it is asked only while somebody watches."""
        return any(item.alert_at is not None for item in self.items)


# --------------------------------------------------------------- scoring


def score(measure: Measure, values: Values) -> int | None:
    """The sum of all scored items; None when one of them is open.

    Nothing is filled in for an open item: whoever reads a total can rely on it that every item of it was answered.
    """
    ticked = [values.get(item.id) for item in measure.scored]
    given = [value for value in ticked if value is not None]
    return sum(given) if len(given) == len(ticked) else None


def band(measure: Measure, total: int | None) -> Band | None:
    """What the instrument calls a total."""
    if total is None:
        return None
    reached = [each for each in measure.bands if each.at <= total]
    return reached[-1] if reached else None


class Change(StrEnum):
    """How a score compares with an earlier one: only a difference that is more than chance is one."""

    LOWER = "lower"
    HIGHER = "higher"
    NONE = "none"


def change(measure: Measure, before: int, after: int) -> Change | None:
    """None: no reliable change is known for this measure."""
    if not measure.reliable:
        return None
    if abs(after - before) < measure.reliable:
        return Change.NONE
    return Change.LOWER if after < before else Change.HIGHER


def alerts(item: Item, value: int | None) -> bool:
    return value is not None and item.alert_at is not None and value >= item.alert_at


def in_words(measure: Measure, item: Item, value: int | None) -> str:
    """An answer as it was ticked; "": left open."""
    return next((option.label for option in measure.options_of(item) if option.value == value), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What a measure gave the last time it was answered whole."""

    measure: MeasureId
    version: str
    score: int
    at: Instant


# --------------------------------------------------------------- when


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """How often a programme asks a measure: when somebody begins, then every so many days, and before they leave."""

    measure: MeasureId
    every_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is known of a person before a meeting: the days on which they last answered, and their last one."""

    answered: Mapping[MeasureId, date] = field(default_factory=dict)
    last_day: date | None = None
    teen: bool = False


def due(
    rules: Iterable[Due], measures: Mapping[MeasureId, Measure], course: Course, day: date
) -> tuple[MeasureId, ...]:
    """Which measures are to be offered to somebody in a meeting on `day`, in the order of the rules.

    What was not answered when it was due stays due: the next meeting offers it again.
    """
    found = []
    for rule in rules:
        measure = measures.get(rule.measure)
        if measure is not None and course.teen and measure.teens:
            measure = measures.get(MeasureId(measure.teens))
        if measure is not None and _is_due(course.answered.get(measure.id), rule.every_days, course.last_day, day):
            found.append(measure.id)
    return tuple(dict.fromkeys(found))


def _is_due(answered: date | None, every_days: int, last_day: date | None, day: date) -> bool:
    if answered is None:
        return True
    leaving = last_day is not None and day <= last_day <= day + BEFORE_DISCHARGE
    return (day - answered).days >= (min(every_days, BEFORE_DISCHARGE.days) if leaving else every_days)


# --------------------------------------------------------------- checks


def check_measures(measures: tuple[Measure, ...]) -> None:
    """Raises `Refusal` that says in words which measure cannot be asked, or not be scored."""
    names = [measure.id for measure in measures]
    if len(set(names)) != len(names) or len(names) > MEASURES_MAX:
        raise Refusal(
            "bad_session", Sentence("There are at most {most} measures, each with an id of its own.", most=MEASURES_MAX)
        )
    for measure in measures:
        _check_measure(measure)
        if measure.teens and measure.teens not in names:
            raise _bad(measure, f"there is no measure {measure.teens!r} for teens")


def check_due(rules: Iterable[Due], known: Iterable[MeasureId]) -> None:
    """Raises `Refusal` when a programme asks for what there is not, or at no reasonable time."""
    names, asked = set(known), [rule.measure for rule in rules]
    for rule in rules:
        if rule.measure not in names:
            raise Refusal("bad_session", Sentence("There is no measure {measure}.", measure=repr(rule.measure)))
        if not 1 <= rule.every_days <= EVERY_DAYS_MAX:
            raise Refusal("bad_session", Sentence("Measures are asked every 1 to {most} days.", most=EVERY_DAYS_MAX))
    if len(set(asked)) != len(asked):
        raise Refusal("bad_session", "A measure is named twice.")


def check_value(measure: Measure, item: ItemId, value: int | None) -> None:
    """Raises `Refusal` for an answer that cannot be ticked."""
    asked = measure.item(item)
    if value is None:
        return
    if isinstance(value, bool) or value not in {option.value for option in measure.options_of(asked)}:
        raise Refusal(
            "bad_answer", Sentence("This answer does not fit the question “{question}”", question=Sentence(asked.text))
        )


def _check_measure(measure: Measure) -> None:
    for text, what in ((measure.title, "title"), (measure.short, "short title"), (measure.stem, "stem")):
        line(text, f"the {what} of a measure", TITLE_MAX * 3, required=what != "stem")
    for text, what in ((measure.source, "source"), (measure.licence, "licence")):
        if not text.strip():
            raise _bad(measure, f"it needs a {what}")
    if measure.moment not in MOMENTS:
        raise _bad(measure, "it is offered at check-in or at wrap-up")
    items = [item.id for item in measure.items]
    if not items or len(set(items)) != len(items) or len(items) > ITEMS_MAX:
        raise _bad(measure, f"it has from 1 to {ITEMS_MAX} questions, each with an id of its own")
    for item in measure.items:
        _check_options(measure, item)
    if not measure.scored:
        raise _bad(measure, "nothing in it is scored")
    if measure.anonymous and measure.about_safety:
        raise _bad(measure, "an answer about safety is nobody's if it is anonymous")
    starts = [each.at for each in measure.bands]
    if measure.bands and (starts[0] != 0 or starts != sorted(set(starts)) or starts[-1] > measure.score_max):
        raise _bad(measure, "its bands begin at 0, rise, and end below the highest score")
    if measure.reliable < 0 or bool(measure.reliable) != bool(measure.reliable_source):
        raise _bad(measure, "a reliable change needs a source")


def _check_options(measure: Measure, item: Item) -> None:
    options = measure.options_of(item)
    values = [option.value for option in options]
    if not 2 <= len(values) <= OPTIONS_MAX or len(set(values)) != len(values) or min(values) < 0:
        raise _bad(measure, f"question {item.id!r} needs from 2 to {OPTIONS_MAX} answers of different values")
    if any(not option.label.strip() for option in options) or not item.text.strip():
        raise _bad(measure, f"question {item.id!r} has an empty text")
    if item.alert_at is not None and item.alert_at not in range(1, max(values) + 1):
        raise _bad(measure, f"question {item.id!r} alerts at a value that nobody can tick")


def _bad(measure: Measure, text: str) -> Refusal:
    return Refusal("bad_session", Sentence("The measure {id}: {text}.", id=repr(measure.id), text=text))
