from __future__ import annotations

import email
import email.policy

import pytest

from facilitation.timebase import Instant
from server.mail.letter import MEETING, Attachment, BadAddress, Letter, checked_address, composed, revealing
from server.web.catalogues import LANGUAGES
from server.web.words import words_in

LETTER = Letter(key="reminder-1", to="robin@example.org", subject=MEETING, text="Hello Robin,\n\nhttps://x.example/a\n")


@pytest.mark.parametrize(
    "subject",
    [
        *("Your IOP meets today", "Group therapy at six", "Recovery group", "From the clinic", "Su tratamiento"),
        *("", "x" * 81, "Your meeting\nBcc: everybody@example.org", "Your meeting\r"),
    ],
)
def test_a_subject_is_one_short_line_that_outs_nobody(subject: str) -> None:
    with pytest.raises(ValueError):
        Letter(key="a", to="robin@example.org", subject=subject, text="Hello")


def test_our_own_subjects_reveal_nothing() -> None:
    every = [words_in(language)(subject) for language in LANGUAGES for subject in (MEETING, "Your sign-in")]
    assert [(subject, revealing(subject)) for subject in every if revealing(subject)] == []


def test_the_name_of_what_goes_along_outs_nobody_either() -> None:
    with pytest.raises(ValueError):
        Letter(
            key="a",
            to="robin@example.org",
            subject=MEETING,
            text="Hello",
            attachments=(Attachment(name="therapy.ics", media_type="text/calendar", data=b""),),
        )


@pytest.mark.parametrize(
    "address",
    [
        *(
            "",
            "robin",
            "@example.org",
            "robin@",
            "ro bin@example.org",
            "robin@exa mple.org",
            "a@b@c",
            "a..b@example.org",
        ),
        *("robin@example.org\nBcc: x@example.org", "Robin <robin@example.org>", "r@" + "x" * 300, "ro@ex\x00ample.org"),
    ],
)
def test_rubbish_is_no_address(address: str) -> None:
    with pytest.raises(BadAddress):
        checked_address(address)


def test_an_address_is_kept_as_mail_servers_read_it() -> None:
    assert checked_address(" Robin.Example+iop@Example.ORG ") == "Robin.Example+iop@example.org"


def test_a_letter_travels_whole_whatever_is_written_in_it() -> None:
    text = "Grüße, Zoë — 18:00\n" + "https://meet.example.org/come-in/" + "a" * 300 + "\n.\nFrom here on\n"
    letter = Letter(key="a", to="robin@example.org", subject=MEETING, text=text)
    for readable in (False, True):
        sent = bytes(composed(letter, sender="Meetings <m@example.org>", at=Instant(0), readable=readable))
        read = email.message_from_bytes(sent, policy=email.policy.default)
        assert (read["To"], read["Subject"]) == ("robin@example.org", MEETING)
        assert read.get_content().replace("\r\n", "\n") == text
        assert max(map(len, sent.splitlines())) < 998


def test_the_same_letter_again_has_the_same_message_id() -> None:
    once, again = (composed(LETTER, sender="m@example.org", at=Instant(at)) for at in (0, 60_000))
    assert once["Message-ID"] == again["Message-ID"] == "<reminder-1@example.org>"


def test_what_goes_along_arrives_as_it_was() -> None:
    entry = Attachment(name="meeting.ics", media_type="text/calendar", data="BEGIN:VCALENDAR ü".encode())
    letter = Letter(key="a", to="robin@example.org", subject=MEETING, text="Hello", attachments=(entry,))
    sent = bytes(composed(letter, sender="m@example.org", at=Instant(0), readable=True))
    [part] = email.message_from_bytes(sent, policy=email.policy.default).iter_attachments()
    assert (part.get_filename(), part.get_payload(decode=True)) == ("meeting.ics", entry.data)
