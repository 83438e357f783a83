"""Links and tickets: signed, expiring, each bound to one clinic, session, person and role.

A *link* is what a clinic sends to a person; opening it sets a cookie. A *ticket* is what a program gets for a link. A
*reminder* opens by itself only where its person has signed in before. A *tour* leads to the page of a made-up clinic,
which has links for all its people. Each is signed under a salt of its own, so that none passes for another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from facilitation.ids import ClinicId, PersonId, SessionId
from facilitation.people import Role
from facilitation.timebase import SECOND_MS, Instant

LINK_CHARS_MAX = 1_024
KEY_CHARS_MIN = 32


class BadLink(Exception):
    """A link or ticket that does not open. `code`: 'bad_link' or 'expired_link'; `text` is for the person."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code = code
        self.text = text


def _bad() -> BadLink:
    return BadLink(
        "bad_link", "This link is not complete or not from here. Check that all of it was copied, or ask your clinic."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One person's place in one session, as a link or a cookie proves it. It holds until `until`."""

    session: SessionId
    person: PersonId
    role: Role
    until: Instant


class Links:
    """Makes and opens links and tickets of one clinic.

    `keys`: the first signs, all open, so that a key can be changed without breaking the links already sent.
    """

    def __init__(self, keys: Sequence[str], *, clinic: ClinicId) -> None:
        if not keys or any(len(key) < KEY_CHARS_MIN for key in keys):
            raise ValueError(f"every signing key needs at least {KEY_CHARS_MIN} characters")
        self._clinic = clinic
        self._link = _serializer(keys, "milieu.link")
        self._ticket = _serializer(keys, "milieu.ticket")
        self._reminder = _serializer(keys, "milieu.reminder")
        self._tour = _serializer(keys, "milieu.tour")

    def link(self, seat: Seat) -> str:
        """The `LINK` in `/j/LINK`: letters, digits, `-`, `_` and `.` only."""
        return self._seal(self._link, seat)

    def ticket(self, seat: Seat) -> str:
        return self._seal(self._ticket, seat)

    def reminder(self, seat: Seat) -> str:
        """The `LINK` in `/come/LINK`: says whose it is and where to, and opens nothing by itself."""
        return self._seal(self._reminder, seat)

    def tour(self) -> str:
        """The `KEY` in `/tour/KEY`: the same for as long as the clinic's secret is."""
        sealed = self._tour.dumps(self._clinic)
        return sealed if isinstance(sealed, str) else sealed.decode()

    def opens_tour(self, text: str) -> bool:
        if len(text) > LINK_CHARS_MAX:
            return False
        try:
            return bool(self._tour.loads(text) == self._clinic)
        except BadData:
            return False

    def open_reminder(self, text: str, *, now: Instant) -> Seat:
        """Raises BadLink."""
        return self._open(self._reminder, text, now)

    def open_link(self, text: str, *, now: Instant) -> Seat:
        """The seat that a link proves. Raises BadLink."""
        return self._open(self._link, text, now)

    def open_ticket(self, text: str, *, now: Instant) -> Seat:
        """The seat that a ticket proves. Raises BadLink."""
        return self._open(self._ticket, text, now)

    def _seal(self, serializer: URLSafeSerializer, seat: Seat) -> str:
        sealed = serializer.dumps([self._clinic, seat.session, seat.person, seat.role, seat.until // SECOND_MS])
        return sealed if isinstance(sealed, str) else sealed.decode()

    def _open(self, serializer: URLSafeSerializer, text: str, now: Instant) -> Seat:
        if len(text) > LINK_CHARS_MAX:
            raise _bad()
        try:
            clinic, session, person, role, until_s = serializer.loads(text)
            seat = Seat(session=session, person=person, role=Role(role), until=Instant(until_s * SECOND_MS))
        except (BadData, ValueError, TypeError):
            raise _bad() from None
        if clinic != self._clinic:
            raise _bad()
        if seat.until <= now:
            raise BadLink("expired_link", "This link has expired. Ask your clinic for a new one.")
        return seat


def _serializer(keys: Sequence[str], salt: str) -> URLSafeSerializer:
    newest_last = list(reversed(keys))
    return URLSafeSerializer(
        newest_last, salt=salt, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    )
