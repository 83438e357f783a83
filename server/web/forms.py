"""What all forms of pages share: their fields as text, and the way back to a page that says what was done."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.web.auth import Visitor
from server.web.pages import NO_STORE


async def fields_of(request: Request, most: int) -> dict[str, str]:
    """The text fields of a form, at most so many; of a field that comes twice, the last. Files are refused."""
    async with request.form(max_fields=most, max_files=0) as sent:
        return {field: value for field, value in sent.items() if isinstance(value, str)}


async def list_of(request: Request, most: int, bytes_max: int) -> tuple[dict[str, str], bytes]:
    """The text fields of a form with one file, and what is in the file (nothing: none was chosen)."""
    async with request.form(max_fields=most, max_files=1, max_part_size=bytes_max) as sent:
        given = {field: value for field, value in sent.items() if isinstance(value, str)}
        file = sent.get("file")
        return given, await file.read() if isinstance(file, UploadFile) and file.filename else b""


def back_to(path: str, me: Visitor, done: str, *, part: str = "") -> Response:
    """To the page at `path`, at `part` of it, in the seat of whoever sent the form."""
    query = {"seat": str(me.number)} if me.number > 1 else {}
    anchor = f"#{part}" if part else ""
    return RedirectResponse(f"{path}?{urlencode(query | {'done': done})}{anchor}", 303, NO_STORE)
