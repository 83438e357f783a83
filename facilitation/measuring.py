"""Measures as they are answered in a session: what is offered to whom, what was ticked, what was handed in.

What is ticked is its author's alone until they hand it in, with one exception that they are told of: an answer that
somebody has to see at once raises a safety flag at once. A measure that may hold such an answer is never asked while
nobody who leads is there: a cry for help must not fall into a drawer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from facilitation.errors import Refusal
from facilitation.events import (
    Event,
    FlagRaised,
    ItemAnswered,
    MeasureHandedIn,
    MeasurePutOff,
    MeasuresOffered,
    Recorded,
    SessionOpened,
)
from facilitation.ids import FlagId, FormId, ItemId, MeasureId, PersonId, QuestionId
from facilitation.languages import check_tag
from facilitation.measures import Earlier, Measure, Values, alerts, check_value, in_words
from facilitation.timebase import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One person's answers to one measure. `passed`: items left open on purpose. `put_off`: not today.

    `page_language`: of the page around it, where its words were in another.
    """

    values: Values = field(default_factory=dict)
    passed: frozenset[ItemId] = frozenset()
    handed_in: Values | None = None
    handed_in_at: Instant | None = None
    page_language: str = ""
    put_off: bool = False

    @property
    def status(self) -> str:
        """'handed_in', 'put_off', 'begun' or 'offered'."""
        if self.handed_in is not None:
            return "handed_in"
        if self.put_off:
            return "put_off"
        return "begun" if self.values or self.passed else "offered"


BLANK = Sheet()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """`measures`: all that this session can ask. `offered`: of whom, and what each gave the last time."""

    measures: tuple[Measure, ...] = ()
    offered: Mapping[PersonId, tuple[MeasureId, ...]] = field(default_factory=dict)
    earlier: Mapping[PersonId, tuple[Earlier, ...]] = field(default_factory=dict)
    sheets: Mapping[tuple[PersonId, MeasureId], Sheet] = field(default_factory=dict)

    def of(self, person: PersonId) -> tuple[Measure, ...]:
        """What somebody is offered in this session, in the order in which it is asked."""
        names = self.offered.get(person, ())
        by_name = {measure.id: measure for measure in self.measures}
        return tuple(by_name[name] for name in names if name in by_name)

    def offered_to(self, person: PersonId, measure: MeasureId) -> Measure:
        found = next((each for each in self.of(person) if each.id == measure), None)
        if found is None:
            raise Refusal("unknown_form", "This form is not part of this session.")
        return found

    def sheet(self, person: PersonId, measure: MeasureId) -> Sheet:
        return self.sheets.get((person, measure), BLANK)

    def before(self, person: PersonId, measure: Measure) -> Earlier | None:
        """The last time, if it was the same version: others do not compare."""
        return next(
            (
                each
                for each in self.earlier.get(person, ())
                if each.measure == measure.id and each.version == measure.version
            ),
            None,
        )


# --------------------------------------------------------------- fold


def evolve(measuring: Measuring, recorded: Recorded) -> Measuring:
    match recorded.event:
        case SessionOpened(measures=measures):
            return Measuring(measures=measures)
        case MeasuresOffered(person=person, measures=names, earlier=earlier):
            return replace(
                measuring,
                offered={**measuring.offered, person: names},
                earlier={**measuring.earlier, person: earlier},
            )
        case ItemAnswered(person=person, measure=measure, item=item, value=value):
            sheet = measuring.sheet(person, measure)
            values = {name: given for name, given in sheet.values.items() if name != item}
            if value is None:
                sheet = replace(sheet, values=values, passed=sheet.passed | {item}, put_off=False)
            else:
                sheet = replace(sheet, values={**values, item: value}, passed=sheet.passed - {item}, put_off=False)
            return _with(measuring, person, measure, sheet)
        case MeasureHandedIn(person=person, measure=measure, values=values, page_language=language):
            sheet = replace(
                measuring.sheet(person, measure),
                handed_in=values,
                handed_in_at=recorded.at,
                page_language=language,
                put_off=False,
            )
            return _with(measuring, person, measure, sheet)
        case MeasurePutOff(person=person, measure=measure, off=off):
            return _with(measuring, person, measure, replace(measuring.sheet(person, measure), put_off=off))
        case _:
            return measuring


def _with(measuring: Measuring, person: PersonId, measure: MeasureId, sheet: Sheet) -> Measuring:
    return replace(measuring, sheets={**measuring.sheets, (person, measure): sheet})


# --------------------------------------------------------------- rules


def offer(
    measuring: Measuring, person: PersonId, names: tuple[MeasureId, ...], earlier: tuple[Earlier, ...]
) -> tuple[Event, ...]:
    """What is offered for the first time in a session stays offered: nothing is taken from under somebody's pen."""
    known = {measure.id for measure in measuring.measures}
    before = measuring.offered.get(person, ())
    offered = tuple(dict.fromkeys((*before, *(name for name in names if name in known))))
    if offered == before:
        return ()
    kept = tuple(each for each in earlier if each.measure in offered)
    return (MeasuresOffered(person=person, measures=offered, earlier=kept),)


def answer(
    measuring: Measuring,
    person: PersonId,
    measure: MeasureId,
    item: ItemId,
    value: int | None,
    *,
    watched: bool,
    flags: int,
) -> tuple[Event, ...]:
    """`watched`: a facilitator is there now. `flags`: how many this session has had, which names the next one."""
    asked = _open(measuring, person, measure, watched=watched)
    question, sheet = asked.item(item), measuring.sheet(person, measure)
    check_value(asked, item, value)
    if (sheet.values.get(item) == value and item in sheet.values) or (value is None and item in sheet.passed):
        return ()
    answered = ItemAnswered(person=person, measure=measure, item=item, value=value)
    if not alerts(question, value):
        return (answered,)
    flag = FlagRaised(
        flag=FlagId(f"flag-{flags + 1}"),
        person=person,
        form=FormId(measure),
        questions=(QuestionId(item),),
        answers=((question.text, in_words(asked, question, value)),),
    )
    return answered, flag


def hand_in(
    measuring: Measuring, person: PersonId, measure: MeasureId, *, watched: bool, page_language: str = ""
) -> tuple[Event, ...]:
    """`page_language`: kept where it is another than the words are in, for whoever reads the score."""
    asked = _open(measuring, person, measure, watched=watched)
    sheet = measuring.sheet(person, measure)
    if not sheet.values:
        raise Refusal("answer_missing", "Answer at least one question first, or choose “Not today”.")
    apart = asked.verbatim and check_tag(page_language) not in ("", asked.language)
    return (
        MeasureHandedIn(
            person=person,
            measure=asked.id,
            values=dict(sheet.values),
            page_language=page_language if apart else "",
        ),
    )


def put_off(measuring: Measuring, person: PersonId, measure: MeasureId, off: bool) -> tuple[Event, ...]:
    """Not today, or today after all. It needs no reason, and it is due again next time."""
    asked = measuring.offered_to(person, measure)
    sheet = measuring.sheet(person, asked.id)
    if sheet.handed_in is not None:
        raise Refusal("already_sent", "This is handed in already. Thank you.")
    return () if sheet.put_off is off else (MeasurePutOff(person=person, measure=asked.id, off=off),)


def _open(measuring: Measuring, person: PersonId, measure: MeasureId, *, watched: bool) -> Measure:
    asked = measuring.offered_to(person, measure)
    if measuring.sheet(person, measure).handed_in is not None:
        raise Refusal("already_sent", "This is handed in already. Thank you.")
    if asked.about_safety and not watched:
        raise Refusal(
            "nobody_watching",
            "No facilitator is connected at this moment, so this answer was not sent and is kept nowhere. "
            "You can go on when someone is back.",
        )
    return asked
