"""Accounts as they are kept: read by person or address, changed upon what stands, and every change told."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import structlog

from facilitation.accounts import Account, SignInName, sign_in_name
from facilitation.audit import Deed, Trace
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.people import WORKFORCE, Role
from server.accounts.shelves import Shelves, name_id
from server.clock import Clock
from server.rooms.ports import Stale
from server.store.clinic import Person
from server.store.register import Draft, put_all
from server.web.catalogues import ENGLISH, LANGUAGES
from server.web.words import Words, words_in

log = structlog.get_logger(__name__)

RACES_MAX: Final = 5


class People(Protocol):
    async def get_person(self, person: str) -> Person | None: ...
    async def list_people(self) -> Sequence[Person]: ...
    async def put_person(self, person: Person) -> None: ...


class Traces(Protocol):
    async def record(self, trace: Trace) -> Trace: ...


class Languages(Protocol):
    async def of(self, person: PersonId) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An account and its person."""

    account: Account
    person: Person

    @property
    def staff(self) -> bool:
        return self.person.role in WORKFORCE


class Book:
    """Every method may raise StoreUnavailable and CorruptLog."""

    def __init__(self, shelves: Shelves, *, people: People, traces: Traces, languages: Languages, clock: Clock) -> None:
        self.shelves = shelves
        self.people = people
        self._traces = traces
        self._languages = languages
        self._clock = clock

    async def get(self, person: PersonId) -> Account | None:
        held = await self.shelves.accounts.get(person)
        return None if held is None else held.value

    async def standing(self, person: PersonId) -> Standing | None:
        """Who may sign in now; None: nobody of that id, no account, or a locked one."""
        ready = await self.get_ready(person)
        return ready if ready is not None and ready.account.opens else None

    async def get_ready(self, person: PersonId) -> Standing | None:
        """The same, whether or not they have a way in yet."""
        account, known = await self.get(person), await self.people.get_person(person)
        return None if account is None or known is None or account.locked else Standing(account=account, person=known)

    async def by_email(self, email: str) -> Account | None:
        held = await self.shelves.names.get(name_id(sign_in_name(email)))
        return None if held is None or held.value.person is None else await self.get(held.value.person)

    async def change(self, person: PersonId, how: Callable[[Account], Account], *, by: PersonId | str = "") -> Account:
        """The account as `how` makes it of what stands. Refuses 'no_account', and whatever `how` refuses."""
        for _ in range(RACES_MAX):
            held = await self.shelves.accounts.get(person)
            if held is None:
                raise Refusal("no_account", "There is no account to change.")
            changed = how(held.value)
            if changed == held.value:
                return changed
            try:
                await self.shelves.accounts.put(changed, upon=held.revision, by=by or person, at=self._clock.now())
            except Stale:
                continue
            return changed
        raise Refusal("stale", "Somebody else is changing the same just now. Please try again.")

    async def begin(
        self, person: PersonId, email: str, how: Callable[[Account], Account], *, along: Sequence[Draft] = ()
    ) -> Account:
        """The account, new where there was none, with this address; `along` goes in the same step.

        Raises Stale. Refuses 'address_taken'.
        """
        now = self._clock.now()
        held = await self.shelves.accounts.get(person)
        before = held.value if held else Account(person=person, email=email, since=now)
        account = how(replace(before, email=email))
        drafts = [self.shelves.accounts.draft(account, upon=held.revision if held else 0), *along]
        drafts += await self._names(before, account)
        await put_all(self.shelves.register, drafts, by=person, at=now)
        return account

    async def _names(self, before: Account, after: Account) -> list[Draft]:
        """What else changes with an address: whose the old one and the new one are."""
        old, new = sign_in_name(before.email), sign_in_name(after.email)
        drafts = []
        for name, whose in {old: None, new: after.person}.items():
            held = await self.shelves.names.get(name_id(name))
            theirs = held.value.person if held else None
            if name == new and theirs not in (None, after.person):
                raise taken()
            if theirs != whose and not (whose is None and theirs != after.person):
                value = SignInName(name=name, person=whose)
                drafts.append(self.shelves.names.draft(value, upon=held.revision if held else 0))
        return drafts

    async def words_for(self, person: PersonId) -> Words:
        """In the language that they chose; English where they have chosen none."""
        language = await self._languages.of(person)
        return words_in(language if language in LANGUAGES else ENGLISH)

    async def tell(
        self, deed: Deed, *, by: PersonId | str, role: Role | None, about: PersonId, reason: str = ""
    ) -> None:
        """Into the audit log, for ever."""
        log.info("account", deed=deed.value, about=about)
        await self._traces.record(
            Trace(
                trace=f"account-{secrets.token_hex(8)}",
                at=self._clock.now(),
                by=by,
                role=role,
                action=deed.value,
                about=(about,),
                reason=reason,
            )
        )


def taken() -> Refusal:
    return Refusal("address_taken", "Another account has this address already. Use another one for this person.")
