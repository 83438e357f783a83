"""Jinja pages in the language of whoever asks, and the icons in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from facilitation.policy import Action
from server.web.catalogues import LANGUAGES
from server.web.language import spoken
from server.web.modules import Modules
from server.web.site import Site
from server.web.words import Words

WEBCLIENT = Path(__file__).parents[2] / "webclient"
ICONS = WEBCLIENT / "node_modules/lucide-static/icons"
MODULES = Modules(
    {
        "/static": WEBCLIENT / "static",
        "/components": WEBCLIENT / "components",
        "/vendor/lit-html": WEBCLIENT / "node_modules/lit-html",
    }
)
ICON_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Pages:
    """Renders `webclient/templates`.

    Every template knows `icon(name)`, `site`, `Action` (of `me.may`), `languages` (what can be chosen) and `spoken`:
    the Words of the language it is rendered in, with its `_`, `ngettext` and `{% trans %}`; and the filter `lang`, for
    whatever has a `language` of its own.
    """

    def __init__(self, site: Site, *, folder: Path = WEBCLIENT / "templates") -> None:
        self._site = site
        self._folder = folder
        self._templates: dict[str, Jinja2Templates] = {}

    def render(
        self,
        request: Request,
        name: str,
        context: Mapping[str, Any],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        words: Words | None = None,
    ) -> Response:
        """`words`: where another language is wanted than the one of whoever asks."""
        words = words or spoken(request)
        told = {"Content-Language": words.language, "Vary": "Cookie, Accept-Language"} | dict(headers or {})
        return self._in(words).TemplateResponse(request, name, dict(context), status_code=status, headers=told)

    def _in(self, words: Words) -> Jinja2Templates:
        """An environment a language, so that macros and parts, which know no request, speak it too."""
        known = self._templates.get(words.language)
        if known is None:
            known = self._templates[words.language] = Jinja2Templates(env=self._environment(words))
        return known

    def _environment(self, words: Words) -> Environment:
        made = Environment(
            loader=FileSystemLoader(self._folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        made.policies["ext.i18n.trimmed"] = True
        made.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]  # of i18n
        made.globals |= {"icon": icon, "site": self._site, "languages": LANGUAGES, "spoken": words, "Action": Action}
        made.globals["modules_behind"] = MODULES.behind
        made.filters["lang"] = lambda text: lang(text.language, words)
        return made


def lang(language: str, words: Words) -> Markup:
    """An attribute for what is in another language than its page, so that it is read aloud in its own."""
    return Markup("") if language == words.language else Markup(' lang="{}"').format(language)


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
