"""Invitations: a link that lets one person choose their way in, once, within a week."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from facilitation.accounts import (
    INVITED_FOR_MS,
    Account,
    Ending,
    Invitation,
    strong_password,
)
from facilitation.audit import Deed
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.timebase import Instant
from server.accounts import codes, letters, passkeys
from server.accounts.book import Book, Standing
from server.accounts.hashing import Hashing
from server.accounts.seal import Broken, Seal
from server.accounts.shelves import secret_id
from server.clock import Clock
from server.derived import Derived
from server.mail.letter import BadAddress, checked_address
from server.mail.ports import Mail, MailIsFull
from server.rooms.ports import Stale
from server.store.clinic import Person
from server.store.register import Draft, Held
from server.web.door import Asked, Party

TOKEN_CHARS_MAX: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An invitation that opens, and whom it is for."""

    invitation: Invitation
    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Somebody chose their way in. `recovery`: codes for paper, shown this once; none beside a passkey."""

    standing: Standing
    recovery: tuple[str, ...] = ()


class Invitations:
    """Every method may raise Refusal in words, StoreUnavailable and CorruptLog."""

    def __init__(
        self, book: Book, *, hashing: Hashing, seal: Seal, mail: Mail, clock: Clock, base_url: str, place: str
    ) -> None:
        self._book = book
        self._hashing = hashing
        self._seal = seal
        self._mail = mail
        self._clock = clock
        self._base_url = base_url
        self._place = place
        self._unended = Derived(_unended)
        self._waiting: tuple[Sequence[Invitation], Mapping[PersonId, Invitation]] = ((), {})

    # ------------------------------------------------------------------ inviting

    async def invite(
        self, person: PersonId, email: str, *, by: PersonId | str, role: Role | None, deliver: bool = False
    ) -> str:
        """The link, which is kept nowhere. Earlier ones of the same person end. `deliver`: mail it to them.

        Without an address, whoever opens the link is asked for theirs.

        Refuses 'bad_address', 'address_taken', 'unknown_person', 'no_mail'.
        """
        known = await self._book.people.get_person(person)
        if known is None:
            raise Refusal("unknown_person", "There is nobody of that name here any more.")
        email = await self._free_address(email, person) if email or deliver else ""
        await self.withdraw(person, by=by, role=role)
        token = secrets.token_urlsafe(32)
        reason = "by mail" if deliver else "by hand"
        invitation = await self._put(token, person, email, self._clock.now(), by=by, role=role, reason=reason)
        link = self._link(token)
        if deliver:
            words, key = await self._book.words_for(person), invitation.invitation[:16]
            letter = letters.invitation(words, key=key, to=email, name=known.name, link=link)
            try:
                await self._mail.send(letter)
            except MailIsFull:
                raise Refusal("no_mail", "The letter could not be sent just now. Please try again later.") from None
        return link

    async def lasting(self, person: PersonId) -> str | None:
        """A link that can be shown again until it is used or a week is over; another one then. It is kept nowhere: it
        follows from the clinic's secret and from when it was made.

        None: an invitation waits that was made otherwise. Its link is in somebody's hands, and stays good.
        """
        waiting = (await self.waiting()).get(person)
        if waiting is None:
            now = self._clock.now()
            token = self._seal.following(f"invitation {person} {now}")[0]
            await self._put(token, person, "", now, by="", role=None, reason="at the start")
            return self._link(token)
        tokens = self._seal.following(f"invitation {person} {waiting.at}")
        return next((self._link(token) for token in tokens if secret_id(token) == waiting.invitation), None)

    async def _put(
        self,
        token: str,
        person: PersonId,
        email: str,
        now: Instant,
        *,
        by: PersonId | str,
        role: Role | None,
        reason: str,
    ) -> Invitation:
        invitation = Invitation(
            invitation=secret_id(token), person=person, email=email, at=now, until=Instant(now + INVITED_FOR_MS)
        )
        await self._book.shelves.invitations.put(invitation, upon=0, by=by, at=now)
        await self._book.tell(Deed.INVITED, by=by, role=role, about=person, reason=reason)
        return invitation

    def _link(self, token: str) -> str:
        return f"{self._base_url}/invite/{token}"

    async def _free_address(self, email: str, person: PersonId) -> str:
        try:
            email = checked_address(email)
        except BadAddress:
            raise Refusal("bad_address", "That is no mail address. One looks like robin@example.org.") from None
        theirs = await self._book.by_email(email)
        if theirs is not None and theirs.person != person:
            raise Refusal("address_taken", "Another account has this address already. Use another one for this person.")
        return email

    async def _address(self, opened: Opened, typed: str) -> str:
        """Where the invitation names none, the one that was typed. Refuses 'bad_address', 'address_taken'."""
        return opened.invitation.email or await self._free_address(typed, opened.person.person)

    async def withdraw(self, person: PersonId, *, by: PersonId | str, role: Role | None) -> bool:
        """End every open invitation of somebody; whether there was any."""
        now = self._clock.now()
        found = [
            held
            for held in (await self._book.shelves.invitations.all()).values()
            if held.value.person == person and held.value.ending(now) is None
        ]
        for held in found:
            ended = replace(held.value, ended=Ending.WITHDRAWN)
            try:
                await self._book.shelves.invitations.put(ended, upon=held.revision, by=by, at=now)
            except Stale:
                continue  # used meanwhile: it opens no more either
            await self._book.tell(Deed.WITHDREW, by=by, role=role, about=person)
        return bool(found)

    async def waiting(self) -> Mapping[PersonId, Invitation]:
        """Whose invitation waits to be used; the same object as before while nothing of it has changed."""
        now, unended = self._clock.now(), self._unended.of(await self._book.shelves.invitations.all())
        waiting = {each.person: each for each in unended if each.ending(now) is None}
        before, known = self._waiting
        if before is not unended or len(known) != len(waiting):  # time can only take some away
            self._waiting = (unended, waiting)
        return self._waiting[1]

    # ------------------------------------------------------------------ opening one

    async def open(self, token: str) -> Opened:
        """Refuses 'bad_invitation'; 'used_invitation', 'old_invitation' for one that was ours."""
        held = await self._book.shelves.invitations.get(secret_id(token[: TOKEN_CHARS_MAX + 1]))
        if held is None:
            raise Refusal("bad_invitation", "This link is not complete or not from here. Was all of it copied?")
        match held.value.ending(self._clock.now()):
            case Ending.USED:
                raise _used()
            case Ending.WITHDRAWN | Ending.EXPIRED:
                raise Refusal("old_invitation", "This link is not good any more. Ask your clinic for a new one.")
            case None:
                pass
        person = await self._book.people.get_person(held.value.person)
        if person is None:
            raise Refusal("bad_invitation", "This link is not in use any more. Ask your clinic for a new one.")
        return Opened(invitation=held.value, person=person)

    async def ask_passkey(self, token: str, party: Party, *, email: str = "") -> Asked:
        opened = await self.open(token)
        email = await self._address(opened, email)
        account = await self._book.get(opened.person.person)
        return passkeys.ask_new(
            party,
            person=opened.person.person,
            name=email,
            shown=opened.person.name,
            there=account.passkeys if account else (),
            place=self._place,
        )

    async def with_passkey(
        self, token: str, credential: Any, party: Party, *, challenge: str, name: str, email: str = ""
    ) -> Begun:
        """Refuses 'bad_passkey' and as `open`."""
        opened = await self.open(token)
        passkey = passkeys.check_new(credential, party, challenge=challenge, name=name, now=self._clock.now())
        email = await self._address(opened, email)
        return await self._begin(token, opened, email, lambda account: replace(account, passkeys=(passkey,)))

    async def check_address(self, token: str, email: str) -> str:
        """Refuses 'bad_address', 'address_taken'."""
        return await self._address(await self.open(token), email)

    async def check_password(self, token: str, password: str) -> str:
        """The password, sealed for `with_password`; kept nowhere before a code is shown. Refuses 'weak_password'."""
        opened = await self.open(token)
        password = strong_password(password, about=(opened.person.name, opened.invitation.email, self._place))
        return self._seal.close(password, about=f"invitation {opened.invitation.invitation}")

    def new_seed(self, about: str) -> str:
        """A sealed seed of one-time codes, for `with_password`."""
        return self._seal.close(codes.new_seed(), about=f"seed {about}")

    async def app_address(self, token: str, sealed_seed: str) -> tuple[str, str]:
        """What the authenticator app reads, and the seed as one types it."""
        opened = await self.open(token)
        seed = self._seed(sealed_seed, opened)
        name = opened.invitation.email or opened.person.name
        return codes.address_of(seed, name=name, place=self._place), codes.spoken(seed)

    async def with_password(
        self, token: str, sealed_password: str, sealed_seed: str, code: str, *, email: str = ""
    ) -> Begun:
        """Refuses 'wrong_code' and as `open`."""
        opened = await self.open(token)
        seed = self._seed(sealed_seed, opened)
        step = codes.matching_step(seed, code, now=self._clock.now(), after=0)
        if step is None:
            raise Refusal("wrong_code", "This code is not right. Is the app’s newest one typed, and your clock right?")
        try:
            password = self._seal.open(sealed_password, about=f"invitation {opened.invitation.invitation}")
        except Broken:
            raise _again() from None
        hashed = await self._hashing.hash(password)
        sealed = self._seal.close(seed, about=f"totp {opened.person.person}")
        paper = codes.recovery_codes()
        kept = tuple(secret_id(f"{opened.person.person} {each}") for each in paper)

        def with_both(account: Account) -> Account:
            return replace(account, password=hashed, totp=sealed, step=step, recovery=kept)

        begun = await self._begin(token, opened, await self._address(opened, email), with_both)
        return replace(begun, recovery=tuple(paper))

    def _seed(self, sealed: str, opened: Opened) -> str:
        try:
            return self._seal.open(sealed, about=f"seed {opened.invitation.invitation}")
        except Broken:
            raise _again() from None

    async def _begin(self, token: str, opened: Opened, email: str, how: Callable[[Account], Account]) -> Begun:
        """Use the invitation up and put the account, in one step: of two browsers with the same link, one begins.

        What opened the account before is gone: an invitation is for who has lost their way in, too.
        """
        held = await self._book.shelves.invitations.get(secret_id(token))
        if held is None or held.value.ended is not None:
            raise _used()
        used: Sequence[Draft] = [
            self._book.shelves.invitations.draft(replace(held.value, ended=Ending.USED), upon=held.revision)
        ]

        def anew(account: Account) -> Account:
            bare = Account(
                person=account.person,
                email=account.email,
                since=account.since,
                also=account.also,
                locked=account.locked,
                void_before=self._clock.now(),
            )
            return how(bare)

        person = opened.person
        try:
            account = await self._book.begin(person.person, email, anew, along=used)
        except Stale:
            raise _used() from None
        await self._book.tell(Deed.BEGAN, by=person.person, role=person.role, about=person.person)
        return Begun(standing=Standing(account=account, person=person))


def _used() -> Refusal:
    return Refusal("used_invitation", "This link was used already. If it was you: sign in as you chose then.")


def _again() -> Refusal:
    return Refusal("begin_again", "That took too long. Please open your link again.")


def _unended(every: Mapping[str, Held[Invitation]]) -> tuple[Invitation, ...]:
    """Those that nobody used and nobody withdrew."""
    return tuple(held.value for held in every.values() if held.value.ended is None)
