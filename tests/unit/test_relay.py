from __future__ import annotations

import base64
import hashlib
import hmac

from facilitation.timebase import HOUR_MS, Instant
from server.relay import VALID_MS, ice_servers

NOW = Instant(1_795_021_200_000)
URLS = ("turns:turn.example.org:443?transport=tcp",)
SECRET = "shared with a TURN server of tests, and nobody else"


def test_without_a_server_nothing_is_told() -> None:
    assert ice_servers((), SECRET, now=NOW) == []
    assert ice_servers(URLS, None, now=NOW) == []


def test_the_name_ends_after_a_session_and_says_nothing_about_anybody() -> None:
    (first,), (second,) = ice_servers(URLS, SECRET, now=NOW), ice_servers(URLS, SECRET, now=NOW)
    expiry, _, token = first["username"].partition(":")
    assert int(expiry) * 1_000 == NOW + VALID_MS
    assert VALID_MS >= 4 * HOUR_MS
    assert len(token) == 16
    assert first["username"] != second["username"]


def test_the_password_is_what_coturn_computes() -> None:
    (server,) = ice_servers(URLS, SECRET, now=NOW)
    digest = hmac.new(SECRET.encode(), server["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(server["credential"]) == digest
    assert server["urls"] == list(URLS)
