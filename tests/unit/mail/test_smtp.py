"""Delivery to a real mail server on loopback."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from server.clock import FakeClock
from server.mail.letter import MEETING, Letter
from server.mail.ports import NotNow, Refused
from server.mail.smtp import Smtp

LETTER = Letter(key="invitation-7", to="robin@example.org", subject=MEETING, text="Grüße, Robin\n")


@dataclass
class Office:
    """A mail server's other side: what it answers, and what reached it."""

    recipient: str = "250 OK"
    data: str = "250 OK"
    reached: list[Envelope] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.reached.append(envelope)
        return self.data


@asynccontextmanager
async def listening(office: Office, **options: Any) -> AsyncIterator[Office]:
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(office, hostname="mail.test", **options), "127.0.0.1", 0
    )
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()


def smtp(office: Office, clock: FakeClock, *, login: str = "", **options: Any) -> Smtp:
    return Smtp(f"smtp://{login}127.0.0.1:{office.port}", sender="m@example.org", clock=clock, **options)


async def test_a_letter_arrives(clock: FakeClock) -> None:
    async with listening(Office()) as office:
        await smtp(office, clock).deliver(LETTER)
    [envelope] = office.reached
    assert (envelope.mail_from, envelope.rcpt_tos) == ("m@example.org", ["robin@example.org"])
    assert isinstance(envelope.content, bytes)
    read = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert isinstance(read, email.message.EmailMessage)
    assert (read["Subject"], read.get_content().strip()) == (MEETING, "Grüße, Robin")


@pytest.mark.parametrize(
    ("recipient", "data", "trouble"),
    [
        ("550 no such mailbox", "250 OK", Refused),
        ("450 try later", "250 OK", NotNow),
        ("250 OK", "554 we will not have this", Refused),
        ("250 OK", "451 try later", NotNow),
    ],
)
async def test_what_a_mail_server_answers_decides_whether_it_is_tried_again(
    clock: FakeClock, recipient: str, data: str, trouble: type[Exception]
) -> None:
    async with listening(Office(recipient=recipient, data=data)) as office:
        with pytest.raises(trouble) as raised:
            await smtp(office, clock).deliver(LETTER)
    assert "robin" not in str(raised.value), "what is logged names nobody"


async def test_a_server_that_is_not_there_is_tried_again(clock: FakeClock) -> None:
    async with listening(Office()) as office:
        pass
    with pytest.raises(NotNow):
        await smtp(office, clock).deliver(LETTER)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
async def test_it_shows_its_name_and_password_and_a_wrong_one_waits_for_the_operator(clock: FakeClock) -> None:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"clinic", b"p@ss")
        return AuthResult(success=right, handled=False)

    options = {"authenticator": check, "auth_require_tls": False, "auth_required": True}
    async with listening(Office(), **options) as office:
        await smtp(office, clock, login="clinic:p%40ss@").deliver(LETTER)
        with pytest.raises(NotNow, match="name and password"):
            await smtp(office, clock, login="clinic:wrong@").deliver(LETTER)
    assert len(office.reached) == 1


async def test_no_letter_leaves_the_machine_unlocked(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server elsewhere that offers no STARTTLS gets nothing. (Here it only looks as if it were elsewhere.)"""
    monkeypatch.setattr("server.mail.smtp._loopback", lambda host: False)
    async with listening(Office()) as office:
        with pytest.raises(NotNow):
            await smtp(office, clock, tls=ssl.create_default_context()).deliver(LETTER)
    assert office.reached == []
