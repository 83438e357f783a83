"""The drawings of all icons that our scripts use, in one file: a hundred small requests less for a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from server.web.site import DAY_S
from server.web.templates import ICONS, WEBCLIENT

WORD = re.compile(r"""["']([a-z0-9]+(?:-[a-z0-9]+)*)["']""")
INSIDE = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@lru_cache(maxsize=1)
def drawings() -> bytes:
    """Name → what stands within the drawing, as JSON: of every word of our scripts that names an icon.

    A few words that mean something else get in, too; they cost less than a hundred requests.
    """
    named = (name for name in sorted(set(_words())) if (ICONS / f"{name}.svg").is_file())
    return json.dumps({name: _inside(name) for name in named}).encode()


async def all_drawings(request: Request) -> Response:
    """They change with an upgrade only, and are asked for once a day."""
    body = drawings()
    tag = f'"{sha256(body).hexdigest()[:20]}"'
    headers = {"Cache-Control": f"public, max-age={DAY_S}", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _words() -> Iterator[str]:
    for folder in ("static", "components"):
        for file in sorted((WEBCLIENT / folder).rglob("*.mjs")):
            yield from WORD.findall(file.read_text())


def _inside(name: str) -> str:
    found = INSIDE.search((ICONS / f"{name}.svg").read_text())
    return " ".join(found[1].split()) if found else ""
