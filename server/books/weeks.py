"""The page of weeks, made ready to be shown or handed out: everybody's meter, whoever needs help first."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from facilitation.disclosures import disclose
from facilitation.errors import Refusal
from facilitation.ids import PersonId, SessionId
from facilitation.people import STAFF, Role
from facilitation.policy import Action
from facilitation.releases import What
from facilitation.timebase import Instant
from facilitation.weeks import Outlook
from server.books import meter_words, week_words
from server.books.spreadsheet import encode
from server.clock import Clock
from server.door.releases import Release, Releases
from server.projections.meters import AROUND_DAYS, DAY_MS, Meter, Meters, Part, Stage
from server.store.ports import Store
from server.web import exports
from server.web.auth import Visitor
from server.web.exports import Handout
from server.web.lists import SHOWN, Asked, leaf, ways
from server.web.words import Words, marked

MINE: Final = "mine"
Skills = Callable[[PersonId, Words], Awaitable[dict[str, Any]]]
"""Which skills somebody used, as far as staff may know. Raises StoreUnavailable, CorruptLog."""
STAGES: Final = {
    Stage.SIGNED: marked("Signed"),
    Stage.WAITING: marked("Held, not signed yet"),
    Stage.RUNNING: marked("Going on now"),
    Stage.TO_COME: marked("Still to come"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """To another page about the same person, at `path`. `needs` opens it; `track`: whom alone it is for, "": all."""

    path: str
    text: str
    needs: Action
    track: str = ""


WAYS: Final = (
    Way(path="/statement/{}", text=marked("All hours"), needs=Action.READ_STATEMENT),
    Way(path="/schedule/people/{}", text=marked("Groups and days"), needs=Action.SEE_ENROLMENT),
    Way(path="/away/{}", text=marked("If they can’t come"), needs=Action.TELL_AWAY),
    Way(path="/school/{}", text=marked("Around school"), needs=Action.PLAN_SCHOOL, track="teen"),
    Way(path="/family/{}/session", text=marked("A session with the family"), needs=Action.INVITE_FAMILY, track="teen"),
    Way(path="/calls/{}", text=marked("Calls"), needs=Action.LOG_CALLS),
)


class WeekBook:
    """The port `Weeks` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, meters: Meters, releases: Releases, skills: Skills, clock: Clock) -> None:
        self._store = store
        self._releases = releases
        self._meters = meters
        self._skills = skills
        self._clock = clock

    async def page(self, words: Words, *, reader: Visitor, group: str | None, asked: Asked) -> dict[str, Any]:
        """`group`: the title of one, 'mine', or None: everybody."""
        everybody = await self._meters.everybody()
        mine = await self._groups_of(reader)
        titles = sorted({title for meter in everybody for title in meter.groups})
        of_group = [meter for meter in everybody if _is_in(meter, group, mine)]
        found = meter_words.by_need([meter for meter in of_group if asked.fits(meter.person.name.casefold())])
        shown = leaf(found, asked.page)
        return {
            "groups": _choices(titles, group, reader, words),
            "total": shown.total,
            "many": len(of_group) > SHOWN,
            "counts": _counts(found, words),
            "rows": [self._row(meter, reader, words) for meter in shown.rows],
            "ways": ways("/weeks", shown, reader, q=asked.text, group=group or ""),
        }

    def _row(self, meter: Meter, reader: Visitor, words: Words) -> dict[str, Any]:
        return meter_words.told(meter, words) | {
            "name": meter.person.name,
            "groups": ", ".join(meter.groups),
            "week_url": f"/weeks/{meter.person.person}{reader.choice}",
        }

    async def person(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """One person's week, session by session. None: no such participant."""
        found = await self._store.clinic.get_person(person)
        if found is None or found.role is not Role.PARTICIPANT:
            return None
        meter, missed = await self._meters.of(found), await self._meters.missed(found)
        titles = {part.session: f"{words.weekday(part.day)}, {part.title}" for part in (*missed, *meter.parts)}
        return {
            "name": found.name,
            "told": meter_words.told(meter, words),
            "rules": week_words.title(meter.rules, words),
            "parts": [_part_row(part, titles, person, reader, words) for part in meter.parts],
            "missed": [{"session": part.session, "text": titles[part.session]} for part in missed],
            "practice": await self._skills(person, words) if reader.may(Action.READ_STATEMENT) else None,
            "goals_url": f"/family/{person}{reader.choice}" if reader.may(Action.SEE_FAMILY) else None,
            "ways": [
                {"url": f"{way.path.format(person)}{reader.choice}", "text": words(way.text)}
                for way in WAYS
                if reader.may(way.needs) and way.track in ("", found.track)
            ],
            "back": f"/weeks{reader.choice}",
            "absence_action": f"/weeks/{person}/absence{reader.choice}",
            "make_up_action": f"/weeks/{person}/make-up{reader.choice}",
        }

    async def receivers(self) -> list[str]:
        return await self._releases.receivers()

    async def export(self, *, by: Visitor, group: str | None, kind: str, asked: exports.Asked) -> Handout:
        """Everybody's week, or a group's, as a file ('csv' or 'json'), once that is logged. Raises Refusal."""
        if kind not in ("csv", "json"):
            raise Refusal("bad_kind", "Choose a table (CSV) or data for programs (JSON).")
        mine = await self._groups_of(by)
        meters = [meter for meter in await self._meters.everybody() if _is_in(meter, group, mine)]
        if not meters:
            raise Refusal("nothing", "There is nobody in this group this week, so there is nothing to download.")
        about = [meter.person.person for meter in meters]
        since = Instant(max(0, self._clock.now() - AROUND_DAYS * DAY_MS))
        release = await self._releases.check_since(
            since, about, asked.purpose, what=What.HOURS, receiver=asked.receiver
        )
        await self._store.disclosures.record(
            disclose(
                clinic=self._store.keys.clinic,
                by=by.person,
                at=self._clock.now(),
                what="weekly hours",
                first=min(meter.week.first for meter in meters),
                last=max(meter.week.last for meter in meters),
                about=about,
                purpose=asked.purpose,
                reason=asked.reason,
                form=asked.form,
                to=asked.receiver,
            )
        )
        name = f"weeks-{max(meter.today for meter in meters)}.{kind}"
        if kind == "csv":
            rows = ((*meter_words.row(meter), release.notice(meter.person.person)) for meter in meters)
            return Handout(filename=name, chunks=encode((*meter_words.COLUMNS, "notice"), rows))
        return Handout(filename=name, chunks=_json(meters, release))

    async def _groups_of(self, reader: Visitor) -> frozenset[str]:
        """Titles of the sessions around now on whose list the reader stands as staff."""
        now = self._clock.now()
        near = await self._store.clinic.list_sessions(
            since=Instant(max(0, now - AROUND_DAYS * DAY_MS)), until=Instant(now + AROUND_DAYS * DAY_MS)
        )
        return frozenset(
            session.title
            for session in near
            if any(each.person == reader.person and each.role in STAFF for each in session.roster)
        )


def _part_row(
    part: Part, titles: Mapping[SessionId, str], person: PersonId, reader: Visitor, words: Words
) -> dict[str, Any]:
    absence = part.absence
    return {
        "session": part.session,
        "anchor": f"s-{part.session}",
        "title": part.title,
        "day": words.weekday(part.day),
        "stage": part.stage.value,
        "stage_text": words("Was not there") if part.missed else words(STAGES[part.stage]),
        "minutes_text": words.minutes(part.minutes if part.stage is not Stage.TO_COME else part.still_min),
        "absence": "" if absence is None else meter_words.absence_kind(absence, words),
        "kind": "" if absence is None else absence.kind.value,
        "reason": "" if absence is None else absence.reason,
        "may_explain": part.missed or part.stage is Stage.TO_COME or absence is not None,
        "ask": part.missed and absence is None,
        "may_make_up": not part.missed,
        "makes_up_session": part.makes_up,
        "makes_up": part.makes_up and titles.get(part.makes_up, words("an earlier session")),
        "unsaid": part.stage is Stage.SIGNED and part.makes_up != part.posted_makes_up,
        "record_url": f"/s/{part.session}/record{reader.choice}#{person}",
    }


def _is_in(meter: Meter, group: str | None, mine: frozenset[str]) -> bool:
    match group:
        case None:
            return True
        case "mine":
            return not mine.isdisjoint(meter.groups)
        case title:
            return title in meter.groups


def _choices(titles: Iterable[str], group: str | None, reader: Visitor, words: Words) -> list[dict[str, Any]]:
    """Everybody, one's own groups, then each group; with the address of each."""
    choices: list[tuple[str | None, str]] = [
        (None, words("Everybody")),
        (MINE, words("My groups")),
        *((each, each) for each in titles),
    ]
    rows = []
    for value, label in choices:
        query = {"seat": str(reader.number)} if reader.number > 1 else {}
        query |= {} if value is None else {"group": value}
        address = f"/weeks?{urlencode(query)}" if query else "/weeks"
        rows.append({"label": label, "url": address, "current": value == group})
    return rows


def _counts(meters: Sequence[Meter], words: Words) -> list[dict[str, Any]]:
    """How many there are of each outlook, and how much of a bar that is, in percent."""
    rows, start = [], 0.0
    for outlook in meter_words.ORDER:
        count = sum(meter.outlook is outlook for meter in meters)
        if count or outlook is not Outlook.NONE:
            share = 100 * count / len(meters) if meters else 0.0
            rows.append(
                {
                    "outlook": outlook.value,
                    "label": words(meter_words.LABELS[outlook]),
                    "count": count,
                    "start": round(start, 2),
                    "share": round(share, 2),
                }
            )
            start += share
    return rows


def _json(meters: Iterable[Meter], release: Release) -> Iterator[bytes]:
    weeks = [meter_words.plain(meter) | {"notice": release.notice(meter.person.person)} for meter in meters]
    yield json.dumps({"weeks": weeks}, indent=1).encode()
