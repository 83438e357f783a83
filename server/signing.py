"""A name under a note needs its person: a signing PIN, shown within the last minutes, in this very browser.

Whoever opens somebody's link first must not choose that person's PIN: choosing needs a set-up code, which the operator
reads out (`python -m server pin code`) and which no link carries. The PIN is kept as an Argon2id hash (RFC 9106),
compared in a thread, and five wrong ones, or wrong codes, in a quarter of an hour make it rest.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from facilitation import policy
from facilitation.commands import PersonCommand
from facilitation.errors import Refusal
from facilitation.ids import ClinicId, CommandId, PersonId, SessionId
from facilitation.sentences import Sentence
from facilitation.timebase import MINUTE_MS, Instant
from server.clock import Clock
from server.rooms.around import Around, look
from server.rooms.ports import Refused, Room, RoomDirectory, StoreUnavailable, Viewer
from server.store.ports import Signing

log = structlog.get_logger(__name__)

FRESH_MS: Final = 5 * MINUTE_MS
MISSES_MAX: Final = 5
PIN_CHARS_MIN: Final = 6
PIN_CHARS_MAX: Final = 64
HASHES_AT_ONCE_MAX: Final = 2
"""Each takes 64 MiB and a core for a quarter of a second."""

_ROWS = (
    *("0123456789", "9876543210", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba"),
    *("qwertyuiop", "asdfghjkl", "azertyuiop"),
)
"""What is on a keyboard or in the alphabet in a row."""
_MISREAD: Final = str.maketrans({"0": "O", "1": "I", " ": None, "-": None})


class SetUpCodes:
    """The code with which a person chooses their first PIN. It follows from the clinic's secret and is kept nowhere.

    It is good for as long as its person has no PIN. `keys`: the first makes it, all of them know it.
    """

    def __init__(self, keys: Sequence[str], *, clinic: ClinicId) -> None:
        self._keys = tuple(keys)
        self._clinic = clinic

    def of(self, person: PersonId) -> str:
        """Eight letters and digits, such as 'K7QM-2XRD'."""
        return self._made(self._keys[0], person)

    def is_of(self, person: PersonId, code: str) -> bool:
        """Small letters, spaces, 0 for O and 1 for I are forgiven: it is read out and typed."""
        typed = code.upper().translate(_MISREAD).encode()
        return any(
            hmac.compare_digest(self._made(key, person).translate(_MISREAD).encode(), typed) for key in self._keys
        )

    def _made(self, key: str, person: PersonId) -> str:
        about = f"milieu.set-up\n{self._clinic}\n{person}"
        made = base64.b32encode(hmac.digest(key.encode(), about.encode(), "sha256")[:5]).decode()
        return f"{made[:4]}-{made[4:]}"


class Signatures:
    """Who has a PIN, and who has just shown it. Every method may raise StoreUnavailable, and Refusal in words."""

    pin_chars_min = PIN_CHARS_MIN

    def __init__(
        self, store: Signing, *, codes: SetUpCodes, clock: Clock, hasher: PasswordHasher | None = None
    ) -> None:
        self._store = store
        self._codes = codes
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(HASHES_AT_ONCE_MAX)

    async def chosen(self, person: PersonId) -> bool:
        return await self._store.pin(person) is not None

    async def fresh_until(self, person: PersonId, bearer: str) -> Instant | None:
        """Until when `bearer` may sign as `person`; None: not now."""
        until = await self._store.proven(bearer, person)
        return until if until is not None and self._clock.now() < until else None

    async def choose(self, person: PersonId, bearer: str, pin: str, *, code: str) -> Instant:
        """The first PIN; it proves at once. Refuses 'weak_pin', 'pin_chosen', 'wrong_code', 'too_many'."""
        if await self.chosen(person):
            raise _chosen()
        pin = strong(pin)
        await self._count_miss(person)
        if not self._codes.is_of(person, code):
            log.warning("wrong set-up code", person=person)
            raise Refusal("wrong_code", "This is not your set-up code. Your clinic can read it out to you.")
        if not await self._store.choose(person, await self._hash(pin)):
            raise _chosen()
        await self._store.forgive(person)
        log.info("signing PIN chosen", person=person)
        return await self._prove(person, bearer)

    async def prove(self, person: PersonId, bearer: str, pin: str) -> Instant:
        """Refuses 'no_pin', 'wrong_pin', 'too_many'."""
        await self._check(person, pin)
        return await self._prove(person, bearer)

    async def change(self, person: PersonId, bearer: str, pin: str, new: str) -> Instant:
        """Refuses 'no_pin', 'wrong_pin', 'too_many', 'weak_pin'."""
        new = strong(new)
        await self._check(person, pin)
        await self._store.replace(person, await self._hash(new))
        log.info("signing PIN changed", person=person)
        return await self._prove(person, bearer)

    async def _check(self, person: PersonId, pin: str) -> None:
        hashed = await self._store.pin(person)
        if hashed is None:
            raise Refusal("no_pin", "You have no signing PIN yet. Choose one.")
        await self._count_miss(person)
        if not await self._is(hashed, normal(pin)):
            log.warning("wrong signing PIN", person=person)
            raise Refusal("wrong_pin", "This is not your signing PIN. Nothing is signed, and your text is kept.")
        await self._store.forgive(person)

    async def _count_miss(self, person: PersonId) -> None:
        """Before anything is compared: whoever asks a hundred times at once is wrong a hundred times."""
        if await self._store.missed(person) > MISSES_MAX:
            raise Refusal("too_many", "That was wrong too often. For your safety, wait a quarter of an hour.")

    async def _prove(self, person: PersonId, bearer: str) -> Instant:
        until = Instant(self._clock.now() + FRESH_MS)
        await self._store.prove(bearer, person, until=until)
        return until

    async def _hash(self, pin: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, pin)

    async def _is(self, hashed: str, pin: str) -> bool:
        async with self._turns:
            try:
                return await asyncio.to_thread(self._hasher.verify, hashed, pin)
            except (VerificationError, InvalidHashError):
                return False


def _chosen() -> Refusal:
    return Refusal("pin_chosen", "You have a signing PIN already. Enter it, or ask your clinic to let you choose anew.")


def normal(pin: str) -> str:
    """The same keys give the same PIN on every keyboard; longer than any PIN is none."""
    return unicodedata.normalize("NFKC", pin)[: PIN_CHARS_MAX + 1]


def strong(pin: str) -> str:
    """A PIN that is worth choosing. Refuses 'weak_pin' with what to do."""
    pin = normal(pin)
    if not PIN_CHARS_MIN <= len(pin) <= PIN_CHARS_MAX:
        raise Refusal(
            "weak_pin",
            Sentence("A signing PIN has from {least} to {most} characters.", least=PIN_CHARS_MIN, most=PIN_CHARS_MAX),
        )
    if len(set(pin)) < 3 or any(pin.casefold() in row for row in _ROWS):
        raise Refusal("weak_pin", "This one is among the first that somebody would try. Please choose another.")
    return pin


# --------------------------------------------------------------------------- before a room is asked


class Sealed:
    """The rooms as one websocket finds them: a signature is asked for only while its person's proof is fresh."""

    def __init__(self, rooms: RoomDirectory, *, fresh: Callable[[PersonId], Awaitable[bool]]) -> None:
        self._rooms = rooms
        self._fresh = fresh

    async def open(self, session: SessionId) -> Room:
        return _SealedRoom(await self._rooms.open(session), self._fresh)


class _SealedRoom(Around):
    def __init__(self, room: Room, fresh: Callable[[PersonId], Awaitable[bool]]) -> None:
        super().__init__(room)
        self._fresh = fresh

    def ask(self, viewer: Viewer, command_id: CommandId, command: PersonCommand) -> None:
        if type(command) in policy.SIGNATURES and policy.allows(viewer.expected.role, type(command)):
            look(viewer, self._ask_if_fresh(viewer, command_id, command), "look for a proof")
        else:
            super().ask(viewer, command_id, command)

    async def _ask_if_fresh(self, viewer: Viewer, command_id: CommandId, command: PersonCommand) -> None:
        try:
            fresh = await self._fresh(viewer.expected.person)
        except StoreUnavailable:
            text = "We cannot reach our records right now. Nothing is signed; please try again in a moment."
            viewer.tell(Refused(command_id=command_id, code="busy", text=text))
            return
        if fresh:
            super().ask(viewer, command_id, command)
            return
        text = "Before you sign, show that it is you: enter your signing PIN."
        viewer.tell(Refused(command_id=command_id, code="prove_yourself", text=text))
