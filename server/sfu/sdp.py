"""The offer of a browser read, and our answer written: pure text to values and back (RFC 8866, RFC 9429).

What is understood is what Milieu needs and nothing else: one bundled transport, at most one microphone, one camera
and one screen (`a=content:slides`, RFC 4796) sent by the browser, and receive-only lines ("slots") that the server
fills with other people.
Everything outside of that is refused with a code or answered with a rejected line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.sfu.facts import MediaRefused

OFFER_BYTES_MAX = 256 * 1024
LINES_MAX = 8_192
SECTIONS_MAX = 80
RIDS_MAX = 3
ONE_BYTE_ID_MAX = 14
"""Largest header extension id that fits the short form (RFC 8285 §4.2)."""
KINDS = ("audio", "video", "screen")
"""What a line can carry: a microphone, a camera, a shared screen."""
RATES = {"audio": 48_000, "video": 90_000, "screen": 90_000}
"""Ticks a second of their RTP clocks."""

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

_SENT_EXTENSIONS = (MID, RID, REPAIRED_RID, AUDIO_LEVEL, TRANSPORT_CC)
_DIRECTIONS = ("sendonly", "recvonly", "sendrecv", "inactive")
_DIGEST_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}

_TOKEN = re.compile(r"[A-Za-z0-9_.+\-]{1,32}")
_ICE_CHARACTERS = re.compile(r"[A-Za-z0-9+/\-_=]{4,256}")
_HEX_PAIRS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """Opus or VP8 under the payload type the browser chose; `resend_type` is its RTX companion."""

    name: str
    payload_type: int
    resend_type: int | None = None
    feedback: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One m-line. `kind` is 'audio', 'video', 'screen' or 'other'; `codec` is None when the line must be rejected.

    `media` is the word of the m-line itself: a screen's is 'video'.

    `extensions` maps URIs to ids; `ssrcs` are announced primary streams; `resends` maps them to RTX streams;
    `rids` are simulcast layers in the order offered.
    """

    mid: str
    kind: str
    media: str
    protocol: str
    formats: str
    direction: str
    codec: Codec | None
    extensions: Mapping[str, int]
    ssrcs: tuple[int, ...]
    resends: Mapping[int, int]
    rids: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        return self.codec is not None and self.direction in ("sendonly", "recvonly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A usable offer. `fingerprints` are (algorithm, value) of the browser's certificate."""

    sections: tuple[Section, ...]
    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]

    def sent(self, kind: str) -> Section | None:
        """The line on which the browser sends `kind`, if there is one."""
        for section in self.sections:
            if section.accepted and section.kind == kind and section.direction == "sendonly":
                return section
        return None

    def slots(self, kind: str) -> tuple[Section, ...]:
        """The lines on which the browser receives `kind`, in order."""
        return tuple(
            section
            for section in self.sections
            if section.accepted and section.kind == kind and section.direction == "recvonly"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotStream:
    """The fixed streams of a slot: its SSRC, and the one for resent packets (None without RTX)."""

    ssrc: int
    resend_ssrc: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Our side of the transport. `candidates` are (address, port), the most wanted first."""

    session: int
    version: int
    ufrag: str
    password: str
    fingerprint: str
    candidates: Sequence[tuple[str, int]]


# ---------------------------------------------------------------------------- reading


def read_offer(text: str) -> Offer:
    """The offer in `text`; raises MediaRefused with a code that starts with 'sdp-'."""
    if len(text) > OFFER_BYTES_MAX or len(text.encode("utf-8", "replace")) > OFFER_BYTES_MAX:
        raise MediaRefused("sdp-too-large", "The offer is too large.")
    lines = text.splitlines()
    if len(lines) > LINES_MAX:
        raise MediaRefused("sdp-too-large", "The offer has too many lines.")
    session, blocks = _split(lines)
    if not blocks:
        raise MediaRefused("sdp-malformed", "The offer describes no media.")
    if len(blocks) > SECTIONS_MAX:
        raise MediaRefused("sdp-too-many-lines", f"The offer has more than {SECTIONS_MAX} media lines.")

    shared = _Attributes(session)
    sections = tuple(_read_section(block, shared) for block in blocks)
    mids = [section.mid for section in sections]
    if len(set(mids)) != len(mids):
        raise MediaRefused("sdp-malformed", "Two media lines have the same mid.")
    bundle = next((group.split()[1:] for group in shared.all("group") if group.startswith("BUNDLE ")), [])
    accepted = [section for section in sections if section.accepted]
    if not accepted:
        raise MediaRefused("sdp-codec", "Nothing in the offer can be used: Opus and VP8 are needed.")
    if any(section.mid not in bundle for section in accepted):
        raise MediaRefused("sdp-no-bundle", "All media must share one transport (BUNDLE).")
    for kind in KINDS:
        if sum(section.kind == kind and section.direction == "sendonly" for section in accepted) > 1:
            raise MediaRefused("sdp-too-many-lines", f"Only one {kind} line can be sent.")

    first = _Attributes(blocks[mids.index(accepted[0].mid)][1:], shared)
    ufrag, password = first.one("ice-ufrag"), first.one("ice-pwd")
    if not ufrag or not password or not _ICE_CHARACTERS.fullmatch(ufrag):
        raise MediaRefused("sdp-no-ice", "The offer lacks its ICE user name and password.")
    if len(password) < 22 or not _ICE_CHARACTERS.fullmatch(password):
        raise MediaRefused("sdp-no-ice", "The offer's ICE password is not one.")
    if first.one("setup") not in ("actpass", "active"):
        raise MediaRefused("sdp-setup", "The browser must be able to start DTLS (setup:actpass).")
    return Offer(
        sections=sections,
        ufrag=ufrag,
        password=password,
        fingerprints=_read_fingerprints(first.all("fingerprint")),
    )


class _Attributes:
    """The a= lines of one block, falling back on those of the whole session."""

    def __init__(self, lines: Sequence[str], outer: _Attributes | None = None) -> None:
        self._found: dict[str, list[str]] = {}
        self._outer = outer
        for line in lines:
            if line.startswith("a="):
                name, _, value = line[2:].partition(":")
                self._found.setdefault(name, []).append(value.strip())

    def all(self, name: str) -> list[str]:
        if name not in self._found and self._outer is not None:
            return self._outer.all(name)
        return self._found.get(name, [])

    def own(self, name: str) -> list[str]:
        return self._found.get(name, [])

    def one(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None


def _split(lines: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    if not lines or lines[0].strip() != "v=0":
        raise MediaRefused("sdp-malformed", "The offer is not a session description.")
    session: list[str] = []
    blocks: list[list[str]] = []
    for line in lines:
        if line.startswith("m="):
            blocks.append([])
        (blocks[-1] if blocks else session).append(line)
    return session, blocks


def _read_section(block: Sequence[str], shared: _Attributes) -> Section:
    head = block[0][2:].split(" ")
    if len(head) < 4:
        raise MediaRefused("sdp-malformed", "A media line is cut off.")
    media, port, protocol = head[0], head[1], head[2]
    own = _Attributes(block[1:], shared)
    mid = (own.own("mid") or [""])[0]
    if not _TOKEN.fullmatch(mid):
        raise MediaRefused("sdp-malformed", "A media line lacks a usable mid.")
    directions = [name for name in _DIRECTIONS if own.own(name)]
    direction = directions[0] if directions else "sendrecv"
    kind = media if media in ("audio", "video") and port != "0" and protocol == "UDP/TLS/RTP/SAVPF" else "other"
    codec = None
    if kind != "other":
        if direction == "sendrecv":
            raise MediaRefused("sdp-direction", "Lines must be send-only or receive-only.")
        if not own.own("rtcp-mux"):
            raise MediaRefused("sdp-malformed", "RTP and RTCP must share one port (rtcp-mux).")
        codec = _read_codec(kind, head[3:], own)
        if kind == "video" and "slides" in ",".join(own.own("content")).split(","):
            kind = "screen"
    ssrcs, resends = _read_ssrcs(own)
    return Section(
        mid=mid,
        kind=kind,
        media=media if re.fullmatch(r"[a-z]{1,16}", media) else "application",
        protocol=protocol if re.fullmatch(r"[A-Z/a-z]{1,32}", protocol) else "UDP/TLS/RTP/SAVPF",
        formats=head[3] if re.fullmatch(r"[A-Za-z0-9\-]{1,32}", head[3]) else "0",
        direction=direction,
        codec=codec,
        extensions=_read_extensions(own),
        ssrcs=ssrcs,
        resends=resends,
        rids=_read_rids(own),
    )


def _read_codec(kind: str, formats: Sequence[str], own: _Attributes) -> Codec | None:
    wanted = ("opus", "48000/2") if kind == "audio" else ("vp8", "90000")
    parameters = dict(value.split(" ", 1) for value in own.own("fmtp") if " " in value)
    maps: dict[str, tuple[str, str]] = {}
    for value in own.own("rtpmap"):
        number, _, encoding = value.partition(" ")
        name, _, clock = encoding.strip().partition("/")
        maps[number] = (name.lower(), clock)
    chosen = next((number for number in formats if maps.get(number) == wanted), None)
    if chosen is None or (payload_type := _payload_type(chosen)) is None:
        return None
    resend = next(
        (
            number
            for number in formats
            if maps.get(number) == ("rtx", "90000")
            and f"apt={chosen}" in parameters.get(number, "").replace(" ", "").split(";")
        ),
        None,
    )
    feedback = frozenset(
        value.partition(" ")[2].strip() for value in own.own("rtcp-fb") if value.partition(" ")[0] in (chosen, "*")
    )
    return Codec(
        name=wanted[0],
        payload_type=payload_type,
        resend_type=_payload_type(resend) if resend is not None else None,
        feedback=feedback,
    )


def _payload_type(text: str) -> int | None:
    """A dynamic or static payload type that rtcp-mux leaves to RTP (RFC 5761 §4)."""
    if not re.fullmatch(r"[0-9]{1,3}", text):
        return None
    number = int(text)
    return number if number <= 63 or 96 <= number <= 127 else None


def _read_extensions(own: _Attributes) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in own.own("extmap"):
        match = re.fullmatch(r"([0-9]{1,3})(?:/[a-z]+)? (\S{1,200})(?: .*)?", value)
        if match and 1 <= int(match[1]) <= 255 and match[2] in _SENT_EXTENSIONS:
            found.setdefault(match[2], int(match[1]))
    return found


def _read_ssrcs(own: _Attributes) -> tuple[tuple[int, ...], dict[int, int]]:
    announced: list[int] = []
    for value in own.own("ssrc"):
        match = re.match(r"([0-9]{1,10})(?: |$)", value)
        if match and int(match[1]) < 1 << 32 and int(match[1]) not in announced:
            announced.append(int(match[1]))
    resends: dict[int, int] = {}
    for value in own.own("ssrc-group"):
        match = re.fullmatch(r"FID ([0-9]{1,10}) ([0-9]{1,10})", value)
        if match:
            resends[int(match[1])] = int(match[2])
    primary = [ssrc for ssrc in announced if ssrc not in resends.values()]
    return tuple(primary[:RIDS_MAX]), {ssrc: resends[ssrc] for ssrc in primary if ssrc in resends}


def _read_rids(own: _Attributes) -> tuple[str, ...]:
    for value in own.own("simulcast"):
        words = value.split()
        if "send" in words[:-1]:
            listed = words[words.index("send") + 1].split(";")
            rids = [option.split(",")[0].lstrip("~") for option in listed]
            if len(rids) > RIDS_MAX or len(set(rids)) != len(rids):
                raise MediaRefused("sdp-malformed", f"At most {RIDS_MAX} simulcast layers can be sent.")
            if not all(re.fullmatch(r"[A-Za-z0-9]{1,16}", rid) for rid in rids):
                raise MediaRefused("sdp-malformed", "A simulcast layer has no usable name.")
            return tuple(rids)
    return ()


def _read_fingerprints(values: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for value in values[:8]:
        algorithm, _, digest = value.partition(" ")
        algorithm, digest = algorithm.lower(), digest.strip().upper()
        if algorithm in _DIGEST_BYTES:
            if not _HEX_PAIRS.fullmatch(digest) or digest.count(":") + 1 != _DIGEST_BYTES[algorithm]:
                raise MediaRefused("sdp-no-fingerprint", "The certificate's fingerprint is not one.")
            found.append((algorithm, digest))
    if not found:
        raise MediaRefused("sdp-no-fingerprint", "The offer lacks a certificate fingerprint (SHA-256).")
    return tuple(found)


# ---------------------------------------------------------------------------- writing


def write_answer(offer: Offer, server: Server, slots: Mapping[str, SlotStream]) -> str:
    """The answer to `offer`; `slots` holds the streams of every accepted receive-only line, by mid."""
    bundled = [section.mid for section in offer.sections if section.accepted]
    lines = [
        "v=0",
        f"o=- {server.session} {server.version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE " + " ".join(bundled),
        "a=ice-lite",
        "a=msid-semantic: WMS *",
    ]
    numbering = departure_extension(offer)
    for section in offer.sections:
        lines += _write_section(section, server, slots, numbering)
    return "\r\n".join(lines) + "\r\n"


def departure_extension(offer: Offer) -> int:
    """Id of the header extension for transport-wide numbers towards the browser; 0 when it does not want them."""
    slots = [slot for kind in KINDS for slot in offer.slots(kind)]
    ids = {slot.extensions.get(TRANSPORT_CC, 0) for slot in slots}
    wanted = all(slot.codec is not None and "transport-cc" in slot.codec.feedback for slot in slots)
    number = ids.pop() if len(ids) == 1 and wanted else 0
    return number if number <= ONE_BYTE_ID_MAX else 0


def _write_section(section: Section, server: Server, slots: Mapping[str, SlotStream], numbering: int) -> list[str]:
    codec = section.codec
    if not section.accepted or codec is None:
        return [
            f"m={section.media} 0 {section.protocol} {section.formats}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{section.mid}",
            "a=inactive",
        ]
    formats = [codec.payload_type] + ([codec.resend_type] if codec.resend_type is not None else [])
    lines = [
        f"m={section.media} 9 UDP/TLS/RTP/SAVPF " + " ".join(map(str, formats)),
        "c=IN IP4 0.0.0.0",
        f"a=mid:{section.mid}",
        f"a=ice-ufrag:{server.ufrag}",
        f"a=ice-pwd:{server.password}",
        f"a=fingerprint:sha-256 {server.fingerprint}",
        "a=setup:passive",
        "a=rtcp-mux",
        "a=rtcp-rsize",
    ]
    # In a bundle the transport of the first line is everybody's.
    lines += [
        f"a=candidate:{index + 1} 1 udp {_priority(index)} {address} {port} typ host"
        for index, (address, port) in enumerate(server.candidates)
    ]
    lines.append("a=end-of-candidates")
    lines += _write_codec(section, codec, numbering)
    receives = section.direction == "sendonly"
    if receives:
        lines += [f"a=extmap:{section.extensions[uri]} {uri}" for uri in _SENT_EXTENSIONS if uri in section.extensions]
        lines.append("a=recvonly")
        if section.rids:
            lines += [f"a=rid:{rid} recv" for rid in section.rids]
            lines.append("a=simulcast:recv " + ";".join(section.rids))
        return lines
    # Every slot is a stream of its own: people's clocks must not be tied to each other's.
    stream, name = slots[section.mid], f"slot-{section.mid}"
    if numbering:
        lines.append(f"a=extmap:{numbering} {TRANSPORT_CC}")
    lines += ["a=sendonly", f"a=msid:{name} {name}"]
    if stream.resend_ssrc is not None:
        lines.append(f"a=ssrc-group:FID {stream.ssrc} {stream.resend_ssrc}")
    for ssrc in (stream.ssrc, stream.resend_ssrc):
        if ssrc is not None:
            lines.append(f"a=ssrc:{ssrc} cname:{name}")
    return lines


def _write_codec(section: Section, codec: Codec, numbering: int) -> list[str]:
    number = codec.payload_type
    if codec.name == "opus":
        lines = [
            f"a=rtpmap:{number} opus/48000/2",
            f"a=fmtp:{number} minptime=10;useinbandfec=1;usedtx=1",
        ]
        offered: tuple[str, ...] = ("transport-cc",)
    else:
        lines = [f"a=rtpmap:{number} VP8/90000"]
        if codec.resend_type is not None:
            lines += [f"a=rtpmap:{codec.resend_type} rtx/90000", f"a=fmtp:{codec.resend_type} apt={number}"]
        offered = ("transport-cc", "ccm fir", "nack", "nack pli")
    if section.direction == "recvonly" and not numbering:
        # The next best: the browser says itself what it can receive.
        offered = ("goog-remb", *offered[1:])
    return lines + [f"a=rtcp-fb:{number} {name}" for name in offered if name in codec.feedback]


def _priority(index: int) -> int:
    """Candidate priority of a host candidate (RFC 8445 §5.1.2.1); earlier ones are wanted more."""
    return (126 << 24) + ((65_535 - index) << 8) + 255
