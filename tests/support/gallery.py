"""The session and record pages on recorded views (webclient/dev), with the real pages' headers: to look at and test.

`python -m tests.support.gallery [PORT]`, then open what it prints; `webclient/dev/gallery.mjs` lists what can be shown
(for the record: `/gallery/record` and `webclient/dev/record.mjs`). `&lang=es` shows it in Spanish, `&lang=en-XA` in a
language of nobody, longer than any.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from facilitation.measureviews import form_part
from facilitation.runviews import exercise_shape
from facilitation.safetyviews import path_part
from server.catalog import load_catalog
from server.library import load_library
from server.web.catalogues import ENGLISH
from server.web.statics import WEBCLIENT, Files
from server.web.templates import Pages
from server.web.words import Words, words_in
from tests.support.application import Application
from tests.support.diary import a_week
from tests.support.pseudo import PSEUDO, pseudo_words


def gallery() -> Starlette:
    """The application of a clinic in which there is nobody, with `/gallery` and `/dev` added to it."""
    joined = Application()
    templates = Pages(joined.site)

    async def page(request: Request) -> Response:
        boot = {"exit_url": "/soup", "lines": asdict(joined.site.lines)}  # the gallery's script makes the rest
        words = told_in(request.query_params.get("lang", ENGLISH))
        return templates.render(request, "session.html", {"boot": boot, "script": "/dev/gallery.mjs"}, words=words)

    async def language_of_nobody(request: Request) -> Response:
        return Response(pseudo_words().catalogue.script, media_type="text/javascript")

    async def record(request: Request) -> Response:
        return templates.render(request, "record.html", {"boot": {}, "script": "/dev/record.mjs"})

    async def exercises(request: Request) -> Response:
        return JSONResponse([exercise_shape(exercise) for exercise in load_library().exercises])

    async def measures(request: Request) -> Response:
        known = load_catalog().measures.values()
        return JSONResponse({one.id: form_part(one) | {"title": one.title, "about": one.about} for one in known})

    async def safety(request: Request) -> Response:
        return JSONResponse(path_part(load_catalog().safety))

    async def week(request: Request) -> Response:
        return JSONResponse(a_week(told_in(request.query_params.get("lang", ENGLISH))))

    files = Files(WEBCLIENT / "dev", suffixes=frozenset({".mjs"}), cache="no-cache")
    joined.app.router.routes[:0] = [
        Route("/gallery", page),
        Route(pseudo_words().catalogue.address, language_of_nobody),
        Route("/gallery/record", record),
        Route("/gallery/exercises", exercises),
        Route("/gallery/measures", measures),
        Route("/gallery/safety", safety),
        Route("/gallery/week", week),
        Route("/gallery/week/{person}", week),
        Mount("/dev", files),
    ]
    return joined.app


def told_in(language: str) -> Words:
    return pseudo_words() if language == PSEUDO else words_in(language)


async def main(port: int) -> None:
    print(f"http://127.0.0.1:{port}/gallery?people=8&role=facilitator&state=busy", flush=True)
    await uvicorn.Server(uvicorn.Config(gallery(), port=port, log_level="warning")).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8124))
