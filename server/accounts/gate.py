"""Signing in: by passkey, or by a password and a code; with the same words and after the same work whether or not there
is such an account.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from facilitation.accounts import Account, normal, sign_in_name
from facilitation.audit import Deed
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from server.accounts import codes, letters, passkeys
from server.accounts.book import Book, Standing
from server.accounts.hashing import Hashing
from server.accounts.seal import Broken, Seal
from server.accounts.shelves import secret_id
from server.accounts.tries import TooMany, Tries
from server.clock import Clock
from server.mail.ports import Mail, MailIsFull
from server.web.door import Asked, Party


class Gate:
    """Every method may raise Refusal in words, StoreUnavailable and CorruptLog."""

    def __init__(self, book: Book, *, hashing: Hashing, seal: Seal, tries: Tries, mail: Mail, clock: Clock) -> None:
        self._book = book
        self._hashing = hashing
        self._seal = seal
        self._tries = tries
        self._mail = mail
        self._clock = clock

    # ------------------------------------------------------------------ a passkey

    def ask_passkey(self, party: Party) -> Asked:
        return passkeys.ask_known(party)

    async def by_passkey(self, credential: Any, party: Party, *, challenge: str) -> Standing:
        """Refuses 'bad_passkey'."""
        person, id = passkeys.whose(credential)
        standing = await self._book.standing(person)
        if standing is None or standing.account.passkey(id) is None:
            raise passkeys.unknown()

        def used(account: Account) -> Account:
            passkey = account.passkey(id)
            if passkey is None:
                raise passkeys.unknown()
            after = passkeys.check_known(credential, passkey, party, challenge=challenge, now=self._clock.now())
            return replace(account, passkeys=tuple(after if each is passkey else each for each in account.passkeys))

        await self._book.change(person, used)
        return await self._in(standing, "passkey")

    # ------------------------------------------------------------------ a password, then a code

    async def by_password(self, email: str, password: str, *, network: str) -> PersonId:
        """Whose it is: half of the way in. Refuses 'wrong_sign_in', 'too_many'."""
        what = f"password {sign_in_name(email)}"
        account = await self._book.by_email(email)
        await self._count(what, network, account)
        hashed = account.password if account is not None and account.totp is not None else None
        fits = await self._hashing.fits(normal(password), hashed)
        if not fits or account is None or await self._book.standing(account.person) is None:
            raise Refusal(
                "wrong_sign_in", "The address or the password is not right. Nothing is lost; please try again."
            )
        await self._tries.forgive(what, network)
        return account.person

    async def by_code(self, person: PersonId, code: str, *, network: str) -> Standing:
        """The other half: a code of the app, or one of the sheet of paper. Refuses 'wrong_code', 'too_many'."""
        standing = await self._book.standing(person)
        if standing is None or standing.account.totp is None:
            raise _wrong_code()
        what = f"code {person}"
        await self._count(what, network, standing.account)
        seed = self._seed(standing.account)
        paper = await self._paper(standing.account, code)

        def taken(account: Account) -> Account:
            step = None if seed is None else codes.matching_step(seed, code, now=self._clock.now(), after=account.step)
            if step is not None:
                return replace(account, step=step)
            if paper is not None and paper in account.recovery:
                return replace(account, recovery=tuple(each for each in account.recovery if each != paper))
            raise _wrong_code()

        await self._book.change(person, taken)
        await self._tries.forgive(what, network)
        return await self._in(standing, "password and code" if paper is None else "password and paper code")

    async def again(self, person: PersonId, password: str, *, network: str) -> None:
        """The password of somebody who is signed in, before the screen opens again. Refuses as `by_password`."""
        account = await self._book.get(person)
        what = f"again {person}"
        await self._count(what, network, account)
        hashed = account.password if account is not None else None
        if not await self._hashing.fits(normal(password), hashed) or await self._book.standing(person) is None:
            raise Refusal("wrong_sign_in", "This is not your password. What you typed on the page is kept.")
        await self._tries.forgive(what, network)

    async def address_of(self, person: PersonId) -> str:
        account = await self._book.get(person)
        return "" if account is None else account.email

    def _seed(self, account: Account) -> str | None:
        try:
            return None if account.totp is None else self._seal.open(account.totp, about=f"totp {account.person}")
        except Broken:
            return None

    async def _paper(self, account: Account, code: str) -> str | None:
        """The hash among the account's that this code is of. What is six digits is none of these."""
        typed = codes.typed(code)
        if len(typed) < 16:
            return None
        hashed = secret_id(f"{account.person} {typed}")
        return hashed if hashed in account.recovery else None

    # ------------------------------------------------------------------ a reminder's link, elsewhere than usual

    async def by_link(self, person: PersonId) -> Standing:
        """For a browser that remembers this person. Refuses 'no_account'."""
        return await self._in(await self._participant(person), "a link on a remembered device")

    async def send_code(self, person: PersonId) -> str:
        """Mail a code to somebody who opened their link elsewhere; what is to be kept of it for `by_letter`.

        Refuses 'no_account', 'no_mail'.
        """
        standing = await self._participant(person)
        code = codes.mailed_code()
        key = f"{secret_id(code + person)[:16]}-{self._clock.now()}"
        try:
            await self._mail.send(
                letters.code(await self._book.words_for(person), key=key, to=standing.account.email, code=code)
            )
        except MailIsFull:
            raise Refusal("no_mail", "We cannot send letters right now. Please try again in a minute.") from None
        return self._seal.close(code, about=f"letter {person}")

    async def by_letter(self, person: PersonId, code: str, *, kept: str, network: str) -> Standing:
        """Refuses 'wrong_code', 'too_many'."""
        standing = await self._participant(person)
        what = f"letter {person}"
        await self._count(what, network, standing.account)
        try:
            right = self._seal.open(kept, about=f"letter {person}") == "".join(code.split())
        except Broken:
            right = False
        if not right:
            raise Refusal("wrong_code", "This code is not right, or it is too old. You can have a new one sent.")
        await self._tries.forgive(what, network)
        return await self._in(standing, "a link and a letter")

    async def _participant(self, person: PersonId) -> Standing:
        """Staff need a second factor of their own: no letter is one."""
        standing = await self._book.standing(person)
        if standing is None or standing.staff:
            raise Refusal("no_account", "This link is not in use any more. Sign in, or ask your clinic for a new one.")
        return standing

    # ------------------------------------------------------------------ somebody else's word

    async def by_provider(self, single: str, email: str) -> Standing:
        """One of the staff whom the clinic's provider knows; the first time binds the two. Refuses 'not_known'."""
        account = await self._book.by_email(email)
        standing = None if account is None else await self._book.get_ready(account.person)
        if standing is None or not standing.staff or standing.account.single not in (None, single):
            raise Refusal("not_known", "The clinic has no account for you yet. Ask for an invitation.")
        await self._book.change(standing.account.person, lambda each: replace(each, single=single))
        return await self._in(standing, "the clinic's own sign-in")

    # ------------------------------------------------------------------ inside

    async def _count(self, what: str, network: str, account: Account | None) -> None:
        try:
            await self._tries.count(what, network)
        except TooMany:
            if account is not None and await self._tries.first_time(what):
                await self._book.tell(Deed.GUESSED, by="", role=None, about=account.person)
            raise

    async def _in(self, standing: Standing, how: str) -> Standing:
        person = standing.person
        await self._book.tell(Deed.SIGNED_IN, by=person.person, role=person.role, about=person.person, reason=how)
        return standing


def _wrong_code() -> Refusal:
    return Refusal(
        "wrong_code", "This code is not right, or it was used already. Wait for the next one, and type that."
    )
