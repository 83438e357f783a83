"""A letter: plain text to one person, with a subject that anybody may see over their shoulder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from facilitation.timebase import Instant

MEETING: Final = "Your meeting"
SUBJECT_CHARS_MAX: Final = 80
TEXT_CHARS_MAX: Final = 20_000
ATTACHMENT_BYTES_MAX: Final = 256 * 1024
ADDRESS_CHARS_MAX: Final = 254
KEY: Final = re.compile(r"[\w.-]{1,120}", re.ASCII)
ADDRESS: Final = re.compile(r"[^@\s<>(),:;\\\"\[\]\x00-\x1f]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_REVEALING: Final = re.compile(
    r"\b(iop|therap\w*|treatment\w*|counsel\w*|clinic\w*|patient\w*|recover\w*|addict\w*|sober\w*|sobriety|relaps\w*|"
    r"psych\w*|mental\w*|health\w*|substance\w*|alcohol\w*|drugs?|crisis|suicid\w*|diagnos\w*|rehab\w*|"
    r"terapia\w*|tratamiento\w*|cl[ií]nica\w*|paciente\w*|adicci\w*|recuperaci\w*|salud)\b",
    re.IGNORECASE,
)


class BadAddress(Exception):
    """What was given is no mail address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes along, such as a calendar entry. `name` is as neutral as the subject."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`key` names it: the same key is the same letter. A revealing subject or name is our mistake (ValueError)."""

    key: str
    to: str
    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        if not KEY.fullmatch(self.key):
            raise ValueError("a letter's key is letters, digits, '-', '_' and '.'")
        if not 0 < len(self.subject) <= SUBJECT_CHARS_MAX or not self.subject.isprintable():
            raise ValueError("a subject is one short line")
        if not 0 < len(self.text) <= TEXT_CHARS_MAX:
            raise ValueError(f"a letter has up to {TEXT_CHARS_MAX} characters")
        if sum(len(each.data) for each in self.attachments) > ATTACHMENT_BYTES_MAX:
            raise ValueError("too much goes along with this letter")
        for seen in (self.subject, *(each.name for each in self.attachments)):
            if words := revealing(seen):
                raise ValueError(f"a subject that outs somebody: {', '.join(words)}")


def revealing(text: str) -> list[str]:
    """Words that tell whoever reads over a shoulder what kind of place writes."""
    return [found[0] for found in _REVEALING.finditer(text)]


def checked_address(text: str) -> str:
    """A mail address as it is kept: without spaces around it, its domain in small letters. Raises BadAddress."""
    text = text.strip()
    if len(text) > ADDRESS_CHARS_MAX or not ADDRESS.fullmatch(text) or ".." in text:
        raise BadAddress
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def composed(letter: Letter, *, sender: str, at: Instant, readable: bool = False) -> EmailMessage:
    """The letter as it travels. `readable`: unencoded, for people who look into a file.

    The date and the message id follow from `at` and the key, so that the same letter sent twice is one to its reader.
    """
    policy = SMTP.clone(max_line_length=998, cte_type="8bit", utf8=True) if readable else SMTP
    message = EmailMessage(policy=policy)
    _, _, domain = sender.rpartition("@")
    message["From"] = sender if "<" in sender else Address(addr_spec=sender)
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(at / 1_000, UTC))
    message["Message-ID"] = f"<{letter.key}@{domain.strip('<> ')}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="8bit" if readable else "quoted-printable")
    for each in letter.attachments:
        kind, _, subtype = each.media_type.partition("/")
        message.add_attachment(each.data, maintype=kind, subtype=subtype, filename=each.name)
    return message
