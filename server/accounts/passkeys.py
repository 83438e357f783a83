"""Passkeys (WebAuthn level 3): asked for and checked by the `webauthn` library; this only says what we want of them.

A passkey of ours lets its person be found by it (discoverable) and has checked them itself (PIN, finger, face): it is
two factors in one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from facilitation.accounts import Passkey
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.web.door import Asked, Party

CREDENTIAL_CHARS_MAX: Final = 16_384
PASSKEY_ID_CHARS_MAX: Final = 1_400
"""Ids have up to 1023 bytes."""

_UNREADABLE: Final = (WebAuthnException, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError)
"""What the library and what it stands on raise at rubbish."""


def ask_new(party: Party, *, person: PersonId, name: str, shown: str, there: Sequence[Passkey], place: str) -> Asked:
    """For a new passkey. `name`: what the person calls their account (an address), `shown`: their name."""
    options = webauthn.generate_registration_options(
        rp_id=party.host,
        rp_name=place,
        user_id=person.encode(),
        user_name=name,
        user_display_name=shown,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.passkey)) for each in there],
    )
    return _asked(options)


def check_new(credential: Any, party: Party, *, challenge: str, name: str, now: Instant) -> Passkey:
    """Refuses 'bad_passkey'."""
    try:
        made = webauthn.verify_registration_response(
            credential=_bounded(credential),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except _UNREADABLE as error:
        raise Refusal("bad_passkey", "The passkey could not be made. Nothing was changed; please try again.") from error
    id = bytes_to_base64url(made.credential_id)
    if len(id) > PASSKEY_ID_CHARS_MAX:
        raise Refusal("bad_passkey", "This passkey cannot be kept here. Please use another device.")
    return Passkey(
        passkey=id,
        public_key=bytes_to_base64url(made.credential_public_key),
        count=made.sign_count,
        name=name,
        since=now,
        used=now,
    )


def ask_known(party: Party) -> Asked:
    """For any passkey of this place: whose it is comes with the answer."""
    return _asked(
        webauthn.generate_authentication_options(
            rp_id=party.host, user_verification=UserVerificationRequirement.REQUIRED
        )
    )


def whose(credential: Any) -> tuple[PersonId, str]:
    """Who an answer says it is of, and by which passkey: proves nothing yet. Refuses 'bad_passkey'."""
    try:
        handle = credential["response"]["userHandle"]
        return PersonId(base64url_to_bytes(handle).decode()), str(credential["id"])
    except _UNREADABLE as error:
        raise unknown() from error


def check_known(credential: Any, passkey: Passkey, party: Party, *, challenge: str, now: Instant) -> Passkey:
    """The passkey as it is after this use. Refuses 'bad_passkey'."""
    try:
        shown = webauthn.verify_authentication_response(
            credential=_bounded(credential),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=passkey.count,
            require_user_verification=True,
        )
    except _UNREADABLE as error:
        raise unknown() from error
    return replace(passkey, count=shown.new_sign_count, used=now)


def unknown() -> Refusal:
    return Refusal("bad_passkey", "This passkey does not open anything here. Try another, or your password.")


def _asked(options: Any) -> Asked:
    return Asked(options=json.loads(webauthn.options_to_json(options)), challenge=bytes_to_base64url(options.challenge))


def _bounded(credential: Any) -> dict[str, Any]:
    if not isinstance(credential, dict) or len(json.dumps(credential)) > CREDENTIAL_CHARS_MAX:
        raise ValueError("no credential")
    return credential
