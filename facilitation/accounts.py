"""How people prove who they are: accounts, invitations, devices; and which passwords are worth choosing. Pure.

An account is a person of the clinic with at least one way in: a passkey, or a password and one-time codes beside it.
It holds no secret in the clear: passwords and recovery codes as slow hashes, the seed of one-time codes sealed.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.sentences import Sentence
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant

PASSWORD_CHARS_MIN: Final = 8
"""What NIST SP 800-63B-4 asks of a password beside which there always is something else."""
PASSWORD_CHARS_MAX: Final = 128
PASSKEYS_MAX: Final = 10
DEVICES_MAX: Final = 20
DEVICE_NAME_MAX: Final = 60
INVITED_FOR_MS: Final = 7 * 24 * HOUR_MS
REMEMBERED_FOR_MS: Final = 180 * 24 * HOUR_MS
PROVEN_FOR_MS: Final = 10 * MINUTE_MS
"""After a proof, how long one may change the ways in without another."""
BEGINNING: Final = Instant(0)
CODE_FOR_MS: Final = 10 * MINUTE_MS
SEEN_EVERY_MS: Final = 15 * MINUTE_MS
"""How exactly a device's last sign of life is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A public key of a device or a password manager. `passkey`: the credential's id, base64url. `used`: last."""

    passkey: str
    public_key: str
    count: int
    name: str
    since: Instant
    used: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person's ways in.

    `totp`: the sealed seed of one-time codes. `step`: the time step of the last code taken, so that none is taken
    twice. `recovery`: hashes of codes that work once each. `single`: who it is at a provider ("issuer subject").
    `also`: roles besides the person's own. `void_before`: who signed in before that instant is signed in no more.
    """

    person: PersonId
    email: str
    since: Instant
    passkeys: tuple[Passkey, ...] = ()
    password: str | None = None
    totp: str | None = None
    step: int = 0
    recovery: tuple[str, ...] = ()
    single: str | None = None
    also: frozenset[Role] = frozenset()
    locked: bool = False
    void_before: Instant = BEGINNING

    @property
    def opens(self) -> bool:
        """Whether there is any way in yet."""
        return bool(self.passkeys or (self.password and self.totp) or self.single)

    def passkey(self, id: str) -> Passkey | None:
        return next((each for each in self.passkeys if each.passkey == id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInName:
    """Whose a mail address is; nobody's any more: None."""

    name: str
    person: PersonId | None


class Ending(StrEnum):
    """Why an invitation opens no more."""

    USED = "used"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link that lets `person` choose their way in, once. `invitation`: a hash of what the link holds."""

    invitation: str
    person: PersonId
    email: str
    at: Instant
    until: Instant
    ended: Ending | None = None

    def ending(self, now: Instant) -> Ending | None:
        """None: it opens."""
        return self.ended or (Ending.EXPIRED if now >= self.until else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A browser in which somebody signed in. `device`: a hash of what its cookie holds.

    `remembered`: a link from a reminder opens here by itself. `ended`: it was signed out from afar.
    """

    device: str
    name: str
    since: Instant
    seen: Instant
    remembered: bool = False
    ended: Instant | None = None

    def remembers(self, now: Instant) -> bool:
        return self.remembered and self.ended is None and now < self.seen + REMEMBERED_FOR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """All devices of one person, the one seen last first."""

    person: PersonId
    devices: tuple[Device, ...] = ()

    def get(self, id: str) -> Device | None:
        return next((each for each in self.devices if each.device == id), None)

    def put(self, device: Device) -> Devices:
        """With this one in its place; the one that was seen longest ago makes room."""
        others = (each for each in self.devices if each.device != device.device)
        devices = sorted((device, *others), key=lambda each: each.seen, reverse=True)[:DEVICES_MAX]
        return Devices(person=self.person, devices=tuple(devices))


def sign_in_name(email: str) -> str:
    """The form in which two spellings of one address are the same."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


# --------------------------------------------------------------------------- passwords

_ROWS: Final = (
    *("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm"),
    *("azertyuiopqsdfghjklmwxcvbn", "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p"),
)
_COMMON: Final = frozenset(
    (
        *("password", "passwort", "contrasena", "motdepasse", "letmein", "welcome", "iloveyou", "sunshine", "princess"),
        *("football", "baseball", "superman", "batman", "dragon", "monkey", "shadow", "master", "michael", "jordan"),
        *("charlie", "trustno", "starwars", "whatever", "computer", "internet", "freedom", "secret", "login", "admin"),
        *("administrator", "qwerty", "abc", "access", "hello", "summer", "winter", "spring", "autumn", "flower"),
        *("cheese", "pokemon", "minecraft", "pass", "changeme", "default", "guest", "milieu", "therapy", "clinic"),
        *("recovery", "meeting", "sober"),
    )
)
_LEET: Final = str.maketrans("013457@$", "oleastas")


def normal(password: str) -> str:
    """The same keys give the same password on every keyboard (NFKC); longer than any password is none."""
    return unicodedata.normalize("NFKC", password)[: PASSWORD_CHARS_MAX + 1]


def strong_password(password: str, *, about: tuple[str, ...] = ()) -> str:
    """A password that is worth choosing: long enough, and not among the first that somebody would try.

    `about`: words that anybody knows of the person (name, address). No rule on kinds of characters: they make
    passwords worse. Refuses 'weak_password' with what to do.
    """
    password = normal(password)
    if len(password) < PASSWORD_CHARS_MIN:
        raise Refusal(
            "weak_password",
            Sentence("A password needs at least {n} characters. A few words are good.", n=PASSWORD_CHARS_MIN),
        )
    if len(password) > PASSWORD_CHARS_MAX:
        raise Refusal("weak_password", Sentence("A password has at most {n} characters.", n=PASSWORD_CHARS_MAX))
    if _easy(password.casefold(), about):
        raise Refusal(
            "weak_password", "This one is among the first that somebody would try. Three or four words are good."
        )
    return password


def _easy(password: str, about: tuple[str, ...]) -> bool:
    if len(set(password)) < 4 or any(password in row or password in row[::-1] for row in _ROWS):
        return True
    known = _COMMON | {word.casefold() for each in about for word in each.replace("@", " ").replace(".", " ").split()}
    return any(_left(_letters(text), known) < 3 for text in (password, password.translate(_LEET)))


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalpha())


def _left(letters: str, known: frozenset[str]) -> int:
    """How many letters are left once every known word is taken out."""
    for word in sorted(known, key=len, reverse=True):
        if len(word) > 2:
            letters = letters.replace(word, "")
    return len(letters)
