"""Everybody's account, for an administrator: invite, hand a link over, lock, sign out from afar, give duties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.accounts import Account, Devices, Invitation
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.people import WORKFORCE, Role
from facilitation.policy import Action
from server.clock import Clock
from server.web.auth import Doorkeeper, Known, Visitor
from server.web.door import NO_STORE, form
from server.web.language import spoken
from server.web.lists import Asked, address, asked, leaf, ways
from server.web.pages import ID_CHARS_MAX
from server.web.templates import Pages
from server.web.words import Words, marked

DUTIES = (Role.SUPERVISOR, Role.SCHEDULER, Role.ADMINISTRATOR, Role.AUDITOR)
"""What one of the staff may be given besides their own role."""
PATH = "/accounts"
SEARCHED_FROM = 10
"""A list that is longer is worth a search."""
ROLES = {
    Role.PARTICIPANT: marked("participant"),
    Role.FACILITATOR: marked("facilitator"),
    Role.COFACILITATOR: marked("cofacilitator"),
    Role.OBSERVER: marked("observer"),
    Role.SUPERVISOR: marked("supervisor"),
    Role.GUARDIAN: marked("guardian"),
    Role.ADMINISTRATOR: marked("administrator"),
    Role.SCHEDULER: marked("scheduler"),
    Role.AUDITOR: marked("auditor"),
}
"""As they are named beside a person."""


class Row(Protocol):
    @property
    def person(self) -> Known: ...
    @property
    def account(self) -> Account | None: ...
    @property
    def invitation(self) -> Invitation | None: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def address(self) -> str: ...


class Invitations(Protocol):
    async def invite(
        self, person: PersonId, email: str, *, by: PersonId, role: Role | None, deliver: bool = False
    ) -> str: ...
    async def withdraw(self, person: PersonId, *, by: PersonId, role: Role | None) -> bool: ...


class Accounts(Protocol):
    """Raises Refusal in words, StoreUnavailable."""

    async def everybody(self, asked: Asked, roles: Mapping[Role, str]) -> Sequence[Known]:
        """By name, those whose name, address or role (`roles`: in words) has what is asked for."""
        ...

    async def rows(self, people: Sequence[Any]) -> Sequence[Row]:
        """Of these of them, in their order."""
        ...

    async def lock(self, person: PersonId, locked: bool, *, by: PersonId, role: Role) -> None: ...
    async def end_everywhere(self, person: PersonId, *, by: PersonId, role: Role) -> None: ...
    async def give_duties(self, person: PersonId, also: frozenset[Role], *, by: PersonId, role: Role) -> None: ...


class AccountsDesk:
    def __init__(
        self, accounts: Accounts, invitations: Invitations, *, pages: Pages, doorkeeper: Doorkeeper, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._invitations = invitations
        self._pages = pages
        self._doorkeeper = doorkeeper
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        return [
            Route(PATH, self.page, methods=["GET"]),
            Route("/accounts/{person}", self.change, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        return await self._page(request, await self._doorkeeper.visitor(request, Action.SEE_ACCOUNTS))

    async def change(self, request: Request) -> Response:
        """What the pressed button says. A new link is shown on this one page, and nowhere else ever."""
        me = await self._doorkeeper.visitor(request, Action.KEEP_ACCOUNTS)
        person = PersonId(request.path_params["person"][: ID_CHARS_MAX + 1])
        given = await form(request)
        words = spoken(request)
        link = done = ""
        by, role = me.person, me.role
        try:
            match given.get("do"):
                case "mail":
                    await self._invitations.invite(person, given.get("email", ""), by=by, role=role, deliver=True)
                    done = words("The invitation is on its way. It works once, for seven days.")
                case "link":
                    link = await self._invitations.invite(person, given.get("email", ""), by=by, role=role)
                case "withdraw":
                    await self._invitations.withdraw(person, by=by, role=role)
                    done = words("That invitation opens nothing any more.")
                case "lock" | "unlock" as do:
                    await self._accounts.lock(person, do == "lock", by=by, role=role)
                    done = (
                        words("The account is locked, and signed out everywhere.")
                        if do == "lock"
                        else words("It opens again.")
                    )
                case "sign-out":
                    await self._accounts.end_everywhere(person, by=by, role=role)
                    done = words("Signed out on every device.")
                case "duties":
                    also = frozenset(each for each in DUTIES if f"duty-{each}" in given)
                    await self._accounts.give_duties(person, also, by=by, role=role)
                    done = words("It holds from now on.")
                case _:
                    raise Refusal("bad_request", "What was sent could not be read. Nothing was changed.")
        except Refusal as refusal:
            return await self._page(request, me, error=words.of(refusal.said), at=person, given=given)
        return await self._page(request, me, done=done, link=link, at=person)

    async def _page(
        self,
        request: Request,
        me: Visitor,
        *,
        done: str = "",
        link: str = "",
        error: str = "",
        at: str = "",
        given: dict[str, str] | None = None,
    ) -> Response:
        wanted, words = asked(request), spoken(request)
        roles = {role: words(word) for role, word in ROLES.items()}
        found = leaf(await self._accounts.everybody(wanted, roles), wanted.page)
        shown = [*found.rows]
        if at and all(each.person != at for each in shown):
            shown = [*(each for each in await self._accounts.everybody(Asked(), {}) if each.person == at), *shown]
        rows = await self._accounts.rows(shown)
        page = str(found.number) if found.number > 1 else ""
        context = {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "rows": [self._row(row, me, words) for row in rows],
            "q": wanted.text,
            "many": found.total > SEARCHED_FROM,
            "ways": ways(PATH, found, me, q=wanted.text),
            "here": address("", me, q=wanted.text, page=page),
            "seat": me.number if me.number > 1 else None,
            "may_change": me.may(Action.KEEP_ACCOUNTS),
            "duties": [(role.value, roles[role]) for role in DUTIES],
            "done": done,
            "link": link,
            "error": error,
            "at": at,
            "typed": (given or {}).get("email", ""),
        }
        return self._pages.render(request, "accounts.html", context, 422 if error else 200, NO_STORE)

    def _row(self, row: Row, me: Visitor, words: Words) -> dict[str, object]:
        account, zone = row.account, me.zone or "UTC"
        seen = [each.seen for each in row.devices.devices]
        ways = []
        if account is not None:
            ways += [words("passkey")] if account.passkeys else []
            ways += [words("password and code")] if account.password and account.totp else []
            ways += [words("the clinic’s own sign-in")] if account.single else []
        return {
            "person": row.person.person,
            "name": row.person.name,
            "role": row.person.role.value,
            "role_name": words(ROLES[row.person.role]),
            "staff": row.person.role in WORKFORCE,
            "email": account.email if account else row.invitation.email if row.invitation else row.address,
            "state": self._state(row),
            "ways": ways,
            "locked": account is not None and account.locked,
            "invited": row.invitation is not None,
            "has_account": account is not None,
            "also": sorted(role.value for role in account.also) if account else [],
            "also_names": sorted(words(ROLES[role]) for role in account.also) if account else [],
            "seen": words.moment(max(seen), zone) if seen else "",
            "devices": sum(each.ended is None for each in row.devices.devices),
            "own": row.person.person == me.person,
        }

    @staticmethod
    def _state(row: Row) -> str:
        if row.account is not None and row.account.locked:
            return "locked"
        if row.account is not None and row.account.opens:
            return "open"
        return "invited" if row.invitation is not None else "none"
