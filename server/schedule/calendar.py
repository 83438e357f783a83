"""A person's meetings as an iCalendar file (RFC 5545) that says nothing of health and nobody's name.

Each meeting is an event of its own. A rule with exceptions would be shorter, but each person comes on other days, steps
down, and meets around holidays, summer hours and substitutes: there would be more exceptions than rule, and programs
differ most where a rule meets RECURRENCE-ID and EXDATE. Single events, with times in their zone, are read alike by all.
The UID follows from the session alone, so that a move is an update (SEQUENCE) and not another event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vDuration

from facilitation.schedule import neutral
from facilitation.timebase import MINUTE_MS, Instant
from server.store.clinic import ScheduledSession

REFRESH: Final = timedelta(hours=1)
PRODUCT: Final = "-//Milieu//Meetings//EN"
YEAR: Final = timedelta(days=366)
SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`uid` and `zone` as the calendar sees them; `busy`: whether the person has to be there."""

    uid: str
    summary: str
    starts_at: Instant
    length_ms: int
    zone: str
    sequence: int
    changed_at: Instant
    cancelled: bool = False
    busy: bool = True


def uid_of(clinic: str, session: str) -> str:
    """A name that says nothing, not even of which group it is, and stays for ever."""
    return f"{hashlib.sha256(f'{clinic} {session}'.encode()).hexdigest()[:32]}@milieu"


def entry_of(session: ScheduledSession, clinic: str, *, length_ms: int, busy: bool = True, off: bool = False) -> Entry:
    """A session as a calendar has it. `off`: it is not for this person any more."""
    return Entry(
        uid=uid_of(clinic, session.session),
        summary=neutral(session.kind),
        starts_at=session.starts_at,
        length_ms=max(length_ms, MINUTE_MS),
        zone=session.zone,
        sequence=session.sequence,
        changed_at=session.changed_at,
        cancelled=bool(session.cancelled) or off,
        busy=busy,
    )


def calendar(
    entries: Sequence[Entry], *, url: str, method: str = "PUBLISH", organizer: str = "", attendee: str = ""
) -> bytes:
    """The file. `url`: where to sign in. `method` (RFC 5546): REQUEST or CANCEL for an entry in a letter from
    `organizer` to `attendee`, which programs take up by themselves."""
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", method)
    if method == "PUBLISH":
        made.add("x-wr-calname", "Meetings")
        made.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
        made.add("x-published-ttl", vDuration(REFRESH))
    for entry in entries:
        event = _event(entry, url)
        if method != "PUBLISH":
            event.add("organizer", f"mailto:{organizer}")
            event.add("attendee", f"mailto:{attendee}", parameters={"PARTSTAT": "NEEDS-ACTION", "RSVP": "FALSE"})
        made.add_component(event)
    if entries:
        days = [datetime.fromtimestamp(entry.starts_at / 1_000, UTC).date() for entry in entries]
        made.add_missing_timezones(first_date=min(days) - YEAR, last_date=max(days) + YEAR)
    for timezone in made.timezones:
        _put_right(timezone)
    return bytes(made.to_ical())


def _put_right(timezone: Timezone) -> None:
    """Name each change of the clock by the clock before it, as RFC 5545 §3.6.5 wants it.

    icalendar 7.3 names a change forward by the clock after it, which readers take for an hour later: a meeting at 3:30
    on that morning would be shown at another time. What a version of it says rightly is left as it is.
    """
    zone = ZoneInfo(timezone.tz_name)
    for change in timezone.subcomponents:
        read: dict[str, Any] = dict(change)  # what the library types as any property at all
        before, after = read["TZOFFSETFROM"].td, read["TZOFFSETTO"].td
        for name in ("DTSTART", "RDATE"):
            if name in read:
                told = [read[name].dt] if name == "DTSTART" else [each.dt for each in read[name].dts]
                right = [_onset(each, zone, before, after) for each in told]
                del change[name]
                change.add(name, right[0] if name == "DTSTART" else right)


def _onset(local: datetime, zone: ZoneInfo, before: timedelta, after: timedelta) -> datetime:
    """`local` if the clock changes then, by the clock before; else earlier by as much as it goes forward."""
    at = (local - before).replace(tzinfo=UTC)
    right = at.astimezone(zone).utcoffset() == after and (at - SECOND).astimezone(zone).utcoffset() == before
    return local if right or before == after else local - (after - before)


def _event(entry: Entry, url: str) -> Event:
    zone = ZoneInfo(entry.zone)
    start = datetime.fromtimestamp(entry.starts_at // 1_000, zone)
    made = Event()
    made.add("uid", entry.uid)
    made.add("dtstamp", datetime.fromtimestamp(entry.changed_at // 1_000, UTC))
    made.add("dtstart", start)
    made.add("dtend", datetime.fromtimestamp((entry.starts_at + entry.length_ms) // 1_000, zone))
    made.add("summary", entry.summary)
    made.add("sequence", entry.sequence)
    made.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    made.add("transp", "OPAQUE" if entry.busy and not entry.cancelled else "TRANSPARENT")
    made.add("class", "PRIVATE")
    made.add("url", url)
    return made
