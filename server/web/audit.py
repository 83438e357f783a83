"""Who read what: the audit log to search, records to be read and nothing else, and breaking the glass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.audit import Deed, Trace
from facilitation.errors import Refusal
from facilitation.glass import OPEN_FOR_MS, REASON_MIN, Glass
from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.policy import NAMINGS, READINGS, Action
from facilitation.text import REASON_MAX
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant
from server.web.accounts import ROLES
from server.web.auth import Doorkeeper, Visitor
from server.web.deeds import actions_told, told
from server.web.door import NO_STORE, form, onward
from server.web.language import spoken
from server.web.lists import Asked, address
from server.web.pages import ID_CHARS_MAX, day_asked
from server.web.templates import Pages
from server.web.words import Words, marked

SHOWN: int = 50
MEANT_MAX: int = 20
"""People who are offered where a name means several."""
KINDS = {
    "readings": (marked("Readings of records"), READINGS | NAMINGS),
    "files": (
        marked("Files taken"),
        frozenset({Action.TAKE_HOURS, Action.TAKE_PAPERS, Action.TAKE_WEEKS, Action.TAKE_CLINIC}),
    ),
    "glass": (marked("Broken glass"), frozenset({Action.BREAK_GLASS})),
    "accounts": (marked("Signing in, and what was done to accounts"), frozenset(Deed)),
}


class Found(Protocol):
    @property
    def traces(self) -> Sequence[Trace]: ...
    @property
    def older(self) -> int | None: ...


class Audit(Protocol):
    async def search(
        self,
        *,
        about: str | None = None,
        by: str | None = None,
        actions: frozenset[str] | None = None,
        since: Instant | None = None,
        until: Instant | None = None,
        before: int | None = None,
        count: int = 50,
    ) -> Found: ...


class Reading(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def record(self, session: SessionId, words: Words) -> dict[str, Any] | None: ...
    async def names(self) -> dict[PersonId, str]: ...
    async def title(self, session: SessionId, words: Words) -> str:
        """A session in words; "": there is none."""
        ...


class GlassCase(Protocol):
    """Raises Refusal, StoreUnavailable, CorruptLog."""

    async def break_it(self, person: PersonId, role: Role, session: SessionId, reason: str) -> Glass: ...
    async def unseen(self) -> list[Glass]: ...
    async def take_note(self, glass: str, *, by: PersonId) -> None: ...


class AuditDesk:
    def __init__(
        self, audit: Audit, reading: Reading, glass: GlassCase, *, pages: Pages, doorkeeper: Doorkeeper
    ) -> None:
        self._audit = audit
        self._reading = reading
        self._glass = glass
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/audit", self.search, methods=["GET"]),
            Route("/audit/glass", self.take_note, methods=["POST"]),
            Route("/s/{session}/reading", self.record, methods=["GET"]),
            Route("/s/{session}/glass", self.form, methods=["GET"]),
            Route("/s/{session}/glass", self.break_it, methods=["POST"]),
        ]

    # ------------------------------------------------------------------ the log

    async def search(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SEE_AUDIT)
        words = spoken(request)
        asked, zone = request.query_params, ZoneInfo(me.zone or "UTC")
        given = {name: asked.get(name, "")[:60] for name in ("about", "by", "deed", "kind", "since", "until")}
        names = await self._reading.names()
        meant = {name: _meant(given[name], names) for name in ("about", "by")}
        about, by = (some[0] if len(some) == 1 else None for some in meant.values())
        clear = all(len(meant[name]) == 1 for name in meant if given[name])
        before = asked.get("before", "")
        actions = _actions(given["kind"], given["deed"], words)
        older: int | None = None
        traces: Sequence[Trace] = ()
        if clear and actions != frozenset():
            found = await self._audit.search(
                about=about,
                by=by,
                actions=actions,
                since=_midnight(day_asked(given["since"]), zone),
                until=_midnight(day_asked(given["until"]), zone, days=1),
                before=int(before) if before.isdecimal() and len(before) < 16 else None,
                count=SHOWN,
            )
            traces, older = found.traces, found.older
        unseen = await self._glass.unseen() if me.may(Action.NOTE_GLASS) else []
        context = self._common(me) | {
            "rows": [self._row(each, names, str(zone), words) for each in traces],
            "older": address("/audit", me, **given, before=str(older)) if older is not None else None,
            "given": given | {name: names[id] for name, id in (("about", about), ("by", by)) if id in names},
            "unclear": [
                {
                    "field": name,
                    "people": [
                        (names[id], address("/audit", me, **given | {name: id})) for id in meant[name][:MEANT_MAX]
                    ],
                    "more": len(meant[name]) > MEANT_MAX,
                }
                for name in meant
                if given[name] and len(meant[name]) != 1
            ],
            "kinds": [(key, words(text)) for key, (text, _) in KINDS.items()],
            "seat": me.number if me.number > 1 else None,
            "unseen": [self._broken(each, names, str(zone), words) for each in unseen],
        }
        return self._pages.render(request, "audit.html", context, headers=NO_STORE)

    async def take_note(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.NOTE_GLASS)
        given = await form(request)
        try:
            await self._glass.take_note(given.get("glass", "")[:ID_CHARS_MAX], by=me.person)
        except Refusal as refusal:
            words = spoken(request)
            title, text = words("Not by you"), words.of(refusal.said)
            return self._pages.render(
                request,
                "error.html",
                {"title": title, "text": text, "status": 422, "code": refusal.code, "next": "", "at_home": True},
                422,
                NO_STORE,
            )
        return onward(f"/audit{me.choice}")

    # ------------------------------------------------------------------ a record, to be read

    async def record(self, request: Request) -> Response:
        session = _session(request)
        me = await self._doorkeeper.may_read(request, session)
        told = await self._reading.record(session, spoken(request))
        if told is None:
            raise HTTPException(404)
        return self._pages.render(request, "reading.html", self._common(me) | told, headers=NO_STORE)

    async def form(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.BREAK_GLASS)
        return await self._form(request, me, _session(request))

    async def break_it(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.BREAK_GLASS)
        session, given = _session(request), await form(request)
        try:
            await self._glass.break_it(me.person, me.role, session, given.get("reason", ""))
        except Refusal as refusal:
            if refusal.code == "no_session":
                raise HTTPException(404) from None
            text = spoken(request).of(refusal.said)
            return await self._form(request, me, session, reason=given.get("reason", ""), error=text)
        return onward(f"/s/{session}/reading{me.choice}")

    async def _form(
        self, request: Request, me: Visitor, session: SessionId, *, reason: str = "", error: str | None = None
    ) -> Response:
        title = await self._reading.title(session, spoken(request))
        if not title:
            raise HTTPException(404)
        context = self._common(me) | {
            "title": title,
            "action": f"/s/{session}/glass{me.choice}",
            "minutes": OPEN_FOR_MS // MINUTE_MS,
            "reason": reason,
            "reason_min": REASON_MIN,
            "reason_max": REASON_MAX,
            "error": error,
        }
        return self._pages.render(request, "glass.html", context, 422 if error else 200, NO_STORE)

    # ------------------------------------------------------------------ inside

    @staticmethod
    def _common(me: Visitor) -> dict[str, Any]:
        return {"me": me, "choice": me.choice, "home": f"/home{me.choice}"}

    @staticmethod
    def _row(trace: Trace, names: dict[PersonId, str], zone: str, words: Words) -> dict[str, Any]:
        return {
            "at": words.moment(trace.at, zone),
            "by": names.get(PersonId(trace.by), trace.by) or words("Milieu itself"),
            "role": words(ROLES[trace.role]) if trace.role else "",
            "deed": told(trace, names, words),
            "session": trace.session,
            "reason": trace.reason,
        }

    @staticmethod
    def _broken(glass: Glass, names: dict[PersonId, str], zone: str, words: Words) -> dict[str, Any]:
        at = words.moment(glass.at, zone)
        return {"glass": glass.glass, "by": names.get(glass.person, glass.person), "at": at, "reason": glass.reason}


def _meant(text: str, names: Mapping[PersonId, str]) -> list[PersonId]:
    """Whom a name means, or an id: who is called just so, else all in whose names the words stand, by name."""
    if text in names or text.startswith("p-"):
        return [PersonId(text)]
    asked = Asked(text=text)
    if not asked.words:
        return []
    found = sorted((name.casefold(), id) for id, name in names.items() if asked.fits(name.casefold()))
    just_so = [id for name, id in found if name == " ".join(asked.words)]
    return just_so or [id for _, id in found]


def _actions(kind: str, deed: str, words: Words) -> frozenset[str] | None:
    """Of that kind, and so worded; None: all."""
    of_kind = frozenset(KINDS[kind][1]) if kind in KINDS else None
    worded = actions_told(deed, words) if deed.strip() else None
    return of_kind if worded is None else worded if of_kind is None else of_kind & worded


def _session(request: Request) -> SessionId:
    session: str = request.path_params["session"]
    if len(session) > ID_CHARS_MAX:
        raise HTTPException(404)
    return SessionId(session)


def _midnight(day: date | None, zone: ZoneInfo, *, days: int = 0) -> Instant | None:
    if day is None:
        return None
    return Instant(round(datetime.combine(day + timedelta(days=days), time(), zone).timestamp()) * SECOND_MS)
