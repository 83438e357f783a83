"""Terms: from when to when groups meet, holidays, and summer hours."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from facilitation.errors import Refusal
from facilitation.ids import TermId
from facilitation.policy import Action
from facilitation.terms import HOLIDAYS_MAX, Closed, Term, check_term
from facilitation.text import TITLE_MAX, line
from server.timetable.given import Given, day_of
from server.timetable.office import Office, Page
from server.web.auth import Visitor

EMPTY_ROWS = 3


class Terms:
    def __init__(self, office: Office) -> None:
        self._office = office

    async def everything(self, *, reader: Visitor) -> Page:
        words = self._office.words
        schedule = await self._office.book.load()
        return {
            "terms": [
                {
                    "title": each.title,
                    "span": f"{words.calendar(each.first)} – {words.calendar(each.last)}",
                    "holidays": [f"{one.title}: {words.days(one.first, one.last)}" for one in each.holidays],
                    "summer": words.days(*each.summer) if each.summer else "",
                    "url": f"/schedule/terms/{each.id}{reader.choice}",
                }
                for each in sorted(schedule.terms.values(), key=lambda each: each.first)
            ],
            "may_plan": reader.may(Action.PLAN_SCHEDULE),
        }

    async def form(self, id: TermId | None, given: Given | None, *, reader: Visitor) -> Page | None:
        schedule = await self._office.book.load()
        before = schedule.terms.get(id) if id else None
        if id is not None and before is None:
            return None
        given = given or Given(_fields(before) if before else {})
        rows = list(zip(*(given.many(f"holiday_{each}") for each in ("first", "last", "title")), strict=False))
        return {
            "id": id or "",
            "new_id": given.raw("id") or f"t-{secrets.token_hex(4)}",
            "revision": given.raw("revision") or (schedule.revisions.get(("term", id), 0) if id else 0),
            "given": given,
            "rows": [row for row in rows if any(row)] + [("", "", "")] * EMPTY_ROWS,
            "back": f"/schedule/terms{reader.choice}",
        }

    async def keep(self, id: TermId | None, given: Given, *, by: Visitor) -> str:
        """Raises Refusal, Stale."""
        new = given.raw("id")
        if id is None and (not new.startswith("t-") or len(new) != 10 or not new[2:].isalnum()):
            raise Refusal("bad_choice", "This form is not whole. Please open it again.")
        summer = (given.day_or_none("summer_first", "summer hours"), given.day_or_none("summer_last", "summer hours"))
        if (summer[0] is None) != (summer[1] is None):
            raise Refusal("bad_day", "Summer hours have a first and a last day, or neither.")
        term = Term(
            id=id or TermId(new),
            title=given.text("title", "the term’s name", TITLE_MAX),
            first=given.day("first", "the first day"),
            last=given.day("last", "the last day"),
            holidays=_holidays(given),
            summer=None if summer[0] is None or summer[1] is None else (summer[0], summer[1]),
        )
        check_term(term)
        book = self._office.book
        await book.put([book.shelves.terms.draft(term, upon=given.upon)], by=by.person)
        return "/schedule/terms"


def _holidays(given: Given) -> tuple[Closed, ...]:
    """Rows of a first day, a last day (the same, where it is left empty) and a name."""
    firsts, lasts, titles = (given.many(f"holiday_{each}") for each in ("first", "last", "title"))
    if not len(firsts) == len(lasts) == len(titles) or len(firsts) > HOLIDAYS_MAX + EMPTY_ROWS:
        raise Refusal("bad_choice", "This form is not whole. Please open it again.")
    found = []
    for first, last, title in zip(firsts, lasts, titles, strict=True):
        if not (first.strip() or last.strip() or title.strip()):
            continue
        begins = day_of(first, "a holiday")
        if begins is None:
            raise Refusal("bad_day", "Each holiday has a day, or a first and a last one.")
        name = line(title, "the name of each holiday", TITLE_MAX)
        found.append(Closed(first=begins, last=day_of(last, "a holiday") or begins, title=name))
    return tuple(sorted(found, key=lambda each: each.first))


def _fields(term: Term) -> Mapping[str, list[str]]:
    return {
        "title": [term.title],
        "first": [term.first.isoformat()],
        "last": [term.last.isoformat()],
        "summer_first": [term.summer[0].isoformat() if term.summer else ""],
        "summer_last": [term.summer[1].isoformat() if term.summer else ""],
        "holiday_first": [each.first.isoformat() for each in term.holidays],
        "holiday_last": [each.last.isoformat() for each in term.holidays],
        "holiday_title": [each.title for each in term.holidays],
    }
