"""One's own calendar: the page that shows its private address, and the file that calendar programs fetch there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.timebase import Instant
from server.web.auth import Doorkeeper
from server.web.guard import Throttle
from server.web.language import spoken
from server.web.pages import NO_STORE
from server.web.site import Site
from server.web.templates import Pages
from server.web.words import local, marked

TYPE: Final = "text/calendar; charset=utf-8"
ENDING: Final = ".ics"
SUMMARIES: Final = (marked("Meeting"), marked("Appointment"))
"""What events are called."""


class Coming(Protocol):
    @property
    def summary(self) -> str: ...
    @property
    def starts_at(self) -> Instant: ...
    @property
    def zone(self) -> str: ...


class Calendars(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def token(self, person: PersonId) -> str:
        """What stands in the address of a person's calendar."""
        ...

    async def renew(self, person: PersonId) -> None:
        """Another one; the address before opens nothing any more."""
        ...

    async def feed(self, token: str, *, url: str) -> bytes | None:
        """The file; None: there is no such address."""
        ...

    async def coming(self, person: PersonId) -> Sequence[Coming]: ...


class CalendarDesk:
    def __init__(
        self, calendars: Calendars, *, site: Site, pages: Pages, doorkeeper: Doorkeeper, throttle: Throttle
    ) -> None:
        self._calendars = calendars
        self._site = site
        self._pages = pages
        self._doorkeeper = doorkeeper
        self._throttle = throttle

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/calendar", self.page),
            Route("/calendar/new", self.renew, methods=["POST"]),
            Route("/calendar/{token}", self.feed),
        ]

    async def page(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_OWN_CALENDAR)
        words, zone = spoken(request), me.zone or "UTC"
        path = f"/calendar/{await self._calendars.token(me.person)}{ENDING}"
        scheme, host = self._address(request)
        coming = [
            {
                "title": words(each.summary if each.summary in SUMMARIES else SUMMARIES[0]),
                "when": f"{words.weekday(local(each.starts_at, zone).date())}, "
                f"{words.clock_time(local(each.starts_at, zone))}",
            }
            for each in await self._calendars.coming(me.person)
        ]
        context = {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "address": f"{scheme}://{host}{path}",
            "subscribe": f"webcal://{host}{path}",
            "download": path,
            "coming": coming,
            "zone": zone,
            "renewed": bool(request.query_params.get("done")),
        }
        return self._pages.render(request, "calendar.html", context, headers=NO_STORE)

    async def renew(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_OWN_CALENDAR)
        await self._calendars.renew(me.person)
        seat = f"seat={me.number}&" if me.number > 1 else ""
        return RedirectResponse(f"/calendar?{seat}done=1", 303, NO_STORE)

    async def feed(self, request: Request) -> Response:
        """For programs, which bring no cookie: the address alone opens it, and only this."""
        await self._throttle.allow(request)
        token = request.path_params["token"]
        scheme, host = self._address(request)
        url = f"{scheme}://{host}/home"
        file = await self._calendars.feed(token.removesuffix(ENDING), url=url) if token.endswith(ENDING) else None
        if file is None:
            await self._throttle.wrong(request)
            raise HTTPException(404)
        tag = f'"{hashlib.sha256(file).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if tag in (each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=headers)
        headers["Content-Disposition"] = 'inline; filename="meetings.ics"'
        return Response(file, media_type=TYPE, headers=headers)

    def _address(self, request: Request) -> tuple[str, str]:
        """Where programs reach us: the public address if there is one, else as this browser does now."""
        if self._site.public_url:
            scheme, host = self._site.public_url.split("://", 1)
            return scheme, host
        return "https" if self._site.https or request.url.scheme == "https" else "http", request.url.netloc
