"""Letters about meetings that were moved, cancelled or given to somebody else: one to each person, with entries.

Nothing in them says what kind of meeting it is, and nobody else is named. Who is enrolled or leaves is told by the
clinic itself, but for family that was invited by such a letter; what else changes stands in everybody's calendar and on
their home page without a letter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog

from facilitation.ids import PersonId
from facilitation.people import STAFF, Expected
from facilitation.plan import SessionPlan
from facilitation.policy import FACILITATORS
from facilitation.schedule import SeriesKind, neutral
from facilitation.timebase import HOUR_MS
from server.languages import ChosenLanguages
from server.letters.addresses import addresses
from server.mail.letter import Attachment, Letter
from server.mail.ports import Mail, MailIsFull
from server.schedule.calendar import Entry, calendar, entry_of
from server.schedule.planner import Changed, Planned
from server.store.clinic import Person, ScheduledSession
from server.store.ports import Store
from server.web.words import Words, local, marked

log = structlog.get_logger(__name__)

LINES_MAX: Final = 12
ENTRIES_MAX: Final = 5
"""Calendar entries that go along: for more, there is the calendar to subscribe to."""

# What became of a meeting, and of an appointment.
LED_BY_ANOTHER: Final = (
    marked("Meeting on {when}: somebody else leads it now."),
    marked("Appointment on {when}: somebody else leads it now."),
)
LED_BY_YOU: Final = (
    marked("Meeting on {when}: you lead it now."),
    marked("Appointment on {when}: you lead it now."),
)
NOT_HELD: Final = (
    marked("Meeting on {when}: it will not be held."),
    marked("Appointment on {when}: it will not be held."),
)
HELD: Final = (
    marked("Meeting on {when}: it will be held after all."),
    marked("Appointment on {when}: it will be held after all."),
)
OFF_THE_LIST: Final = (
    marked("Meeting on {when}: you are not expected there any more."),
    marked("Appointment on {when}: you are not expected there any more."),
)
MOVED: Final = (
    marked("Meeting on {before}: it is now on {when}."),
    marked("Appointment on {before}: it is now on {when}."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What changed for one person: a line of the letter, and the meeting as it is now for them (`off`: no more)."""

    line: str
    session: ScheduledSession
    off: bool


class MeetingLetters:
    """`sender`: the address that calendar entries come from; without one they are only shown, not answered to."""

    def __init__(
        self,
        store: Store,
        mail: Mail,
        *,
        plans: Mapping[str, SessionPlan],
        languages: ChosenLanguages,
        base_url: str,
        sender: str | None,
    ) -> None:
        self._store = store
        self._mail = mail
        self._plans = plans
        self._languages = languages
        self._home = f"{base_url}/home"
        self._sender = sender

    async def tell(self, planned: Planned) -> None:
        """A letter to everybody whom these changes concern and whose address is known.

        Raises StoreUnavailable, CorruptLog. A letter that cannot be taken is told to the operator and to nobody else.
        """
        changes = [*planned.changed, *planned.cancelled]
        concerned = sorted({person for change in changes for person in _concerned(change)})
        if not concerned:
            return
        known_addresses = await addresses(self._store.register)
        for person in concerned:
            known = await self._store.clinic.get_person(person)
            address = known_addresses.get(person)
            if known is None or not address:
                continue
            words = await self._languages.words_for(person)
            news = [each for change in changes for each in _news(change, person, known.zone, words)]
            try:
                await self._mail.send(self._letter(known, address, news, words))
            except MailIsFull:
                log.warning("a letter about a meeting was not taken")

    async def invite(self, session: ScheduledSession) -> list[str]:
        """A letter with an entry to everybody who comes to a meeting that is new to them; the names of those without an
        address.

        Raises StoreUnavailable, CorruptLog.
        """
        reached = await addresses(self._store.register)
        unreached = []
        for seat in session.roster:
            known = await self._store.clinic.get_person(seat.person) if _attends(seat) else None
            if known is None:
                continue
            address = reached.get(seat.person)
            if not address:
                unreached.append(known.name)
                continue
            try:
                await self._mail.send(await self._invitation(known, address, session))
            except MailIsFull:
                log.warning("a letter about a meeting was not taken")
                unreached.append(known.name)
        return unreached

    async def _invitation(self, person: Person, address: str, session: ScheduledSession) -> Letter:
        words = await self._languages.words_for(person.person)
        at = local(session.starts_at, person.zone)
        paragraphs = (
            words("Hello {name},", name=person.name),
            words(
                "you are invited to a meeting: {day}, {time}.",
                day=words.weekday(at.date()),
                time=words.clock_time(at),
            ),
            words("You come in from your home page, a few minutes before:"),
            self._home,
            words("The entry for your calendar goes along. Does the time not suit you? Then tell whoever invited you."),
        )
        key = hashlib.sha256(f"{session.session} {person.person}".encode()).hexdigest()[:32]
        return Letter(
            key=f"invited-{key}",
            to=address,
            subject=words("Your meeting"),
            text="\n\n".join(paragraphs) + "\n",
            attachments=(self.entry(session, address, words),),
        )

    def entry(self, session: ScheduledSession, address: str, words: Words) -> Attachment:
        """A meeting that is held, for the calendar of whoever has that address."""
        return self._attachment(1, News(line="", session=session, off=False), address, words)

    def _letter(self, person: Person, address: str, news: list[News], words: Words) -> Letter:
        lines = [f"- {each.line}" for each in news[:LINES_MAX]]
        if len(news) > LINES_MAX:
            lines.append(words("- and {n} more", n=len(news) - LINES_MAX))
        paragraphs = (
            words("Hello {name},", name=person.name),
            words("something has changed in your meetings:"),
            "\n".join(lines),
            words("What comes next stands on your home page:"),
            self._home,
        )
        text = "\n\n".join(paragraphs) + "\n"
        about = [f"{each.session.session} {each.session.sequence}" for each in news]
        key = hashlib.sha256("\n".join([person.person, *about]).encode()).hexdigest()[:32]
        entries = [self._attachment(n, each, address, words) for n, each in enumerate(news[:ENTRIES_MAX], 1)]
        return Letter(
            key=f"meeting-{key}", to=address, subject=words("Your meeting"), text=text, attachments=tuple(entries)
        )

    def _attachment(self, number: int, news: News, address: str, words: Words) -> Attachment:
        entry = self._entry(news, words)
        method = "PUBLISH" if self._sender is None else "CANCEL" if entry.cancelled else "REQUEST"
        file = calendar([entry], url=self._home, method=method, organizer=self._sender or "", attendee=address)
        return Attachment(
            name=f"meeting-{number}.ics", media_type=f"text/calendar; method={method}; charset=utf-8", data=file
        )

    def _entry(self, news: News, words: Words) -> Entry:
        plan = self._plans.get(news.session.plan_id)
        length = sum(part.planned_ms for part in plan.segments) if plan else HOUR_MS
        entry = entry_of(news.session, self._store.keys.clinic, length_ms=length, off=news.off)
        return replace(entry, summary=words(entry.summary))


def _attends(seat: Expected) -> bool:
    return seat.role not in STAFF or seat.role in FACILITATORS


def _leads(session: ScheduledSession) -> set[PersonId]:
    return {each.person for each in session.roster if each.role in FACILITATORS}


def _taken_off(change: Changed) -> set[PersonId]:
    """Who came along, and does no more: they were invited by a letter, and its entry stands in their calendar."""
    if change.after.kind not in (SeriesKind.FAMILY, SeriesKind.MULTI_FAMILY):
        return set()
    stay = {each.person for each in change.after.roster}
    return {each.person for each in change.before.roster if each.guest} - stay


def _moved(change: Changed) -> bool:
    return change.before.starts_at != change.after.starts_at


def _concerned(change: Changed) -> Iterable[PersonId]:
    before, after = change.before, change.after
    if bool(before.cancelled) != bool(after.cancelled) or _moved(change):
        yield from (each.person for each in after.roster if _attends(each))
    yield from _leads(before) ^ _leads(after)
    yield from _taken_off(change)


def _news(change: Changed, person: PersonId, zone: str, words: Words) -> Iterable[News]:
    before, after = change.before, change.after
    there = any(each.person == person and _attends(each) for each in after.roster)
    leads = (person in _leads(before), person in _leads(after))

    def said(messages: tuple[str, str], session: ScheduledSession) -> str:
        message = messages[neutral(after.kind) != "Meeting"]
        return words(message, when=_when(session, zone, words), before=_when(before, zone, words))

    if leads == (True, False):
        yield News(line=said(LED_BY_ANOTHER, before), session=after, off=True)
    elif leads == (False, True):
        yield News(line=said(LED_BY_YOU, after), session=after, off=False)
    elif person in _taken_off(change) and not before.cancelled:
        yield News(line=said(OFF_THE_LIST, before), session=after, off=True)
    elif there and after.cancelled and not before.cancelled:
        yield News(line=said(NOT_HELD, before), session=after, off=True)
    elif there and before.cancelled and not after.cancelled:
        yield News(line=said(HELD, after), session=after, off=False)
    elif there and _moved(change):
        yield News(line=said(MOVED, after), session=after, off=False)


def _when(session: ScheduledSession, zone: str, words: Words) -> str:
    at = local(session.starts_at, zone)
    return f"{words.weekday(at.date())}, {words.clock_time(at)}"
