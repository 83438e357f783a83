"""What a teen's guardians see, the two steps that invite them (a guardian, a family session), and the end of it."""

from __future__ import annotations

from typing import Any, Final, Protocol
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.goals import GOALS_MAX
from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.sentences import Sentence, marked
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.forms import back_to
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.schedule import Fields, all_fields
from server.web.templates import Pages
from server.web.words import Words

DONE: Final = {
    "invited": marked("The invitation is on its way, and what they may see is noted."),
    "known": marked("They sign in already, so they need no invitation. What they may see is noted."),
}
STALE: Final = marked("Somebody else changed the same just now. Please look again and press once more.")
KEPT: Final = {
    "allowed": marked("It is kept."),
    "ended": marked("It is kept, and they are told."),
    "resumed": marked("They are a guardian again, and they are told."),
}
TWICE: Final = marked("This was sent already: it is planned, and the letters are on their way.")


class FamilyPages(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def page(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """None: nobody of that id."""
        ...

    async def share(self, person: PersonId, goals: frozenset[str]) -> None:
        """Raises Refusal."""
        ...

    async def own(self, person: PersonId, words: Words) -> dict[str, Any] | None:
        """For whoever is of age: who of their family sees something. None: not of age, or there is nobody."""
        ...

    async def seen_of(self, person: PersonId, words: Words) -> dict[str, Any] | None:
        """For a minor: what their guardians see. None: no minor."""
        ...

    async def agree(self, person: PersonId, guardian: str, yes: bool) -> None:
        """Raises Refusal, Stale."""
        ...


class FamilyInvitations(Protocol):
    """Raises StoreUnavailable, CorruptLog; what invites raises Refusal and Stale, too."""

    async def guardian_page(self, teen: PersonId, given: Fields | None, words: Words) -> dict[str, Any] | None:
        """None: no such teen; the same for `session_page`."""
        ...

    async def invite_guardian(self, teen: PersonId, given: Fields, *, by: Visitor) -> str:
        """Which of DONE there is to say."""
        ...

    async def session_page(
        self, teen: PersonId, given: Fields | None, words: Words, *, reader: Visitor
    ) -> dict[str, Any] | None: ...
    async def invite_session(self, teen: PersonId, given: Fields, words: Words, *, by: Visitor) -> dict[str, Any]:
        """What there is to show: who is `busy` then (nothing was planned); else `invited`, and who is `unreached`."""
        ...


class GuardianPages(Protocol):
    """Raises StoreUnavailable, CorruptLog; what changes something raises Refusal and Stale, too."""

    async def page(
        self, teen: PersonId, guardian: PersonId, sent: Fields | None, words: Words
    ) -> dict[str, Any] | None:
        """None: they were never noted as that."""
        ...

    async def allow(self, teen: PersonId, guardian: PersonId, sent: Fields, *, by: Visitor) -> None: ...
    async def end(self, teen: PersonId, guardian: PersonId, sent: Fields, *, by: Visitor) -> None: ...
    async def resume(self, teen: PersonId, guardian: PersonId, sent: Fields, *, by: Visitor) -> None: ...


class FamilyDesk:
    def __init__(
        self,
        family: FamilyPages,
        invitations: FamilyInvitations,
        guardians: GuardianPages,
        *,
        pages: Pages,
        doorkeeper: Doorkeeper,
    ) -> None:
        self._family = family
        self._invitations = invitations
        self._guardians = guardians
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/family", self.own, methods=["GET", "POST"]),
            Route("/family/{person}", self.page),
            Route("/family/{person}", self.share, methods=["POST"]),
            Route("/family/{person}/guardian", self.guardian, methods=["GET", "POST"]),
            Route("/family/{person}/guardians/{guardian}", self.one_guardian, methods=["GET", "POST"]),
            Route("/family/{person}/session", self.session, methods=["GET", "POST"]),
        ]

    async def own(self, request: Request) -> Response:
        """Who sees what of somebody; whoever is of age decides who of their family goes on seeing something."""
        me = await self._doorkeeper.visitor(request, Action.SHARE_WITH_FAMILY)
        words, error = spoken(request), ""
        if request.method == "POST":
            given = await all_fields(request)
            guardian, yes = given.get("guardian", [""])[-1], "yes" in given.get("answer", ())
            try:
                if len(guardian) > ID_CHARS_MAX or not {"yes", "no"} & set(given.get("answer", ())):
                    raise Refusal("bad_choice", "Please say yes or no.")
                await self._family.agree(me.person, guardian, yes)
            except Refusal as refusal:
                error = words.of(refusal.said)
            except Stale:
                error = words(STALE)
            else:
                return back_to("/family", me, "1")
        context = await self._family.own(me.person, words) or {"since": "", "rows": []}
        context |= {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "seen": await self._family.seen_of(me.person, words),
            "done": "done" in request.query_params and not error,
            "error": error,
        }
        return self._pages.render(request, "family_own.html", context, 422 if error else 200, NO_STORE)

    async def page(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SEE_FAMILY, about=(_person(request),))
        return await self._page(request, me, _person(request))

    async def share(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SHARE_GOALS)
        person = _person(request)
        async with request.form(max_fields=GOALS_MAX + 1, max_files=0) as sent:
            goals = frozenset(value for value in sent.getlist("goals") if isinstance(value, str))
        try:
            await self._family.share(person, goals)
        except Refusal as refusal:
            return await self._page(request, me, person, error=refusal.said)
        return back_to(f"/family/{quote(person, safe='')}", me, "shared")

    # ------------------------------------------------------------------ inviting

    async def guardian(self, request: Request) -> Response:
        me, person, given = await self._asked(request)
        error = done = ""
        words = spoken(request)
        if given is not None:
            try:
                done, given = words(DONE[await self._invitations.invite_guardian(person, given, by=me)]), None
            except Refusal as refusal:
                error = words.of(refusal.said)
            except Stale:
                error = words(STALE)
        context = await self._invitations.guardian_page(person, given, words)
        return self._invited(request, me, "family_guardian.html", person, context, error, done)

    async def session(self, request: Request) -> Response:
        me, person, given = await self._asked(request)
        error = ""
        told: dict[str, Any] = {}
        words = spoken(request)
        if given is not None and "invite" in given.get("do", ()):
            try:
                told = await self._invitations.invite_session(person, given, words, by=me)
            except Refusal as refusal:
                error = words.of(refusal.said)
            except Stale:  # the same form again: what it asked for is planned
                error = words(TWICE)
        context = await self._invitations.session_page(person, None if "invited" in told else given, words, reader=me)
        shown = None if context is None else {"busy": [], "invited": "", "unreached": []} | context | told
        return self._invited(request, me, "family_session.html", person, shown, error, "")

    async def _asked(self, request: Request) -> tuple[Visitor, PersonId, Fields | None]:
        """Who asks, for whom, and what their form says; None: it was only opened."""
        person = _person(request)
        me = await self._doorkeeper.visitor(request, Action.INVITE_FAMILY, about=(person,))
        return me, person, None if request.method != "POST" else await all_fields(request)

    def _invited(
        self,
        request: Request,
        me: Visitor,
        template: str,
        person: PersonId,
        context: dict[str, Any] | None,
        error: str,
        done: str,
    ) -> Response:
        if context is None:
            raise HTTPException(404)
        shown = context | {
            "me": me,
            "choice": me.choice,
            "address": f"/family/{quote(person, safe='')}",
            "back": _back(me, person),
            "error": error,
            "done": done,
        }
        return self._pages.render(request, template, shown, 422 if error else 200, NO_STORE)

    # ------------------------------------------------------------------ one guardian

    async def one_guardian(self, request: Request) -> Response:
        """What they may, that it is over, and that it is not after all."""
        person, guardian = _person(request), _person(request, "guardian")
        me = await self._doorkeeper.visitor(request, Action.KEEP_GUARDIANS, about=(person, guardian))
        words, error, sent = spoken(request), "", None
        address = f"/family/{quote(person, safe='')}/guardians/{quote(guardian, safe='')}"
        if request.method == "POST":
            sent = await all_fields(request)
            do = sent.get("do", [""])[-1]
            try:
                match do:
                    case "allow":
                        await self._guardians.allow(person, guardian, sent, by=me)
                    case "end":
                        await self._guardians.end(person, guardian, sent, by=me)
                    case "resume":
                        await self._guardians.resume(person, guardian, sent, by=me)
                    case _:
                        raise Refusal("bad_choice", "This form is not whole. Please open it again.")
            except Refusal as refusal:
                error = words.of(refusal.said)
            except Stale:
                error = words(STALE)
            else:
                return back_to(address, me, {"allow": "allowed", "end": "ended", "resume": "resumed"}[do])
        context = await self._guardians.page(person, guardian, sent, words)
        if context is None:
            raise HTTPException(404)
        context |= {
            "me": me,
            "choice": me.choice,
            "address": address,
            "again": f"/family/{quote(person, safe='')}/guardian{me.choice}",
            "back": _back(me, person),
            "error": error,
            "done": words(KEPT.get(request.query_params.get("done", ""), "")) if not error else "",
        }
        return self._pages.render(request, "family_one_guardian.html", context, 422 if error else 200, NO_STORE)

    # ------------------------------------------------------------------ inside

    async def _page(
        self, request: Request, me: Visitor, person: PersonId, error: str | Sentence | None = None
    ) -> Response:
        words = spoken(request)
        context = await self._family.page(person, words, reader=me)
        if context is None:
            raise HTTPException(404)
        context |= {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "address": f"/family/{quote(person, safe='')}",
            "done": request.query_params.get("done") == "shared",
            "error": words.of(error) if error else None,
        }
        return self._pages.render(request, "family.html", context, 422 if error else 200, NO_STORE)


def _back(me: Visitor, person: PersonId) -> str:
    """Where one came from: what the family sees; for who keeps the people book, that person in it; else their week."""
    page = "family" if me.may(Action.SEE_FAMILY) else "people" if me.may(Action.MANAGE_PEOPLE) else "weeks"
    return f"/{page}/{quote(person, safe='')}{me.choice}"


def _person(request: Request, who: str = "person") -> PersonId:
    person = request.path_params[who]
    if len(person) > ID_CHARS_MAX:
        raise HTTPException(404)
    return PersonId(person)
