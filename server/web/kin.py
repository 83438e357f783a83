"""Who asks about whom on a family's pages: the person, a guardian who may, or whoever of the staff may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request

from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.policy import Action
from server.web.auth import Doorkeeper, Visitor
from server.web.pages import ID_CHARS_MAX

May = Callable[[PersonId, PersonId], Awaitable[bool]]
"""Whether a guardian may do for a person what the page is for."""


async def about_whom(
    request: Request, doorkeeper: Doorkeeper, action: Action, *, own: Action, may: May
) -> tuple[Visitor, PersonId]:
    """The reader, and the person whom the address names. Raises HTTPException."""
    person = PersonId(request.path_params["person"])
    me = await doorkeeper.reader(request, person, action, own=own)
    if len(person) > ID_CHARS_MAX:
        raise HTTPException(404)
    if me.role is Role.GUARDIAN and not await may(me.person, person):
        raise HTTPException(403)
    return me, person
