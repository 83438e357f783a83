"""Who is away, and who stands in: for some days, in one series or in all that somebody leads."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

from facilitation.clashes import clashes
from facilitation.errors import Refusal
from facilitation.ids import CoverId, PersonId, SeriesId
from facilitation.policy import Action
from facilitation.schedule import Cover, check_cover
from facilitation.timebase import Instant
from server.schedule.snapshot import Schedule
from server.timetable.given import Given
from server.timetable.office import Office, Page, clashes_words, midnight, names, staff_of, stand_ins_of
from server.web.auth import Visitor
from server.web.words import Words


class Covers:
    def __init__(self, office: Office) -> None:
        self._office = office

    async def page(self, given: Given | None, *, reader: Visitor) -> Page:
        words = self._office.words
        schedule = await self._office.book.load()
        today = self._office.day_in(reader.zone or "UTC")
        ahead = [each for each in schedule.covers.values() if each.last >= today and not each.taken_back]
        ahead.sort(key=lambda each: (each.first, each.id))
        return {
            "covers": [
                {
                    "id": each.id,
                    "text": words(
                        "{by} stands in for {away}",
                        by=names(words, schedule.people, [each.by]),
                        away=names(words, schedule.people, [each.away]),
                    ),
                    "when": _span(words, each),
                    "series": schedule.series[each.series].title
                    if each.series and each.series in schedule.series
                    else "",
                    "revision": schedule.revisions[("cover", each.id)],
                }
                for each in ahead
            ],
            "staff": staff_of(schedule.people),
            "stand_ins": stand_ins_of(schedule.people),
            "series": [(each.id, each.title) for each in schedule.series.values() if schedule.meets(each)],
            "given": given or Given({"first": [today.isoformat()], "last": [today.isoformat()]}),
            "new_id": (given.raw("id") if given else "") or f"v-{secrets.token_hex(4)}",
            "preview": None,
            "may_change": reader.may(Action.CHANGE_MEETING),
        }

    async def keep(self, given: Given, *, by: Visitor) -> Page | str:
        """A preview, where the substitute would be in two places. Raises Refusal, Stale."""
        schedule = await self._office.book.load()
        if given.raw("do") == "back":
            return await self._take_back(schedule, given, by)
        staff = {id for id, _ in staff_of(schedule.people)}
        id, series = given.raw("id"), given.one_of("series", "the meetings", {"", *schedule.series})
        if not id.startswith("v-") or len(id) != 10 or not id[2:].isalnum():
            raise Refusal("bad_choice", "This form is not whole. Please open it again.")
        cover = Cover(
            id=CoverId(id),
            away=PersonId(given.one_of("away", "who is away", staff)),
            by=PersonId(given.one_of("by", "who stands in", {id for id, _ in stand_ins_of(schedule.people)})),
            first=given.day("first", "the first day"),
            last=given.day("last", "the last day"),
            series=SeriesId(series) if series else None,
        )
        check_cover(cover)
        preview = await self._preview(schedule, cover, by.zone or "UTC")
        if given.raw("do") != "keep" or (preview["clashes"] and not given.on("anyway")):
            return preview
        book = self._office.book
        await book.put([book.shelves.covers.draft(cover, upon=0)], by=by.person)
        return "/schedule/away"

    async def _preview(self, schedule: Schedule, cover: Cover, zone: str) -> Page:
        """Which meetings it is about, and where the substitute would have to be twice."""
        office, words = self._office, self._office.words
        after = replace(schedule, covers={**schedule.covers, cover.id: cover})
        first = max(cover.first, office.day_in(zone))
        every = after.sessions(office.store.keys.clinic, office.catalog.programmes, first, cover.last)
        sessions = {session.session: session for _, session in every if not session.cancelled}
        low, high = midnight(first, "UTC") - 86_400_000, midnight(cover.last + timedelta(days=2), "UTC")
        near = await office.store.clinic.list_sessions(since=Instant(max(0, low)), until=high)
        known = {each.session: each for each in near} | sessions
        found = [each for each in clashes(map(office.booking, known.values())) if each.person == cover.by]
        usually = {
            occurrence.session: schedule.leads(series, occurrence.day)
            for series in schedule.series.values()
            for occurrence in schedule.occurrences(series, first, cover.last)
        }
        theirs = [
            each
            for each in sessions.values()
            if any(lead.person == cover.away for lead in usually.get(each.session, ()))
            and cover.series in (None, each.series)
        ]
        theirs.sort(key=lambda each: each.starts_at)
        return {
            "meetings": [f"{each.title}, {words.moment(each.starts_at, each.zone)}" for each in theirs],
            "clashes": clashes_words(words, found, known, schedule.people, zone),
        }

    async def _take_back(self, schedule: Schedule, given: Given, by: Visitor) -> str:
        cover = schedule.covers.get(CoverId(given.raw("cover")))
        if cover is None:
            raise Refusal("unknown_cover", "There is no such substitute any more.")
        book = self._office.book
        draft = book.shelves.covers.draft(replace(cover, taken_back=True), upon=given.upon)
        await book.put([draft], by=by.person)
        return "/schedule/away"


def _span(words: Words, cover: Cover) -> str:
    if cover.first == cover.last:
        return words.weekday(cover.first)
    return words("{first} to {last}", first=words.weekday(cover.first), last=words.weekday(cover.last))
