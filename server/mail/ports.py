"""All that the rest of Milieu knows of mail."""

from __future__ import annotations

from typing import Protocol

from server.mail.letter import Letter


class MailIsFull(Exception):
    """No letter is taken: too many wait, or the disk takes no more. Nothing was sent."""


class Refused(Exception):
    """This letter will never be delivered: its address is wrong, or the mail server will not have it."""


class NotNow(Exception):
    """It could not be delivered now; later it may."""


class Mail(Protocol):
    async def send(self, letter: Letter) -> None:
        """Take a letter, durably. Returns before it has arrived. Raises MailIsFull."""
        ...


class Carrier(Protocol):
    """Delivers one letter, and returns when it is delivered."""

    async def deliver(self, letter: Letter) -> None:
        """Raises Refused, NotNow."""
        ...
