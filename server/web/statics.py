"""Files served as they lie in `webclient/`: our own, and an allow-list of what npm installed.

Our own change with every upgrade and carry no version in their names: browsers keep them but ask each time (ETag).
Packages are pinned: a day, fonts a month.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from os import PathLike, stat_result
from pathlib import Path, PurePosixPath

from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, request_response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.web.icons import all_drawings
from server.web.site import DAY_S
from server.web.templates import WEBCLIENT

MODULES = WEBCLIENT / "node_modules"
REVALIDATE = "no-cache"
MEDIA_TYPES = {  # said here, because a machine's own table may lack them and browsers may not guess
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
OWN = frozenset(MEDIA_TYPES)


class Files(StaticFiles):
    """The files of one folder whose names end as allowed, with one cache rule; nothing hidden, nothing else."""

    def __init__(self, folder: Path, *, suffixes: frozenset[str], cache: str, deep: bool = True) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._suffixes = suffixes
        self._cache = cache
        self._deep = deep

    async def check_config(self) -> None:
        """A folder that is not there yet has no files; that is all."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        wanted = PurePosixPath(path)
        hidden = any(part.startswith(".") for part in wanted.parts)
        if hidden or wanted.suffix not in self._suffixes or (len(wanted.parts) > 1 and not self._deep):
            raise HTTPException(404)
        return await super().get_response(path, scope)

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = self._cache
        if response.status_code == 200:
            response.headers["Content-Type"] = MEDIA_TYPES[PurePosixPath(full_path).suffix]
        return response


def static_routes() -> list[BaseRoute]:
    day = f"public, max-age={DAY_S}"
    month = f"public, max-age={30 * DAY_S}"
    components = frozenset({".mjs", ".css", ".svg"})
    fonts = MODULES / "@fontsource/atkinson-hyperlegible/files"
    icons = MODULES / "lucide-static/icons"
    return [
        _file("/vendor/icons.json", all_drawings),
        _file("/static/room.css", room_styles),
        _mount("/static", Files(WEBCLIENT / "static", suffixes=OWN, cache=REVALIDATE)),
        _mount("/components", Files(WEBCLIENT / "components", suffixes=components, cache=REVALIDATE)),
        _mount("/vendor/lit-html", Files(MODULES / "lit-html", suffixes=frozenset({".js"}), cache=day)),
        _mount("/vendor/fonts", Files(fonts, suffixes=frozenset({".woff2"}), cache=month, deep=False)),
        _mount("/vendor/icons", Files(icons, suffixes=frozenset({".svg"}), cache=month, deep=False)),
    ]


ROOM_PARTS = (
    "stage",
    "breakouts",
    "round",
    "agreement",
    "milestones",
    "path",
    "dock",
    "side",
    "card",
    "measures",
    "week",
    "exercises",
    "chat",
    "people",
    "agenda",
    "notes",
    "flags",
)
ROOM_PARTS_ABOVE = ("notices", "dialogs", "minutes", "farewell")


async def room_styles(request: Request) -> Response:
    """The style sheets of the room's page, one behind the other as they lie there, in one request."""
    own = [WEBCLIENT / "static/css" / f"{name}.css" for name in ("arrival", "room")]
    parts = [WEBCLIENT / "components" / name / f"{name}.css" for name in (*ROOM_PARTS, *ROOM_PARTS_ABOVE)]
    body = "\n".join([file.read_text() for file in (*own, *parts)]).encode()
    tag = f'"{sha256(body).hexdigest()[:20]}"'
    headers = {"Cache-Control": REVALIDATE, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/css", headers=headers)


def _file(path: str, handler: Callable[[Request], Awaitable[Response]]) -> Route:
    """Compressed likewise."""
    return Route(path, GZipMiddleware(request_response(handler), minimum_size=1_024, compresslevel=6), methods=["GET"])


def _mount(path: str, files: Files) -> Mount:
    """Compressed for phones; these files hold no secret that compression could betray."""
    return Mount(path, GZipMiddleware(files, minimum_size=1_024, compresslevel=6))
