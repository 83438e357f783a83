"""Absences told ahead, and what can make up for them: said on a page, kept in the register, told to the rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import structlog

from facilitation import crediting
from facilitation.commands import AgreeMakeUp, Command, ExpectPerson, TellAbsence
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.finder import Meeting
from facilitation.guardianship import Care
from facilitation.ids import PersonId, SessionId
from facilitation.makeups import (
    ANSWER_WITHIN_MS,
    Invited,
    MakeUp,
    Possible,
    Standing,
    ToldAhead,
    check_answer,
    check_in_time,
    invited,
    possible,
)
from facilitation.people import Expected, Role
from facilitation.schedule import SeriesKind
from facilitation.school import busy
from facilitation.text import REASON_MAX, line
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from facilitation.weeks import day_of
from server.books.notebook import RoomsThatDo
from server.clock import Clock
from server.door.guardians import guardians_of
from server.progress import ProgressBook
from server.rooms.ports import LeaseLost, NoSuchSession, Stale, StoreUnavailable
from server.schedule.book import ScheduleBook
from server.schedule.shelves import Shelves as ScheduleShelves
from server.school.offers import Catalog, Offering
from server.school.shelves import Shelves
from server.store.clinic import Person, ScheduledSession
from server.store.ports import Store
from server.web.auth import Visitor
from server.web.words import Words, local, marked

log = structlog.get_logger(__name__)

AHEAD_DAYS: Final = 14
DAY_MS: Final = 24 * HOUR_MS
SETTLED_MS: Final = 30 * MINUTE_MS
"""Who has just told ahead sees at once what else there is; only after this are they written to about it."""
REASONS: Final = (
    marked("School or an exam"),
    marked("Not well"),
    marked("Family"),
    marked("An appointment"),
    marked("Away from home"),
)
"""Neutral words to choose from; none is needed."""
ANSWERS: Final = {
    Standing.ASKED: marked("Asked for {when} instead. Your clinic will answer."),
    Standing.AGREED: marked("Agreed: {when} makes up for it."),
    Standing.DECLINED: marked("{when} does not work. You can choose another one."),
}


SETTLED: Final = (Standing.ASKED, Standing.AGREED)


class Briefing:
    """What a room should know as it opens. What it knows already changes nothing there."""

    def __init__(self, store: Store) -> None:
        self._clinic = store.clinic
        self._told = Shelves(store.register).told
        self._make_ups = ScheduleShelves(store.register).make_ups

    async def of(self, session: SessionId) -> list[Command]:
        """Raises StoreUnavailable, CorruptLog."""
        scheduled = await self._clinic.get_session(session)
        commands: list[Command] = []
        for each in () if scheduled is None else scheduled.roster:
            if not each.treated:
                continue
            said = await self._told.get(f"{session} {each.person}")
            commands += [] if said is None else [_command(said.value)]
            held = await self._make_ups.get(f"{session} {each.person}")
            if held is not None and held.value.standing is Standing.AGREED:
                commands.append(ExpectPerson(expected=each))
                commands.append(AgreeMakeUp(person=each.person, missed_session=held.value.missed))
        return commands


class Away:
    """The port `AwayPage` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(
        self,
        store: Store,
        *,
        schedule: ScheduleBook,
        catalog: Catalog,
        rooms: RoomsThatDo,
        progress: ProgressBook,
        clock: Clock,
        seats_max: int,
    ) -> None:
        self._store = store
        self._schedule = schedule
        self._catalog = catalog
        self._rooms = rooms
        self._progress = progress
        self._clock = clock
        self._seats_max = seats_max
        self._shelves = Shelves(store.register)
        self._guardians = guardians_of(store, self._shelves.guardianships, catalog=catalog, clock=clock)
        self._briefing = Briefing(store)

    async def may(self, guardian: PersonId, person: PersonId) -> bool:
        return await self._guardians.cares(guardian, person, Care.ABSENCES)

    # ------------------------------------------------------------------ looking

    async def page(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """One person's meetings to come, and lately missed ones. None: no such participant."""
        found = await self._participant(person)
        if found is None:
            return None
        now = self._clock.now()
        mine = await self._sessions(person)
        told = {each.session: await self._told(each.session, person) for each in mine}
        make_ups = [each for each in (await self._make_ups()) if each.person == person]
        invitations = await self._shelves.invited.all()
        rows = []
        for each in mine:
            said, to_come = told[each.session], each.starts_at > now
            missed = not to_come and await self._was_missed(each, person)
            if not to_come and not missed:
                continue
            of_it = [one for one in make_ups if one.missed == each.session]
            asked = max(of_it, key=lambda one: one.asked_at, default=None)
            makes_up = any(one.session == each.session and one.standing is Standing.AGREED for one in make_ups)
            away = said is not None and said.away
            settled = asked is not None and asked.standing in SETTLED
            offered = invitations.get(f"{each.session} {person}")
            lapsed = offered is not None and now >= offered.value.answer_by
            can_choose = (away or missed) and not settled and not lapsed
            rows.append(
                {
                    "session": each.session,
                    "day": words.weekday(local(each.starts_at, found.zone).date()),
                    "time": words.span(each.starts_at, self._ends(each), found.zone),
                    "title": each.title,
                    "to_come": to_come,
                    "away": away,
                    "told": "" if said is None or not away else _said(said, found, words),
                    "makes_up": makes_up,
                    "asked": None if asked is None else await self._asked(asked, found, words),
                    "offers": [_offer(one, found, words) for one in await self._possible(found, each, mine, told)]
                    if can_choose
                    else [],
                    "until": "" if offered is None else words.moment(offered.value.answer_by, found.zone),
                    "declined": can_choose and offered is not None and offered.value.declined_at is not None,
                    "lapsed": (away or missed) and lapsed and not settled,
                }
            )
        return {
            "person": person,
            "name": found.name,
            "own": reader.person == person,
            "rows": rows,
            "reasons": [(each, words(each)) for each in REASONS],
        }

    async def offers(self) -> list[Invited]:
        """Who has something to choose instead of a meeting, and has not yet. Who has it for the first time is noted."""
        now = self._clock.now()
        known = {id: held.value for id, held in (await self._shelves.invited.all()).items()}
        asked = {f"{each.missed} {each.person}" for each in await self._make_ups() if each.standing in SETTLED}
        absent = {f"{missed.session} {person.person}": (person, missed) for person, missed in await self._absent(now)}
        for id, (person, missed) in absent.items():
            if id in known or id in asked:
                continue
            mine = await self._sessions(person.person)
            told = {each.session: await self._told(each.session, person.person) for each in mine}
            found = await self._possible(person, missed, mine, told)
            if found:
                one = invited(person.person, missed.session, missed_at=missed.starts_at, found=found, now=now)
                try:
                    await self._shelves.invited.put(one, upon=0, by="", at=now)
                except Stale:
                    continue  # another server has found the same
                known[id] = one
        return [each for id, each in known.items() if each.is_open(now) and id in absent and id not in asked]

    async def answered(self) -> list[MakeUp]:
        """Make-ups that the clinic answered lately: whoever asked has to know."""
        now = self._clock.now()
        return [
            each
            for each in await self._make_ups()
            if each.answered_at is not None and now - each.answered_at < ANSWER_WITHIN_MS
        ]

    async def _absent(self, now: Instant) -> list[tuple[Person, ScheduledSession]]:
        """Who was not in a group lately or told that they will not be, of those who are still enrolled."""
        schedule = await self._schedule.load()
        told = {id: held.value for id, held in (await self._shelves.told.all()).items()}
        near = await self._near(now)
        over = [each.session for each in near if each.starts_at <= now]
        progress = await self._progress.of_all(over)
        offering = Offering(schedule, self._catalog, seats_max=self._seats_max)
        found = []
        for each in near:
            for seat in each.roster if each.kind is SeriesKind.GROUP else ():
                said, far = told.get(f"{each.session} {seat.person}"), progress.get(each.session)
                if far is None:
                    gone = said is not None and said.away and now - said.at >= SETTLED_MS
                else:
                    gone = far.ended_at is not None and not far.writing_of(seat.person).came
                person = schedule.people.get(seat.person) if gone and seat.treated else None
                if person is not None and offering.cohorts_of(person.person, day_of(now, zone_of(person.zone))):
                    found.append((person, each))
        return found

    async def asks(self, words: Words) -> list[dict[str, Any]]:
        """Make-ups that wait for an answer, the soonest first."""
        rows = []
        for each in await self._make_ups():
            session = await self._store.clinic.get_session(each.session)
            missed = await self._store.clinic.get_session(each.missed)
            person = await self._store.clinic.get_person(each.person)
            if each.standing is Standing.ASKED and session is not None and person is not None:
                rows.append(
                    {
                        "id": each.id,
                        "name": person.name,
                        "title": session.title,
                        "when": self._when(session, session.zone, words),
                        "missed": "" if missed is None else f"{missed.title}, {self._when(missed, missed.zone, words)}",
                        "starts_at": session.starts_at,
                    }
                )
        return sorted(rows, key=lambda row: row["starts_at"])

    # ------------------------------------------------------------------ saying

    async def tell(self, person: PersonId, session: str, away: bool, reason: str, *, by: Visitor) -> None:
        """Raises Refusal, Stale."""
        reason = line(reason, "the reason", REASON_MAX, required=False)
        scheduled = await self._expected(person, session)
        far = await self._progress.of(scheduled.session)
        now = self._clock.now()
        if scheduled.starts_at <= now or far.started_at is not None:
            raise Refusal("already_started", "This meeting has begun. Please call your clinic.")
        held = await self._shelves.told.get(f"{scheduled.session} {person}")
        said = ToldAhead(
            session=scheduled.session,
            person=person,
            away=away,
            teller=by.person,
            name=by.name,
            at=now,
            reason=reason if away else "",
        )
        if held is None or (held.value.away, held.value.reason) != (said.away, said.reason):
            await self._shelves.told.put(said, upon=0 if held is None else held.revision, by=by.person, at=now)
        if far.seq:
            await self._say(scheduled.session, [_command(said)])

    async def ask(self, person: PersonId, missed: str, session: str, *, by: Visitor) -> None:
        """That `session` makes up for `missed`. Raises Refusal, Stale."""
        found = await self._participant(person)
        gone = await self._expected(person, missed)
        offered = await self._shelves.invited.get(f"{gone.session} {person}")
        check_in_time(None if offered is None else offered.value, self._clock.now())
        mine = await self._sessions(person)
        told = {each.session: await self._told(each.session, person) for each in mine}
        if found is None or session not in {
            each.meeting.session for each in await self._possible(found, gone, mine, told)
        }:
            raise Refusal("unknown_session", "This cannot make up for it any more. Please look at the list again.")
        held = await self._schedule.shelves.make_ups.get(f"{session} {person}")
        wanted = MakeUp(
            person=person,
            session=SessionId(session),
            missed=gone.session,
            asked_by=by.person,
            asked_at=self._clock.now(),
        )
        await self._schedule.shelves.make_ups.put(
            wanted, upon=0 if held is None else held.revision, by=by.person, at=self._clock.now()
        )

    async def decline(self, person: PersonId, missed: str, *, by: Visitor) -> None:
        """Nothing is to make up for `missed`. While there is time they may think again. Raises Refusal, Stale."""
        gone = await self._expected(person, missed)
        held = await self._shelves.invited.get(f"{gone.session} {person}")
        now = self._clock.now()
        check_in_time(None if held is None else held.value, now)
        open_ = Invited(
            missed=gone.session, person=person, at=now, answer_by=Instant(gone.starts_at + ANSWER_WITHIN_MS)
        )
        one = replace(open_ if held is None else held.value, declined_at=now)
        await self._shelves.invited.put(one, upon=0 if held is None else held.revision, by=by.person, at=now)

    async def answer(self, id: str, agreed: bool, *, by: Visitor) -> None:
        """Agreed: they stand on the list of that session from now on. Raises Refusal, Stale."""
        held = await self._schedule.shelves.make_ups.get(id[:200])
        session = None if held is None else await self._store.clinic.get_session(held.value.session)
        if held is None or session is None:
            raise Refusal("unknown_session", "There is no such question any more.")
        now = self._clock.now()
        standing = Standing.AGREED if agreed else Standing.DECLINED
        check_answer(held.value, standing, starts_at=session.starts_at, now=now)
        answered = replace(held.value, standing=standing, answered_by=by.person, answered_at=now)
        await self._schedule.put([self._schedule.shelves.make_ups.draft(answered, upon=held.revision)], by=by.person)
        if agreed and (await self._progress.of(session.session)).seq:
            await self._say(session.session, await self._briefing.of(session.session))

    async def _say(self, session: SessionId, commands: Sequence[Command]) -> None:
        """The register holds it already: a room that cannot be told now is told when it opens."""
        try:
            room = await self._rooms.open(session)
            for command in commands:
                await room.do(command)
        except (LeaseLost, NoSuchSession, StoreUnavailable, Refusal) as error:
            log.warning("a room was not told", session=session, error=type(error).__name__)

    # ------------------------------------------------------------------ inside

    async def _participant(self, person: PersonId) -> Person | None:
        found = await self._store.clinic.get_person(person)
        return found if found is not None and found.role is Role.PARTICIPANT else None

    async def _expected(self, person: PersonId, session: str) -> ScheduledSession:
        scheduled = await self._store.clinic.get_session(session[:64])
        if scheduled is None or scheduled.cancelled or _seat(scheduled, person) is None:
            raise Refusal("unknown_session", "This meeting is not on the list any more.")
        return scheduled

    async def _sessions(self, person: PersonId) -> list[ScheduledSession]:
        near = await self._near(self._clock.now())
        return [each for each in near if _seat(each, person) is not None]

    async def _near(self, now: Instant) -> list[ScheduledSession]:
        return await self._store.clinic.list_sessions(
            since=Instant(max(0, now - ANSWER_WITHIN_MS)), until=Instant(now + AHEAD_DAYS * DAY_MS)
        )

    async def _told(self, session: SessionId, person: PersonId) -> ToldAhead | None:
        held = await self._shelves.told.get(f"{session} {person}")
        return None if held is None else held.value

    async def _make_ups(self) -> list[MakeUp]:
        return [held.value for held in (await self._schedule.shelves.make_ups.all()).values()]

    async def _was_missed(self, scheduled: ScheduledSession, person: PersonId) -> bool:
        far = await self._progress.of(scheduled.session)
        return far.ended_at is not None and not far.writing_of(person).came

    async def _possible(
        self,
        person: Person,
        missed: ScheduledSession,
        mine: Sequence[ScheduledSession],
        told: dict[SessionId, ToldAhead | None],
    ) -> tuple[Possible, ...]:
        now = self._clock.now()
        day = day_of(missed.starts_at, zone_of(missed.zone))
        schedule = await self._schedule.load()
        offering = Offering(schedule, self._catalog, seats_max=self._seats_max)
        first, last = day - timedelta(days=7), day + timedelta(days=14)
        held = await self._shelves.schools.get(person.person)
        stays = [
            each
            for each in mine
            if each.session != missed.session and not ((said := told.get(each.session)) is not None and said.away)
        ]
        return possible(
            offering.offers(person.person, person.track, first, last, own_seats=False),
            missed=day,
            own=[(self._meeting(each), self._counted_ms(each)) for each in stays],
            listed={each.session for each in mine},
            taken=() if held is None else busy(held.value, first - timedelta(days=1), last + timedelta(days=1)),
            rules=self._catalog.rules_on(missed.rules_id, day),
            track=person.track,
            now=now,
        )

    def _meeting(self, each: ScheduledSession) -> Meeting:
        day = day_of(each.starts_at, zone_of(each.zone))
        return Meeting(session=each.session, day=day, start=each.starts_at, end=self._ends(each))

    def _counted_ms(self, each: ScheduledSession) -> int:
        plan = self._catalog.plans.get(each.plan_id)
        rules = self._catalog.rules_on(each.rules_id, day_of(each.starts_at, zone_of(each.zone)))
        return 0 if plan is None else crediting.target_ms(plan, rules)

    def _ends(self, each: ScheduledSession) -> Instant:
        plan = self._catalog.plans.get(each.plan_id)
        return Instant(each.starts_at + (sum(segment.planned_ms for segment in plan.segments) if plan else 0))

    def _when(self, each: ScheduledSession, zone: str, words: Words) -> str:
        day = words.weekday(local(each.starts_at, zone).date())
        return f"{day}, {words.span(each.starts_at, self._ends(each), zone)}"

    async def _asked(self, asked: MakeUp, person: Person, words: Words) -> dict[str, Any]:
        session = await self._store.clinic.get_session(asked.session)
        when = "" if session is None else self._when(session, person.zone, words)
        return {"standing": asked.standing.value, "text": words(ANSWERS[asked.standing], when=when)}


def _said(said: ToldAhead, person: Person, words: Words) -> str:
    when = words.moment(said.at, person.zone)
    if said.teller == said.person:
        told = words("Told on {when}", when=when)
    else:
        told = words("Told by {name} on {when}", name=said.name, when=when)
    reason = words(said.reason) if said.reason in REASONS else said.reason
    return f"{told}: {reason}." if reason else f"{told}."


def _command(said: ToldAhead) -> TellAbsence:
    return TellAbsence(
        person=said.person,
        away=said.away,
        teller=said.teller,
        name=said.name,
        told_at=said.at,
        reason=said.reason,
    )


def _seat(scheduled: ScheduledSession, person: PersonId) -> Expected | None:
    return next((each for each in scheduled.roster if each.person == person and each.treated), None)


def _offer(one: Possible, person: Person, words: Words) -> dict[str, Any]:
    day = words.weekday(local(one.meeting.start, person.zone).date())
    minutes, floor = words.minutes(one.minutes), words.minutes(one.floor_min)
    return {
        "session": one.meeting.session,
        "when": f"{day}, {words.span(one.meeting.start, one.meeting.end, person.zone)}",
        "group": one.offer.group,
        "words": words("With it that week comes to {minutes} of {floor}.", minutes=minutes, floor=floor)
        if one.floor_min
        else words("With it that week comes to {minutes}.", minutes=minutes),
        "next_week": not one.same_week,
    }
