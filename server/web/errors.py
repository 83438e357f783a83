"""Refusals in words a person can use: what happened, what is safe, what to do. JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.web.language import spoken
from server.web.templates import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`code` is stable, for programs; `title` and `text` are for people, and messages of the catalogue."""

    code: str
    title: str
    text: str


WORDS = {
    400: Words(code="bad_request", title="That did not work", text="What was sent could not be read. Please go back."),
    403: Words(
        code="not_yours",
        title="This page is not yours to open",
        text="It belongs to somebody else, or your link was for something else. Open the link your clinic sent you.",
    ),
    404: Words(
        code="not_found",
        title="There is nothing here",
        text="The address may be incomplete. Open the link your clinic sent you again.",
    ),
    405: Words(code="wrong_method", title="That did not work", text="This page cannot be used in that way."),
    410: Words(
        code="expired_link",
        title="Time for a new link",
        text="This link has expired. Ask your clinic for a new one.",
    ),
    413: Words(code="too_large", title="That was too much", text="What was sent is too large."),
    429: Words(
        code="too_many",
        title="One moment, please",
        text="Many links were opened from your network in a short time. Wait a minute, then open yours again.",
    ),
    500: Words(
        code="our_mistake",
        title="Something went wrong on our side",
        text="It is not your fault, and what was saved is safe. Wait a moment, then open your link again.",
    ),
    503: Words(
        code="unavailable",
        title="We cannot reach our records right now",
        text="What was saved is safe. Wait a moment, then reload this page.",
    ),
}

SIGNED_OUT = Words(
    code="no_seat",
    title="Please open your link again",
    text="For your privacy this browser has forgotten you. The link your clinic sent you opens your meeting again.",
)
BAD_LINK = Words(
    code="bad_link",
    title="This link does not open",
    text="This link is not complete or not from here. Check that all of it was copied, or ask your clinic.",
)
FOREIGN = Words(
    code="foreign_origin",
    title="That did not work",
    text="This came from another page. Open the link your clinic sent you.",
)
DAMAGED = Words(
    code="damaged",
    title="These records need a look",
    text="What is stored here does not fit together, so nothing of it is shown and nothing was changed. "
    "Please tell whoever runs Milieu at your clinic.",
)
BAD_DAY = Words(
    code="bad_day",
    title="That is no day of the calendar",
    text="A day is written like 2026-11-24: year, month, day. Please go back and choose one.",
)
BAD_RULES = Words(
    code="bad_rules",
    title="There is no such rule set",
    text="Rule sets come and go with the clinic’s catalog. Please go back and choose one of the list.",
)
SPECIAL = {words.code: words for words in (SIGNED_OUT, BAD_LINK, FOREIGN, DAMAGED, BAD_DAY, BAD_RULES)}


class Refusals:
    """Turns what handlers raise into answers. `HTTPException.detail` may be a code of `SPECIAL`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def answer(self, request: Request, error: HTTPException) -> Response:
        told = SPECIAL.get(error.detail) or WORDS.get(error.status_code) or WORDS[400]
        words = spoken(request)
        title, text = words(told.title), words(told.text)
        headers = dict(error.headers or {}) | {"Cache-Control": "no-store"}
        if request.url.path.startswith("/api/"):
            content = {"error": {"code": told.code, "text": text}}
            return JSONResponse(content, status_code=error.status_code, headers=headers)
        context = {"title": title, "text": text, "status": error.status_code}
        return self._pages.render(request, "error.html", context, error.status_code, headers)
