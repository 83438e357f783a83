"""Against the test vectors of RFC 3711, appendix B.3."""

from __future__ import annotations

from server.sfu.sealing import derive, sealing

KEY = bytes.fromhex("e1f97a0d3e018be0d64fa32c06de4139")
SALT = bytes.fromhex("0ec675ad498afeebb6960b3aabe6")


def test_session_keys_and_salts_follow_from_the_masters() -> None:
    assert derive(KEY, SALT, 0, 16).hex() == "c61e7a93744f39ee10734afe3ff7a087"
    assert derive(KEY, SALT, 2, 14).hex() == "30cbbc08863d8c85d49db34a9ae1"


def test_a_short_salt_counts_as_filled_up_with_zeros() -> None:
    found = sealing(KEY + SALT[:12])
    assert (len(found.key), len(found.salt)) == (16, 12)
    assert found == (derive(KEY, SALT[:12] + b"\0\0", 0, 16), derive(KEY, SALT[:12] + b"\0\0", 2, 12))
