"""Series and single meetings: looked at before they are kept, with what clashes and what would be free instead."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any, Final
from urllib.parse import quote

from facilitation.clashes import Booking, Clash, clashes_of, nearest_free
from facilitation.cohorts import too_full
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.ids import CoverId, PersonId, SeriesId
from facilitation.people import Role
from facilitation.policy import Action
from facilitation.schedule import (
    Cover,
    Deviation,
    Occurrence,
    Series,
    SeriesKind,
    check_cover,
    check_deviation,
    deviate,
    instant_of,
)
from facilitation.sentences import Sentence
from facilitation.text import REASON_MAX
from facilitation.timebase import MINUTE_MS, Instant
from server.schedule.planner import HORIZON_DAYS, Begun
from server.schedule.snapshot import Schedule
from server.store.clinic import ScheduledSession
from server.timetable.given import Given
from server.timetable.office import (
    KINDS,
    NTH_WORDS,
    ROLES,
    Office,
    Page,
    clashes_words,
    clock_words,
    leads_words,
    names,
    offered,
    people_words,
    relatives_of,
    rule_words,
    staff_of,
    stand_ins_of,
    treated_of,
    weekdays,
)
from server.timetable.series_form import LEAD_ROLES, blank, fields_of, lead_rows, read_series
from server.web.auth import Visitor
from server.web.lists import WORDS_CHARS_MAX, Asked
from server.web.words import Words, local

SHOWN: Final = 6
CLASHES_SHOWN: Final = 3
INSTEAD: Final = 3
STEP_MIN: Final = 15
FIRST_HOUR, LAST_HOUR = 7, 21
"""Between these hours something is offered instead."""


class Meetings:
    def __init__(self, office: Office) -> None:
        self._office = office

    # ------------------------------------------------------------------ a series

    async def series(self, id: SeriesId, *, reader: Visitor) -> Page | None:
        """A series with its next meetings."""
        words = self._office.words
        schedule = await self._office.book.load()
        series = schedule.series.get(id)
        if series is None:
            return None
        today = self._office.day_in(series.zone)
        ahead = schedule.occurrences(series, today, today + timedelta(days=HORIZON_DAYS))
        cohort = schedule.cohort_of(series)
        plan = self._office.plan(schedule, series.plan_id)
        return {
            "id": id,
            "title": series.title,
            "kind": words(KINDS[series.kind]),
            "rule": _rule_words(words, series),
            "plan": words.of(plan.title) if plan else series.plan_id,
            "cohort": cohort.title if cohort else "",
            "cohort_url": f"/schedule/cohorts/{cohort.id}{reader.choice}" if cohort else "",
            "people": names(words, schedule.people, series.people),
            "named": series.people,
            "relatives": names(words, schedule.people, self._relatives(schedule, series, today)),
            "leads": leads_words(words, schedule.people, schedule.leads(series, today)),
            "meetings": [self._meeting_row(schedule, series, each, reader) for each in ahead],
            "families": _families(schedule, series, reader),
            "edit_url": f"/schedule/series/{id}/edit{reader.choice}",
            "may_plan": reader.may(Action.PLAN_SCHEDULE),
        }

    def _relatives(self, schedule: Schedule, series: Series, today: date) -> list[PersonId]:
        return schedule.relatives(series, schedule.participants(series, today), self._office.clock.now())

    def _meeting_row(
        self, schedule: Schedule, series: Series, occurrence: Occurrence, reader: Visitor
    ) -> dict[str, Any]:
        words = self._office.words
        moved = occurrence.day != occurrence.on
        people = len(schedule.participants(series, occurrence.on))
        return {
            "when": _when(words, occurrence),
            "dropped": occurrence.dropped,
            "moved": words.weekday(occurrence.on) if moved else "",
            "leads": leads_words(words, schedule.people, schedule.leads(series, occurrence.day)),
            "people": people_words(words, people),
            "url": f"/schedule/series/{series.id}/{occurrence.on}{reader.choice}",
        }

    async def form(
        self, id: SeriesId | None, given: Given | None, *, reader: Visitor, kind: str = "", cohort: str = ""
    ) -> Page | None:
        """A form for a new series (None) or one that there is; `given`: as it was typed."""
        words = self._office.words
        schedule = await self._office.book.load()
        before = schedule.series.get(id) if id else None
        if id is not None and before is None:
            return None
        zone = reader.zone or "UTC"
        if given is None:
            chosen = SeriesKind(kind) if kind in set(SeriesKind) else SeriesKind.GROUP
            new = blank(chosen, cohort if cohort in schedule.cohorts else "", zone, self._office.day_in(zone), schedule)
            given = Given(fields_of(before) if before else new)
        shown = given.raw("kind") if given.raw("kind") in set(SeriesKind) else SeriesKind.GROUP.value
        shown_kind = before.kind if before else SeriesKind(shown)
        revision = schedule.revisions.get(("series", id), 0) if id else 0
        find = Asked(text=given.raw("find")[:WORDS_CHARS_MAX])
        people, more_people = offered(treated_of(schedule.people), given.many("people"), find)
        relatives, more_relatives = offered(relatives_of(schedule.people), given.many("relatives"), find)
        return {
            "id": id or "",
            "new_id": given.raw("id") or f"w-{secrets.token_hex(4)}",
            "revision": given.raw("revision") or revision,
            "given": given,
            "kind": shown_kind.value,
            "kinds": [(each.value, words(word)) for each, word in KINDS.items()],
            "kind_words": words(KINDS[shown_kind]),
            "cohorts": [(each.id, each.title) for each in schedule.cohorts.values() if not each.closed],
            "people": people,
            "named": [PersonId(id) for id, _ in people] if shown_kind is not SeriesKind.GROUP else (),
            "relatives": relatives,
            "more": more_people or more_relatives,
            "staff": staff_of(schedule.people),
            "lead_rows": lead_rows(given),
            "lead_roles": [(role.value, words(ROLES[role])) for role in LEAD_ROLES],
            "plans": [
                (plan_id, f"{words.of(plan.title)} ({words.minutes(self._office.length_ms(plan) // MINUTE_MS)})")
                for plan_id, plan in self._office.plans(schedule).items()
            ],
            "programmes": [(each, words.of(one.title)) for each, one in self._office.programmes(schedule).items()],
            "rules": [(each.id, words.of(each.title)) for each in self._office.catalog.rules.values()],
            "terms": [(each.id, each.title) for each in schedule.terms.values()],
            "weekdays": weekdays(words),
            "nths": [(each, words(word)) for each, word in NTH_WORDS.items()],
            "preview": None,
            "in_one_step": before is None and shown_kind is SeriesKind.FAMILY and reader.may(Action.INVITE_FAMILY),
            "back": f"/schedule/series/{id}{reader.choice}" if id else f"/schedule{reader.choice}",
        }

    async def invite(self, given: Given) -> str:
        """Where the family of whoever was chosen is invited in one step. Raises Refusal."""
        known = (await self._office.book.load()).people.get(PersonId(given.raw("people")))
        if known is None:
            raise Refusal("bad_choice", "Choose whose family comes.")
        if known.track != "teen":
            raise Refusal(
                "bad_choice",
                Sentence("{name} is not a teen: plan the meeting below, and tell those who come.", name=known.name),
            )
        return f"/family/{quote(known.person, safe='')}/session"

    async def preview(self, id: SeriesId | None, given: Given) -> Page:
        """What the form would make: the next meetings, and whatever is the matter with them. Raises Refusal."""
        schedule = await self._office.book.load()
        series = self._read(id, given, schedule)
        return await self._preview(schedule, series)

    async def keep(self, id: SeriesId | None, given: Given, *, by: Visitor) -> Page | str:
        """The address of what is kept; or a preview, where something clashes that nobody has agreed to.

        Raises Refusal, Stale.
        """
        book = self._office.book
        schedule = await book.load()
        series = self._read(id, given, schedule)
        preview = await self._preview(schedule, series)
        if preview["clashes"] and not given.on("anyway"):
            return preview
        await book.put([book.shelves.series.draft(series, upon=given.upon)], by=by.person)
        return f"/schedule/series/{series.id}"

    def _read(self, id: SeriesId | None, given: Given, schedule: Schedule) -> Series:
        new = given.raw("id")
        if id is None and (not new.startswith("w-") or len(new) != 10 or not new[2:].isalnum()):
            raise Refusal("bad_choice", "This form is not whole. Please open it again.")
        return read_series(given, schedule, self._office, id or SeriesId(new), schedule.series.get(id) if id else None)

    async def _preview(self, schedule: Schedule, series: Series) -> Page:
        office, words = self._office, self._office.words
        changed = replace(schedule, series={**schedule.series, series.id: series})
        ahead = self._ahead(changed, series)
        sessions = [session for _, session in ahead if not session.cancelled]
        self._check_seats(sessions)
        others = await office.bookings(sessions, but=series)
        found = self._clashes(sessions, others)
        known = await office.involved(found, sessions)
        told = clashes_words(words, found, known, schedule.people, series.zone)
        instead = self._instead(changed, series, others) if found else []
        return {
            "rule": _rule_words(words, series),
            "meetings": [
                {"when": _when(words, occurrence), "dropped": session.cancelled}
                for occurrence, session in ahead[:SHOWN]
            ],
            "more": max(0, len(ahead) - SHOWN),
            "clashes": told[:CLASHES_SHOWN],
            "clashes_more": max(0, len(told) - CLASHES_SHOWN),
            "instead": [{"value": f"{each:%H:%M}", "text": clock_words(words, each)} for each in instead],
            "full": self._full(changed, series, ahead),
        }

    def _ahead(self, schedule: Schedule, series: Series) -> list[tuple[Occurrence, ScheduledSession]]:
        """The meetings of the next eight weeks, from its first day on."""
        today = self._office.day_in(series.zone)
        begin = max(today, series.first)
        now = self._office.clock.now()
        return [
            (each, schedule.session(self._office.store.keys.clinic, self._office.catalog.programmes, series, each))
            for each in schedule.occurrences(series, begin, begin + timedelta(days=HORIZON_DAYS))
            if each.starts_at > now
        ]

    def _check_seats(self, sessions: Iterable[ScheduledSession]) -> None:
        most = self._office.seats_max
        if any(len(each.roster) > most for each in sessions):
            raise Refusal(
                "list_full",
                Sentence("More people would come than a room has seats: {most}, staff included.", most=most),
            )

    def _clashes(self, sessions: Sequence[ScheduledSession], others: Sequence[Booking]) -> list[Clash]:
        own = [self._office.booking(each) for each in sessions]
        return [
            clash
            for one in own
            for clash in clashes_of(one, [*others, *(each for each in own if each.start < one.start)])
        ]

    def _instead(self, schedule: Schedule, series: Series, others: Sequence[Booking]) -> list[time]:
        """Other beginnings on the same days at which nothing clashes, the nearest first."""
        minute = series.starts.hour * 60 + series.starts.minute
        steps = range(FIRST_HOUR * 60, LAST_HOUR * 60 + 1, STEP_MIN)
        found: list[time] = []
        for at in sorted(steps, key=lambda each: (abs(each - minute), each)):
            other = replace(series, starts=time(at // 60, at % 60), summer_starts=None)
            changed = replace(schedule, series={**schedule.series, series.id: other})
            sessions = [session for _, session in self._ahead(changed, other) if not session.cancelled]
            if not self._clashes(sessions, others):
                found.append(other.starts)
                if len(found) == INSTEAD:
                    break
        return found

    def _full(
        self, schedule: Schedule, series: Series, ahead: Sequence[tuple[Occurrence, ScheduledSession]]
    ) -> list[str]:
        """The parts into which more people would come than fit, once for all meetings."""
        cohort, plan = schedule.cohort_of(series), self._office.plan(schedule, series.plan_id)
        if cohort is None or plan is None:
            return []
        words = self._office.words
        found: dict[str, None] = {}
        for occurrence, _ in ahead:
            rules = self._office.rules(schedule, series, occurrence.on)
            people = len(schedule.participants(series, occurrence.on))
            for each in too_full(cohort, rules, plan.segments, people):
                part = words.of(each.segment.title)
                told = words("{part}: {people} people, at most {most}.", part=part, people=each.people, most=each.most)
                found[told] = None
        return list(found)

    # ------------------------------------------------------------------ one meeting

    async def meeting(self, id: SeriesId, on: date, given: Given | None, *, reader: Visitor) -> Page | None:
        words = self._office.words
        schedule = await self._office.book.load()
        series = schedule.series.get(id)
        occurrence = _occurrence(schedule, series, on) if series else None
        if series is None or occurrence is None:
            return None
        roster = schedule.roster(series, occurrence)
        leads = schedule.leads(series, occurrence.day)
        begun = await self._office.book.begun(occurrence.session)
        deviation = next((each for each in series.deviations if each.on == on), None)
        staff = {id for id, _ in staff_of(schedule.people)}
        return {
            "id": id,
            "on": on.isoformat(),
            "revision": schedule.revisions[("series", id)],
            "title": series.title,
            "kind": words(KINDS[series.kind]),
            "when": _when(words, occurrence),
            "moved": words.weekday(on) if occurrence.day != on else "",
            "dropped": occurrence.dropped,
            "people": [each.name for each in roster if each.role is Role.PARTICIPANT and not each.guest],
            "named": [each.person for each in roster if each.role is Role.PARTICIPANT],
            "guests": [each.name for each in roster if each.guest],
            "leads": [
                (schedule.people[lead.person].name, words(ROLES[lead.role])) for lead in leads if lead.person in staff
            ],
            "away": [(lead.person, schedule.people[lead.person].name) for lead in leads if lead.person in staff],
            "stand_ins": stand_ins_of(schedule.people),
            "deviates": deviation is not None,
            "over": occurrence.starts_at <= self._office.clock.now(),
            "opened": begun is not Begun.NO,
            "started": begun is Begun.STARTED,
            "given": given
            or Given({"day": [occurrence.day.isoformat()], "starts": [f"{occurrence.starts:%H:%M}"], "reason": [""]}),
            "preview": None,
            "series_url": f"/schedule/series/{id}{reader.choice}",
            "families": _families(schedule, series, reader),
            "may_change": reader.may(Action.CHANGE_MEETING),
            "action": f"/schedule/series/{id}/{on}{reader.choice}",
            "back": f"/schedule{_join(reader.choice)}day={occurrence.day}",
        }

    async def change(self, id: SeriesId, on: date, given: Given, *, by: Visitor) -> Page | str:
        """Move, cancel, take back or give to a substitute, as the button said. A preview, where something clashes.

        Raises Refusal, Stale.
        """
        schedule = await self._office.book.load()
        series = schedule.series.get(id)
        occurrence = _occurrence(schedule, series, on) if series else None
        if series is None or occurrence is None:
            raise Refusal("unknown_meeting", "There is no such meeting any more.")
        begun = await self._office.book.begun(occurrence.session)
        if begun is Begun.STARTED or occurrence.starts_at <= self._office.clock.now():
            raise Refusal("meeting_begun", "This meeting has begun, or its hour has come. It stays as it is.")
        match given.raw("do"):
            case "cancel":
                deviation = Deviation(on=on, cancelled=True, reason=given.text("reason", "the reason", REASON_MAX))
            case "back":
                deviation = Deviation(on=on)
            case "move" | "look":
                return await self._move(schedule, series, occurrence, given, begun, by)
            case "cover":
                return await self._cover(schedule, series, occurrence, given, by)
            case _:
                raise Refusal("bad_choice", "Please choose what to do with this meeting.")
        check_deviation(deviation)
        await self._put(deviate(series, deviation), given, by)
        return f"/schedule/series/{id}/{on}"

    async def _move(
        self, schedule: Schedule, series: Series, occurrence: Occurrence, given: Given, begun: Begun, by: Visitor
    ) -> Page | str:
        if begun is not Begun.NO:
            raise Refusal(
                "meeting_begun",
                "Somebody has opened its room already, so it stays where it is. Cancel it, and plan another.",
            )
        day, starts = given.day("day", "the new day"), given.clock("starts", "the new time")
        on = occurrence.on
        deviation = Deviation(on=on, day=day if day != on else None, starts=starts)
        check_deviation(deviation)
        moved = deviate(series, deviation)
        if instant_of(day, starts, zone_of(series.zone)) <= self._office.clock.now():
            raise Refusal("bad_day", "That time is over already. Choose one to come.")
        preview = await self._look(schedule, moved, on)
        if given.raw("do") == "look" or (preview["clashes"] and not given.on("anyway")):
            return preview
        await self._put(moved, given, by)
        return f"/schedule/series/{series.id}/{on}"

    async def _look(self, schedule: Schedule, moved: Series, on: date) -> Page:
        office, words = self._office, self._office.words
        changed = replace(schedule, series={**schedule.series, moved.id: moved})
        occurrence = _occurrence(changed, moved, on)
        assert occurrence is not None
        session = changed.session(office.store.keys.clinic, office.catalog.programmes, moved, occurrence)
        others = [each for each in await office.bookings([session]) if each.session != session.session]
        booking = office.booking(session)
        found = clashes_of(booking, others)
        known = await office.involved(found, [session])
        return {
            "when": _when(words, occurrence),
            "clashes": clashes_words(words, found, known, schedule.people, moved.zone),
            "instead": await self._free(booking, session, occurrence, others) if found else [],
        }

    async def _free(
        self, booking: Booking, session: ScheduledSession, occurrence: Occurrence, others: Sequence[Booking]
    ) -> list[dict[str, str]]:
        """The nearest times on that day at which nothing clashes."""
        zone = zone_of(session.zone)
        minute = occurrence.starts.hour * 60 + occurrence.starts.minute
        steps = range(FIRST_HOUR * 60, LAST_HOUR * 60 + 1, STEP_MIN)
        nearest = sorted(steps, key=lambda each: (abs(each - minute), each))
        wanted = [instant_of(occurrence.day, time(at // 60, at % 60), zone) for at in nearest]
        wanted = [at for at in wanted if at > self._office.clock.now()]
        length = booking.end - booking.start

        def make(start: Instant) -> Booking:
            return replace(booking, start=start, end=Instant(start + length))

        found = nearest_free(wanted, make, others, most=INSTEAD)
        at = [local(each, session.zone) for each in found]
        return [{"value": f"{each:%H:%M}", "text": self._office.words.clock_time(each)} for each in at]

    async def _cover(
        self, schedule: Schedule, series: Series, occurrence: Occurrence, given: Given, by: Visitor
    ) -> Page | str:
        """Somebody else leads this one meeting."""
        leads = {lead.person for lead in schedule.leads(series, occurrence.day)}
        away = PersonId(given.one_of("away", "who cannot come", leads))
        instead = PersonId(given.one_of("by", "who stands in", {id for id, _ in stand_ins_of(schedule.people)}))
        cover = Cover(
            id=CoverId(f"v-{secrets.token_hex(4)}"),
            away=away,
            by=instead,
            first=occurrence.day,
            last=occurrence.day,
            series=series.id,
        )
        check_cover(cover)
        changed = replace(schedule, covers={**schedule.covers, cover.id: cover})
        session = changed.session(self._office.store.keys.clinic, self._office.catalog.programmes, series, occurrence)
        others = [each for each in await self._office.bookings([session]) if each.session != session.session]
        found = [each for each in clashes_of(self._office.booking(session), others) if each.person == instead]
        if found and not given.on("anyway"):
            known = await self._office.involved(found, [session])
            words = self._office.words
            return {
                "when": _when(words, occurrence),
                "clashes": clashes_words(words, found, known, schedule.people, series.zone),
                "instead": [],
            }
        book = self._office.book
        await book.put([book.shelves.covers.draft(cover, upon=0)], by=by.person)
        return f"/schedule/series/{series.id}/{occurrence.on}"

    async def _put(self, series: Series, given: Given, by: Visitor) -> None:
        book = self._office.book
        await book.put([book.shelves.series.draft(series, upon=given.upon)], by=by.person)


def _families(schedule: Schedule, series: Series, reader: Visitor) -> list[tuple[str, str]]:
    """Whose families can be invited to another session in one step: name and address."""
    if series.kind is not SeriesKind.FAMILY or not reader.may(Action.INVITE_FAMILY):
        return []
    known = [schedule.people[id] for id in series.people if id in schedule.people]
    return [
        (each.name, f"/family/{quote(each.person, safe='')}/session{reader.choice}")
        for each in known
        if each.track == "teen"
    ]


def _occurrence(schedule: Schedule, series: Series | None, on: date) -> Occurrence | None:
    if series is None:
        return None
    return next((each for each in schedule.occurrences(series, on, on) if each.on == on), None)


def _rule_words(words: Words, series: Series) -> str:
    """ "Every Monday and Wednesday, 4:00 PM (1:00 PM in summer), until May 28, 2027"."""
    rule, at = rule_words(words, series.recurrence), clock_words(words, series.starts)
    if not series.recurrence.days:
        rule = words("{rule} on {day}", rule=rule, day=words.calendar(series.first))
    if series.summer_starts:
        at = words("{time} ({summer} in summer)", time=at, summer=clock_words(words, series.summer_starts))
    told = f"{rule}, {at}"
    if series.until and series.recurrence.days:
        told = words("{rule}, until {day}", rule=told, day=words.calendar(series.until))
    return f"{told} ({series.zone})"


def _when(words: Words, occurrence: Occurrence) -> str:
    return f"{words.weekday(occurrence.day)}, {clock_words(words, occurrence.starts)}"


def _join(choice: str) -> str:
    return f"{choice}&" if choice else "?"
