"""Terms: from when to when the clinic's groups meet, the days on which it is closed, and when summer hours hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from facilitation.errors import Refusal
from facilitation.ids import TermId
from facilitation.sentences import Sentence
from facilitation.text import TITLE_MAX, line

HOLIDAYS_MAX = 100
TERM_DAYS_MAX = 3 * 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Days, both included, on which nothing of a term meets."""

    first: date
    last: date
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """`first` to `last`, both included. `summer`: in these days a series begins at its summer time, if it has one."""

    id: TermId
    title: str
    first: date
    last: date
    holidays: tuple[Closed, ...] = ()
    summer: tuple[date, date] | None = None


def closed(term: Term | None, day: date) -> str | None:
    """Why nothing meets on `day`, in words for a page; None: it does. Without a term every day is open."""
    if term is None:
        return None
    if not term.first <= day <= term.last:
        return f"outside of {term.title}"
    return next((each.title for each in term.holidays if each.first <= day <= each.last), None)


def in_summer(term: Term | None, day: date) -> bool:
    return term is not None and term.summer is not None and term.summer[0] <= day <= term.summer[1]


def check_term(term: Term) -> None:
    """Raises `Refusal` that says in words what no term can be."""
    line(term.title, "the term’s name", TITLE_MAX)
    if term.last < term.first:
        raise Refusal("bad_term", "The term ends before it begins. Please look at its two dates again.")
    if (term.last - term.first).days > TERM_DAYS_MAX:
        raise Refusal("bad_term", "A term lasts three years at most. Make a new one for later.")
    if len(term.holidays) > HOLIDAYS_MAX:
        raise Refusal(
            "bad_term", Sentence("A term can have {most} closed days or holidays at most.", most=HOLIDAYS_MAX)
        )
    for each in term.holidays:
        line(each.title, "the name of each holiday", TITLE_MAX)
        if each.last < each.first:
            raise Refusal(
                "bad_term",
                Sentence("{title} ends before it begins. Please look at its two dates again.", title=each.title),
            )
    if term.summer is not None and term.summer[1] < term.summer[0]:
        raise Refusal("bad_term", "The summer hours end before they begin. Please look at their two dates again.")
