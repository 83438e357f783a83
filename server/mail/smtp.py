"""One delivery by SMTP: locked by TLS unless the mail server is on this very machine."""

from __future__ import annotations

import ipaddress
import ssl
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from server.clock import Clock
from server.mail.letter import Letter, composed
from server.mail.ports import NotNow, Refused

WITHIN_S: Final = 30.0


class Smtp:
    """The port `Carrier` on a mail server.

    `url`: smtps://USER:PASSWORD@HOST:465 (TLS from the start), smtp://…:587 (STARTTLS, which must work), or smtp:// to
    a loopback address, where nothing leaves the machine.
    """

    def __init__(self, url: str, *, sender: str, clock: Clock, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls_at_once = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls_at_once else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self._clock = clock
        self._tls = tls

    async def deliver(self, letter: Letter) -> None:
        message = composed(letter, sender=self._sender, at=self._clock.now())
        try:
            await aiosmtplib.send(
                message,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls_at_once,
                start_tls=not (self._tls_at_once or _loopback(self._host)),
                tls_context=self._tls,
                timeout=WITHIN_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            codes = [each.code for each in refused.recipients]
            raise (Refused if all(code >= 500 for code in codes) else NotNow)(f"recipient {codes}") from None
        except aiosmtplib.SMTPAuthenticationError as error:
            raise NotNow(f"the mail server does not take our name and password ({error.code})") from None
        except aiosmtplib.SMTPResponseException as error:
            raise (Refused if error.code >= 500 else NotNow)(f"answer {error.code}") from None
        except (aiosmtplib.SMTPException, OSError) as error:  # their texts may quote addresses
            raise NotNow(type(error).__name__) from None


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
