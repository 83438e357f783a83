"""Refusals in words a person can use: what happened, what is safe, what to do. JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from server.web.auth import is_at_home
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

NOT_FOR_YOU = Words(
    code="not_yours",
    title="This page is not yours to open",
    text="It is somebody else’s, or for other work than yours. Nothing was changed. If you need it, ask your clinic.",
)
NOT_HERE = Words(
    code="not_found",
    title="There is nothing here",
    text="The address may be incomplete, or what was here is gone. Your home page leads on.",
)
AT_HOME = {403: NOT_FOR_YOU, 404: NOT_HERE}
"""What those are told who have signed in: they need no link."""
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
LOCKED = Words(
    code="locked",
    title="This screen is locked",
    text="It was left alone for a while. Show that it is you, then go back: what you typed is still there.",
)
NOT_ON_LIST = Words(
    code="not_on_list",
    title="You are not on this session’s list",
    text="Its record is for those who led it. If somebody’s care needs it, say why, and you can read it for an hour.",
)
NO_ACCOUNT = Words(
    code="no_account",
    title="This is for who has signed in",
    text="Your link opens your meeting; an account of your own begins with an invitation. Ask your clinic for one.",
)
USED_INVITATION = Words(
    code="used_invitation",
    title="This link was used already",
    text="If it was you, sign in as you chose then. If not, tell whoever invited you today.",
)
OLD_INVITATION = Words(
    code="old_invitation",
    title="Time for a new link",
    text="This invitation is not good any more. Ask your clinic for a new one.",
)
CANCELLED = Words(
    code="cancelled",
    title="This meeting was cancelled",
    text="There is nothing you need to do. Your home page shows what comes next.",
)
SPECIAL = {
    words.code: words
    for words in (
        LOCKED,
        NOT_ON_LIST,
        NO_ACCOUNT,
        USED_INVITATION,
        OLD_INVITATION,
        SIGNED_OUT,
        BAD_LINK,
        FOREIGN,
        DAMAGED,
        BAD_DAY,
        BAD_RULES,
        CANCELLED,
    )
}


class Refusals:
    """Turns what handlers raise into answers. `HTTPException.detail` may be a code of `SPECIAL`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def answer(self, request: Request, error: HTTPException) -> Response:
        at_home = is_at_home(request)
        usual = AT_HOME.get(error.status_code) if at_home else None
        told = SPECIAL.get(error.detail) or usual or WORDS.get(error.status_code) or WORDS[400]
        words = spoken(request)
        title, text = words(told.title), words(told.text)
        if error.status_code == 423 and request.method == "GET":
            to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/unlock?{urlencode({'next': to})}", 303, {"Cache-Control": "no-store"})
        headers = dict(error.headers or {}) | {"Cache-Control": "no-store"}
        if request.url.path.startswith("/api/"):
            content = {"error": {"code": told.code, "text": text}}
            return JSONResponse(content, status_code=error.status_code, headers=headers)
        context: dict[str, Any] = {"title": title, "text": text, "status": error.status_code, "code": told.code}
        context |= {"next": "", "at_home": at_home}
        if told is NOT_ON_LIST:
            seat = f"?seat={seat}" if (seat := request.query_params.get("seat", "")).isdecimal() else ""
            context["next"] = f"/s/{request.path_params.get('session', '')}/glass{seat}"
        if told is SIGNED_OUT and request.method == "GET":
            context["next"] = request.url.path
        return self._pages.render(request, "error.html", context, error.status_code, headers)
