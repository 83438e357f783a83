"""The session and record pages on recorded views (webclient/dev), with the real pages' headers: to look at and test.

`python -m tests.support.gallery [PORT]`, then open what it prints; `webclient/dev/gallery.mjs` lists what can be shown
(for the record: `/gallery/record` and `webclient/dev/record.mjs`).
"""

from __future__ import annotations

import asyncio
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from facilitation.ids import ClinicId
from server.clock import RoomClock
from server.web.site import Site
from server.web.statics import WEBCLIENT, Files
from server.web.templates import Pages
from tests.support.pages import KEY, MemoryClinic, pages


def gallery() -> Starlette:
    """The application of `tests.support.pages` with `/gallery` and `/dev` added to it."""
    site = Site(clinic=ClinicId("demo"), keys=(KEY,))
    app, _, _ = pages(MemoryClinic(), clock=RoomClock(), site=site)
    templates = Pages(site)

    async def page(request: Request) -> Response:
        boot = {"exit_url": "/soup"}  # the gallery's script makes the rest
        return templates.render(request, "session.html", {"boot": boot, "script": "/dev/gallery.mjs"})

    async def record(request: Request) -> Response:
        return templates.render(request, "record.html", {"boot": {}, "script": "/dev/record.mjs"})

    files = Files(WEBCLIENT / "dev", suffixes=frozenset({".mjs"}), cache="no-cache")
    app.router.routes[:0] = [Route("/gallery", page), Route("/gallery/record", record), Mount("/dev", files)]
    return app


async def main(port: int) -> None:
    print(f"http://127.0.0.1:{port}/gallery?people=8&role=facilitator&state=busy", flush=True)
    await uvicorn.Server(uvicorn.Config(gallery(), port=port, log_level="warning")).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8124))
