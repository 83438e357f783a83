"""Consents: reading, signing and taking back one's own or a ward's; for staff, whose are missing, and the texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.sentences import Sentence
from server.web.auth import Doorkeeper, Visitor
from server.web.exports import FIELDS_MAX
from server.web.forms import fields_of
from server.web.language import spoken
from server.web.lists import Asked, asked
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.site import Site
from server.web.templates import Pages
from server.web.words import Words, marked

TEXT_FIELDS = ("kind", "title", "text", "version", "language", "effective_from", "lasts_days", "asks_again")
GIVEN = (
    *("kind", "name", "agree", "words", "paper_of"),
    *("do", "release", "receiver", "what", "purpose", "why", "until"),
)
DONE = {
    "drawn": marked("It is drawn up. It holds once it is signed, below."),
    "dropped": marked("It is put away."),
    "signed": marked("Signed. Thank you."),
    "revoked": marked("Taken back. It counts from now on."),
    "published": marked("The new version is kept."),
}


class ConsentPages(Protocol):
    """What the pages tell, in words. Raises StoreUnavailable, CorruptLog."""

    async def may_open(self, person: PersonId, reader: Visitor) -> bool: ...
    async def wards(self, reader: Visitor) -> list[dict[str, str]]: ...
    async def page(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """None: nobody of that id."""
        ...

    async def sign(
        self, person: PersonId, kind: str, *, reader: Visitor, fingerprint: str, name: str, paper_of: str
    ) -> None:
        """Raises Refusal."""
        ...

    async def revoke(self, person: PersonId, kind: str, *, reader: Visitor, words: str) -> None:
        """Raises Refusal."""
        ...

    async def draw(self, person: PersonId, given: Mapping[str, str], words: Words, *, reader: Visitor) -> None:
        """A consent that names who gets something. Raises Refusal."""
        ...

    async def change_release(self, person: PersonId, given: Mapping[str, str], *, reader: Visitor) -> None:
        """Sign one of those, take it back, or put it away. Raises Refusal."""
        ...

    async def missing(self, words: Words, *, reader: Visitor, asked: Asked) -> dict[str, Any]: ...
    async def remind(self, *, by: Visitor) -> int:
        """Write to everybody whose signature is missing; how many letters."""
        ...

    async def texts(self, words: Words) -> dict[str, Any]: ...
    async def publish(self, given: dict[str, str], *, by: Visitor) -> None:
        """Raises Refusal."""
        ...


class ConsentDesk:
    def __init__(self, site: Site, consents: ConsentPages, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._site = site
        self._consents = consents
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/consents", self.own),
            Route("/consents/missing", self.missing),
            Route("/consents/remind", self.remind, methods=["POST"]),
            Route("/consents/texts", self.texts, methods=["GET", "POST"]),
            Route("/consents/{person}", self.person),
            Route("/consents/{person}/sign", self.sign, methods=["POST"]),
            Route("/consents/{person}/revoke", self.revoke, methods=["POST"]),
            Route("/consents/{person}/release", self.release, methods=["POST"]),
        ]

    # ------------------------------------------------------------------ one person

    async def own(self, request: Request) -> Response:
        """One's own; a guardian's way to their teens'; for staff, what is missing."""
        me = await self._doorkeeper.visitor(request, Action.OPEN_CONSENTS)
        if me.may(Action.READ_CONSENTS):
            return RedirectResponse(f"/consents/missing{me.choice}", 303, NO_STORE)
        wards = await self._consents.wards(me)
        if wards:
            return self._render(request, "consents_of.html", me, {"wards": wards})
        return await self._page(request, me, me.person)

    async def person(self, request: Request) -> Response:
        me, person = await self._reader(request)
        return await self._page(request, me, person)

    async def sign(self, request: Request) -> Response:
        me, person = await self._reader(request)
        given = await fields_of(request, FIELDS_MAX)
        try:
            if given.get("agree") != "yes":
                raise Refusal("agreement_needed", "Please tick that you have read it and agree, then sign.")
            await self._consents.sign(
                person,
                given.get("kind", ""),
                reader=me,
                fingerprint=given.get("fingerprint", ""),
                name=given.get("name", ""),
                paper_of=given.get("paper_of", ""),
            )
        except Refusal as refusal:
            return await self._page(request, me, person, given=given, error=refusal.said)
        return self._back(me, person, "signed")

    async def revoke(self, request: Request) -> Response:
        me, person = await self._reader(request)
        given = await fields_of(request, FIELDS_MAX)
        try:
            await self._consents.revoke(person, given.get("kind", ""), reader=me, words=given.get("words", ""))
        except Refusal as refusal:
            return await self._page(request, me, person, given=given, error=refusal.said)
        return self._back(me, person, "revoked")

    async def release(self, request: Request) -> Response:
        """Consents that name a receiver: drawn up, signed, taken back, put away."""
        me, person = await self._reader(request)
        given = await fields_of(request, FIELDS_MAX)
        do = given.get("do", "")
        try:
            if do == "draw":
                await self._consents.draw(person, given, spoken(request), reader=me)
            else:
                if do == "sign" and given.get("agree") != "yes":
                    raise Refusal("agreement_needed", "Please tick that you have read it and agree, then sign.")
                await self._consents.change_release(person, given, reader=me)
        except Refusal as refusal:
            return await self._page(request, me, person, given=given, error=refusal.said)
        return self._back(me, person, {"draw": "drawn", "sign": "signed", "revoke": "revoked"}.get(do, "dropped"))

    async def _reader(self, request: Request) -> tuple[Visitor, PersonId]:
        me = await self._doorkeeper.visitor(request, Action.OPEN_CONSENTS)
        person = PersonId(request.path_params["person"])
        if len(person) > ID_CHARS_MAX or not await self._consents.may_open(person, me):
            raise HTTPException(403)
        if me.person != person:
            reading = Action.READ_CONSENTS if me.may(Action.READ_CONSENTS) else Action.SEE_WARDS
            me = await self._doorkeeper.visitor(request, reading, about=(person,))
        return me, person

    async def _page(
        self,
        request: Request,
        me: Visitor,
        person: PersonId,
        *,
        given: dict[str, str] | None = None,
        error: str | Sentence | None = None,
    ) -> Response:
        words = spoken(request)
        context = await self._consents.page(person, words, reader=me)
        if context is None:
            raise HTTPException(404)
        given = given or {}
        context |= {
            "address": f"/consents/{quote(person, safe='')}",
            "given": {field: given.get(field, "") for field in GIVEN},
            "done": words(DONE.get(request.query_params.get("done", ""), "")),
            "error": words.of(error) if error else None,
        }
        return self._render(request, "consents.html", me, context, 422 if error else 200)

    @staticmethod
    def _back(me: Visitor, person: PersonId, done: str) -> Response:
        query = {"seat": str(me.number)} if me.number > 1 else {}
        return RedirectResponse(
            f"/consents/{quote(person, safe='')}?{urlencode(query | {'done': done})}", 303, NO_STORE
        )

    # ------------------------------------------------------------------ for staff

    async def missing(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_CONSENTS)
        address = f"{self._site.public_url or str(request.base_url).rstrip('/')}/consents"
        sent = request.query_params.get("sent", "")
        wanted = asked(request)
        context = await self._consents.missing(spoken(request), reader=me, asked=wanted) | {
            "address": address,
            "q": wanted.text,
            "sent": int(sent) if sent.isdecimal() and len(sent) < 7 else None,
        }
        return self._render(request, "consents_missing.html", me, context)

    async def remind(self, request: Request) -> Response:
        """One press: a letter to each of them who can be written to and was not lately."""
        me = await self._doorkeeper.visitor(request, Action.REMIND_TO_SIGN)
        query = {"seat": str(me.number)} if me.number > 1 else {}
        sent = {"sent": str(await self._consents.remind(by=me))}
        return RedirectResponse(f"/consents/missing?{urlencode(query | sent)}", 303, NO_STORE)

    async def texts(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_CONSENTS)
        words = spoken(request)
        given: dict[str, str] = {}
        error = None
        if request.method == "POST":
            me = await self._doorkeeper.visitor(request, Action.WRITE_CONSENTS)
            given = await fields_of(request, FIELDS_MAX)
            try:
                await self._consents.publish(given, by=me)
            except Refusal as refusal:
                error = words.of(refusal.said)
            else:
                query = {"seat": str(me.number)} if me.number > 1 else {}
                address = f"/consents/texts?{urlencode(query | {'done': 'published'})}"
                return RedirectResponse(address, 303, NO_STORE)
        context = await self._consents.texts(words) | {
            "given": {field: given.get(field, "") for field in TEXT_FIELDS},
            "done": words(DONE.get(request.query_params.get("done", ""), "")),
            "error": error,
        }
        return self._render(request, "consents_texts.html", me, context, 422 if error else 200)

    def _render(
        self, request: Request, template: str, me: Visitor, context: dict[str, Any], status: int = 200
    ) -> Response:
        known = {"me": me, "choice": me.choice, "home": f"/home{me.choice}"}
        return self._pages.render(request, template, context | known, status, NO_STORE)
