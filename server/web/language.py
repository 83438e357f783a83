"""In which language somebody is spoken to: what they chose in this browser, else what their browser asks for.

The choice is a cookie of its own, which proves nothing and outlives a quick exit: a language says little about
anybody, and whoever comes back should be able to read.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

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


def _accepted(header: str) -> str:
    """The language of ours that is wanted most; of equals the first. English where none is."""
    wanted = ((found[1].lower(), float(found[2] or 1)) for found in ACCEPTED.finditer(header[:ACCEPTED_CHARS_MAX]))
    ours = [(weight, language) for language, weight in wanted if language in LANGUAGES and weight > 0]
    return max(ours, key=lambda each: each[0], default=(0.0, ENGLISH))[1]


class LanguageDesk:
    """Choosing a language, and the messages that browsers need of it."""

    def __init__(self, site: Site) -> None:
        self._site = site

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
        answer.set_cookie(
            COOKIE, language, max_age=KEPT_S, path="/", secure=self._site.https, httponly=True, samesite="lax"
        )
        return answer

    async def messages(self, request: Request) -> Response:
        """The address changes with the content, so it can be kept for ever."""
        address = f"/words/{request.path_params['catalogue']}"
        for language in LANGUAGES:
            if catalogue(language).address == address:
                headers = {"Cache-Control": "public, max-age=31536000, immutable"}
                return Response(catalogue(language).script, media_type="text/javascript", headers=headers)
        raise HTTPException(404)
