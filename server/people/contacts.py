"""Where it is kept how people are reached."""

from __future__ import annotations

from facilitation.contacts import Contact
from server.store.register import Register, Shelf


def contacts(register: Register) -> Shelf[Contact]:
    """By person. Staff change them; who did, and what stood before, is kept."""
    return Shelf(register, "contact", Contact, id_of=lambda contact: contact.person)
