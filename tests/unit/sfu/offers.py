"""Session descriptions as browsers write them, and a small one to bend."""

from __future__ import annotations

from pathlib import Path

CHROMIUM = (Path(__file__).parents[2] / "vectors/sdp/chromium-offer.sdp").read_bytes().decode()
"""Chromium's offer: microphone, camera in two layers, two slots for sound and two for pictures."""

FINGERPRINT = ":".join(["AB"] * 32)


def section(kind: str, mid: str, direction: str, *, extra: str = "") -> str:
    number, codec = ("111", "opus/48000/2") if kind == "audio" else ("96", "VP8/90000")
    return (
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na={direction}\r\n"
        f"a=rtcp-mux\r\na=rtpmap:{number} {codec}\r\n{extra}"
    )


def offer(*sections: str, bundle: str | None = None, session: str | None = None) -> str:
    """An offer of these sections, all in one bundle."""
    mids = " ".join(s.split("a=mid:")[1].split("\r\n")[0] for s in sections if "a=mid:" in s)
    transport = (
        f"a=ice-ufrag:abcd\r\na=ice-pwd:{'p' * 24}\r\na=fingerprint:sha-256 {FINGERPRINT}\r\na=setup:actpass\r\n"
    )
    group = f"a=group:BUNDLE {mids if bundle is None else bundle}\r\n"
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        + group
        + (transport if session is None else session)
        + "".join(sections)
    )


SMALL = offer(section("audio", "0", "sendonly"), section("video", "1", "sendonly"), section("audio", "2", "recvonly"))
