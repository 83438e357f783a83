"""Jinja pages and the icons in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from facilitation.policy import Action
from server.web.site import Site

WEBCLIENT = Path(__file__).parents[2] / "webclient"
ICONS = WEBCLIENT / "node_modules/lucide-static/icons"
ICON_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Pages:
    """Renders `webclient/templates`. Every template knows `icon(name)`, `site` and `Action` (of `me.may`)."""

    def __init__(self, site: Site, *, folder: Path = WEBCLIENT / "templates") -> None:
        self._templates = Jinja2Templates(directory=folder)
        self._templates.env.undefined = StrictUndefined
        self._templates.env.trim_blocks = self._templates.env.lstrip_blocks = True
        self._templates.env.globals |= {"icon": icon, "site": site, "Action": Action}

    def render(
        self,
        request: Request,
        name: str,
        context: Mapping[str, Any],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        return self._templates.TemplateResponse(request, name, dict(context), status_code=status, headers=headers)


@lru_cache(maxsize=256)
def icon(name: str) -> Markup:
    """A Lucide icon inline, hidden from screen readers: words beside it carry the meaning.

    Empty where the browser libraries are not installed. Raises ValueError for a name that is no icon's.
    """
    if not ICON_NAME.fullmatch(name):
        raise ValueError(f"not the name of an icon: {name!r}")
    if not ICONS.is_dir():
        return Markup("")
    svg = (ICONS / f"{name}.svg").read_text()
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    return Markup(svg.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1))
