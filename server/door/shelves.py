"""Where the way in keeps its records: shelves of the clinic's register."""

from __future__ import annotations

from facilitation.consents import ConsentFile, ConsentForm
from facilitation.licences import Licence
from facilitation.places import LocalHelp, Remembered
from server.store.register import Register, Shelf


def consent_files(register: Register) -> Shelf[ConsentFile]:
    return Shelf(register, "consent-file", ConsentFile, id_of=lambda file: file.person)


def consent_texts(register: Register) -> Shelf[ConsentForm]:
    """The clinic's own versions, beside those that are shipped."""
    return Shelf(
        register, "consent-text", ConsentForm, id_of=lambda form: f"{form.kind} {form.version} {form.language}"
    )


def licences(register: Register) -> Shelf[Licence]:
    return Shelf(register, "licence", Licence, id_of=lambda licence: licence.licence)


def local_help(register: Register) -> Shelf[LocalHelp]:
    return Shelf(register, "local-help", LocalHelp, id_of=lambda help: help.help)


def places(register: Register) -> Shelf[Remembered]:
    """Without a past: where somebody was before is nobody's business."""
    return Shelf(register, "place", Remembered, id_of=lambda remembered: remembered.person, remembered=False)
