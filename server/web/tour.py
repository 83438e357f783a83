"""The page of the made-up clinic: a way in as each of its people, for whoever has the address that was printed."""

from __future__ import annotations

from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.web.guard import Throttle
from server.web.language import spoken
from server.web.links import Links
from server.web.pages import NO_STORE
from server.web.templates import Pages
from server.web.words import Words


class TourPage(Protocol):
    async def page(self, words: Words) -> dict[str, Any] | None:
        """What the template needs; None: there is no made-up clinic here. Raises StoreUnavailable, CorruptLog."""
        ...


class TourDesk:
    def __init__(self, tour: TourPage, *, links: Links, pages: Pages, throttle: Throttle) -> None:
        self._tour = tour
        self._links = links
        self._pages = pages
        self._throttle = throttle

    def routes(self) -> list[BaseRoute]:
        return [Route("/tour/{key}", self.page)]

    async def page(self, request: Request) -> Response:
        await self._throttle.allow(request)
        if not self._links.opens_tour(request.path_params["key"]):
            await self._throttle.wrong(request)
            raise HTTPException(404, "bad_link")
        page = await self._tour.page(spoken(request))
        if page is None:
            raise HTTPException(404)
        return self._pages.render(request, "tour.html", page, headers=NO_STORE)
