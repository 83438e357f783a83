"""What people change of their own account, and what an administrator does to others'."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from facilitation.accounts import PASSKEYS_MAX, Account, Devices, Invitation, strong_password
from facilitation.audit import Deed
from facilitation.contacts import Contact
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.sentences import Sentence
from facilitation.timebase import Instant
from server.accounts import codes, letters, passkeys
from server.accounts.book import Book
from server.accounts.devices import DeviceList
from server.accounts.hashing import Hashing
from server.accounts.invitations import Invitations
from server.accounts.seal import Broken, Seal
from server.accounts.shelves import secret_id
from server.clock import Clock
from server.derived import Derived
from server.mail.ports import Mail, MailIsFull
from server.people.contacts import contacts
from server.store.clinic import Person
from server.store.register import Held
from server.web import door
from server.web.door import Party
from server.web.lists import Asked
from server.web.words import marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One person as an administrator sees them: whether and how they may sign in. `address`: to which an invitation
    would go."""

    person: Person
    account: Account | None
    invitation: Invitation | None
    devices: Devices
    address: str = ""


class Upkeep:
    """Every method may raise Refusal in words, StoreUnavailable and CorruptLog."""

    def __init__(
        self,
        book: Book,
        *,
        devices: DeviceList,
        invitations: Invitations,
        hashing: Hashing,
        seal: Seal,
        mail: Mail,
        clock: Clock,
        place: str,
    ) -> None:
        self._book = book
        self._devices = devices
        self._invitations = invitations
        self._hashing = hashing
        self._seal = seal
        self._mail = mail
        self._clock = clock
        self._place = place
        self._contacts = contacts(book.shelves.register)
        self._searched = Derived(_searched)

    # ------------------------------------------------------------------ one's own

    async def own(self, person: PersonId) -> tuple[Account, Devices]:
        """Refuses 'no_account'."""
        account = await self._book.get(person)
        if account is None:
            raise Refusal("no_account", "You have no account yet. Ask your clinic for an invitation.")
        return account, await self._devices.of(person)

    async def ask_passkey(self, person: PersonId, name: str, party: Party) -> door.Asked:
        account, _ = await self.own(person)
        return passkeys.ask_new(
            party, person=person, name=account.email, shown=name, there=account.passkeys, place=self._place
        )

    async def add_passkey(self, person: PersonId, credential: Any, party: Party, *, challenge: str, name: str) -> None:
        """Refuses 'bad_passkey', 'too_many_passkeys'."""
        passkey = passkeys.check_new(credential, party, challenge=challenge, name=name, now=self._clock.now())

        def added(account: Account) -> Account:
            if account.passkey(passkey.passkey) is not None:
                return account
            if len(account.passkeys) >= PASSKEYS_MAX:
                text = Sentence("At most {n} passkeys can be kept. Remove one first.", n=PASSKEYS_MAX)
                raise Refusal("too_many_passkeys", text)
            return replace(account, passkeys=(*account.passkeys, passkey))

        await self._changed(person, added, marked("A passkey was added to your account."))

    async def remove_passkey(self, person: PersonId, id: str) -> None:
        """Refuses 'last_way_in'."""

        def removed(account: Account) -> Account:
            left = replace(account, passkeys=tuple(each for each in account.passkeys if each.passkey != id))
            if not left.opens:
                raise Refusal("last_way_in", "This is your only way in. Add another before you remove it.")
            return left

        await self._changed(person, removed, marked("A passkey was removed from your account."))

    async def change_password(self, person: PersonId, old: str, new: str) -> None:
        """Refuses 'wrong_sign_in', 'weak_password'."""
        account, _ = await self.own(person)
        known = await self._book.people.get_person(person)
        new = strong_password(new, about=(account.email, known.name if known else "", self._place))
        if account.password is not None and not await self._hashing.fits(old, account.password):
            raise Refusal("wrong_sign_in", "Your present password is not right. Nothing was changed.")
        hashed = await self._hashing.hash(new)
        await self._changed(person, lambda each: replace(each, password=hashed), marked("Your password was changed."))

    def new_seed(self, person: PersonId) -> str:
        return self._seal.close(codes.new_seed(), about=f"new seed {person}")

    async def app_address(self, person: PersonId, sealed: str) -> tuple[str, str]:
        account, _ = await self.own(person)
        seed = self._opened(sealed, person)
        return codes.address_of(seed, name=account.email, place=self._place), codes.spoken(seed)

    async def change_app(self, person: PersonId, sealed: str, code: str) -> tuple[str, ...]:
        """Take another app's codes from now on; new codes for paper come with it. Refuses 'wrong_code'."""
        seed = self._opened(sealed, person)
        step = codes.matching_step(seed, code, now=self._clock.now(), after=0)
        if step is None:
            raise Refusal("wrong_code", "This code is not right. Is the app’s newest one typed, and your clock right?")
        closed = self._seal.close(seed, about=f"totp {person}")
        paper = codes.recovery_codes()
        kept = tuple(secret_id(f"{person} {each}") for each in paper)
        await self._changed(
            person,
            lambda each: replace(each, totp=closed, step=step, recovery=kept),
            marked("The app that makes your codes was changed."),
        )
        return tuple(paper)

    async def sign_out(self, person: PersonId, device: str) -> None:
        await self._devices.end(person, device)
        await self._told(Deed.SIGNED_OUT, person)

    async def sign_out_everywhere(self, person: PersonId, *, but: str = "") -> None:
        """Everywhere, or everywhere but in one browser."""
        await self._devices.end_all(person, but=but)
        if not but:
            await self._book.change(person, lambda each: replace(each, void_before=self._clock.now()))
        await self._told(Deed.SIGNED_OUT, person)

    # ------------------------------------------------------------------ others'

    async def everybody(self, asked: Asked, roles: Mapping[Role, str]) -> Sequence[Person]:
        """By name, those whose name, address or role (`roles`: in words) has what is asked for."""
        people = await self._book.people.list_people()
        if not asked.words:
            return people
        told = self._searched.of(
            people,
            await self._contacts.all(),
            await self._book.shelves.invitations.all(),
            await self._book.shelves.accounts.all(),
        )
        said = {role: f" {word.casefold()}" for role, word in roles.items()}
        return [each for each in people if asked.fits(told[each.person] + said[each.role])]

    async def rows(self, people: Sequence[Person]) -> list[Row]:
        """Of these, in their order."""
        ids = [each.person for each in people]
        waiting = await self._invitations.waiting()
        accounts = await self._book.shelves.accounts.some(ids)
        devices = await self._book.shelves.devices.some(ids)
        reached = await self._contacts.some(ids)
        return [
            Row(
                person=each,
                account=accounts[each.person].value if each.person in accounts else None,
                invitation=waiting.get(each.person),
                devices=devices[each.person].value if each.person in devices else Devices(person=each.person),
                address=reached[each.person].value.email if each.person in reached else "",
            )
            for each in people
        ]

    async def lock(self, person: PersonId, locked: bool, *, by: PersonId, role: Role) -> None:
        """A locked account signs nobody in, and out who is."""
        if person == by:
            raise Refusal("oneself", "You cannot lock yourself out. Another administrator can.")
        await self._book.change(person, lambda each: replace(each, locked=locked), by=by)
        if locked:
            await self._devices.end_all(person)
        await self._book.tell(Deed.LOCKED if locked else Deed.UNLOCKED, by=by, role=role, about=person)

    async def end_everywhere(self, person: PersonId, *, by: PersonId, role: Role) -> None:
        await self._devices.end_all(person)
        await self._book.change(person, lambda each: replace(each, void_before=self._clock.now()), by=by)
        await self._book.tell(Deed.SIGNED_OUT, by=by, role=role, about=person)

    async def give_duties(self, person: PersonId, also: frozenset[Role], *, by: PersonId, role: Role) -> None:
        """What somebody may do besides their own role. Refuses 'oneself'."""
        if person == by:
            raise Refusal("oneself", "What you may do yourself, another administrator decides.")
        await self._book.change(person, lambda each: replace(each, also=also), by=by)
        reason = ", ".join(sorted(also)) or "nothing more"
        await self._book.tell(Deed.DUTIES, by=by, role=role, about=person, reason=reason)

    # ------------------------------------------------------------------ inside

    def _opened(self, sealed: str, person: PersonId) -> str:
        try:
            return self._seal.open(sealed, about=f"new seed {person}")
        except Broken:
            raise Refusal("begin_again", "That took too long. Please begin again.") from None

    async def _changed(self, person: PersonId, how: Callable[[Account], Account], what: str) -> None:
        account, words = await self._book.change(person, how), await self._book.words_for(person)
        await self._told(Deed.CHANGED, person, reason=what)
        try:
            await self._mail.send(letters.changed(words, key=secrets.token_hex(8), to=account.email, what=what))
        except MailIsFull:
            pass  # the change stands, and the audit log has it

    async def _told(self, deed: Deed, person: PersonId, *, reason: str = "") -> None:
        known = await self._book.people.get_person(person)
        await self._book.tell(deed, by=person, role=known.role if known else None, about=person, reason=reason)


def _searched(
    people: Sequence[Person],
    reached: Mapping[str, Held[Contact]],
    invitations: Mapping[str, Held[Invitation]],
    accounts: Mapping[str, Held[Account]],
) -> dict[PersonId, str]:
    """Everybody's name and addresses, to be searched."""
    told = {each.person: each.name for each in people}
    for each in (held.value for every in (reached, invitations, accounts) for held in every.values()):
        if each.person in told:
            told[each.person] += f" {each.email}"
    return {person: text.casefold() for person, text in told.items()}


async def signed_in_stands(
    book: Book, devices: DeviceList, person: PersonId, device: str, since: Instant
) -> frozenset[Role] | None:
    """Whether somebody who signed in at `since` in that browser still is; their roles besides their own then."""
    standing = await book.standing(person)
    if standing is None or since < standing.account.void_before or not await devices.stands(person, device):
        return None
    return standing.account.also
