"""In which language somebody is spoken to: what they chose in this browser, else what their browser asks for.

The choice is a cookie of its own, which proves nothing and outlives a quick exit: a language says little about
anybody, and whoever comes back should be able to read. It is kept with the person as well, and comes along to every
other browser that they open a link or sign in with, unless another was chosen there.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facilitation.ids import PersonId
from server.rooms.ports import StoreUnavailable
from server.web.auth import ARRIVED, Doorkeeper
from server.web.catalogues import ENGLISH, LANGUAGES, catalogue
from server.web.site import DAY_S, Site
from server.web.words import Words, words_in

COOKIE: Final = "milieu-language"
KEPT_S: Final = 400 * DAY_S
"""As long as browsers keep a cookie at most."""
ACCEPTED_CHARS_MAX: Final = 400
BACK_CHARS_MAX: Final = 400
ACCEPTED: Final = re.compile(r"([A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*(?:,|$)")
BACK: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""An address of ours: no other host's, whatever a browser makes of it."""


def spoken(connection: HTTPConnection) -> Words:
    """The words for whoever asks."""
    chosen = connection.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return words_in(chosen)
    return words_in(_accepted(connection.headers.get("accept-language", "")))


def asked(request: HTTPConnection) -> Words:
    """Of the language in which a page is asked for to be read or printed (`?language=es`), else of whoever asks."""
    language = request.query_params.get("language", "")
    return words_in(language) if language in LANGUAGES else spoken(request)


def _accepted(header: str) -> str:
    """The language of ours that is wanted most; of equals the first. English where none is."""
    wanted = ((found[1].lower(), float(found[2] or 1)) for found in ACCEPTED.finditer(header[:ACCEPTED_CHARS_MAX]))
    ours = [(weight, language) for language, weight in wanted if language in LANGUAGES and weight > 0]
    return max(ours, key=lambda each: each[0], default=(0.0, ENGLISH))[1]


class Languages(Protocol):
    """What people chose. Raises StoreUnavailable."""

    async def of(self, person: PersonId) -> str:
        """ "" where they have chosen none."""
        ...

    async def choose(self, person: PersonId, language: str) -> None: ...


def cookie(language: str, site: Site) -> Response:
    """A response that is worth its cookie alone."""
    answer = Response()
    answer.set_cookie(COOKIE, language, max_age=KEPT_S, path="/", secure=site.https, httponly=True, samesite="lax")
    return answer


class Remembered:
    """Whoever has just arrived in this browser finds the language that they chose elsewhere."""

    def __init__(self, app: ASGIApp, *, site: Site, languages: Languages) -> None:
        self._app = app
        self._site = site
        self._languages = languages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or COOKIE in HTTPConnection(scope).cookies:
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and (person := scope.get(ARRIVED)) is not None:
                language = await self._language(person)
                if language in LANGUAGES:
                    headers = MutableHeaders(scope=message)
                    headers.append("Set-Cookie", cookie(language, self._site).headers["Set-Cookie"])
            await send(message)

        await self._app(scope, receive, told)

    async def _language(self, person: PersonId) -> str:
        try:
            return await self._languages.of(person)
        except StoreUnavailable:
            return ""  # they are in; the language their browser asks for will do


class LanguageDesk:
    """Choosing a language, and the messages that browsers need of it."""

    def __init__(self, site: Site, languages: Languages, *, doorkeeper: Doorkeeper) -> None:
        self._site = site
        self._languages = languages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/language", self.choose, methods=["POST"]),
            Route("/words/{catalogue}", self.messages),
        ]

    async def choose(self, request: Request) -> Response:
        async with request.form(max_fields=2, max_files=0) as form:
            language, back = form.get("language"), form.get("back")
        if not isinstance(language, str) or language not in LANGUAGES:
            raise HTTPException(400)
        ours = isinstance(back, str) and len(back) <= BACK_CHARS_MAX and BACK.fullmatch(back)
        answer = RedirectResponse(str(back) if ours else "/", 303, {"Cache-Control": "no-store"})
        answer.headers["Set-Cookie"] = cookie(language, self._site).headers["Set-Cookie"]
        try:
            people = {visitor.person for visitor in await self._doorkeeper.visitors(request)}
            if len(people) == 1:  # on a shared computer nobody chooses for the other
                await self._languages.choose(people.pop(), language)
        except StoreUnavailable:
            pass  # this browser speaks it all the same
        return answer

    async def messages(self, request: Request) -> Response:
        """The address changes with the content, so it can be kept for ever."""
        address = f"/words/{request.path_params['catalogue']}"
        for language in LANGUAGES:
            if catalogue(language).address == address:
                headers = {"Cache-Control": "public, max-age=31536000, immutable"}
                return Response(catalogue(language).script, media_type="text/javascript", headers=headers)
        raise HTTPException(404)
