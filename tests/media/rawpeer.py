"""A peer whose every packet the test chooses: aiortc's DTLS and SRTP, and a controlling ICE agent of 40 lines."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, cast

import pylibsrtp
from aioice import stun
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, RTCIceTransport
from aiortc.sdp import SessionDescription

from server.sfu.rtp.demux import Kind, classify
from server.sfu.rtp.packet import RtpPacket
from tests.unit.sfu.packets import rtp, vp8

AUDIO, VIDEO, RESEND = 111, 96, 97
LEVEL_ID, TWCC_ID, MID_ID, RID_ID, REPAIRED_ID = 1, 3, 4, 10, 11

_EXTENSIONS = (
    f"a=extmap:{LEVEL_ID} urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    f"a=extmap:{TWCC_ID} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    f"a=extmap:{MID_ID} urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    f"a=extmap:{RID_ID} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
    f"a=extmap:{REPAIRED_ID} urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n"
)
_LINES = {
    "audio": f"m=audio 9 UDP/TLS/RTP/SAVPF {AUDIO}\r\na=rtpmap:{AUDIO} opus/48000/2\r\n",
    "video": (
        f"m=video 9 UDP/TLS/RTP/SAVPF {VIDEO} {RESEND}\r\na=rtpmap:{VIDEO} VP8/90000\r\n"
        f"a=rtpmap:{RESEND} rtx/90000\r\na=fmtp:{RESEND} apt={VIDEO}\r\n"
        f"a=rtcp-fb:{VIDEO} nack\r\na=rtcp-fb:{VIDEO} nack pli\r\na=rtcp-fb:{VIDEO} transport-cc\r\n"
    ),
}


_LINES["screen"] = _LINES["video"] + "a=content:slides\r\n"


class RawPeer(asyncio.DatagramProtocol):
    """One peer on one socket. What it received stands decrypted in `packets` and `control`."""

    def __init__(
        self,
        *,
        audio_slots: int = 2,
        video_slots: int = 2,
        screen_slots: int = 0,
        rids: tuple[str, ...] = (),
        publishes: bool = True,
    ) -> None:
        self._slots = {"audio": audio_slots, "video": video_slots, "screen": screen_slots}
        self._rids = rids
        self._publishes = publishes
        self._certificate = RTCCertificate.generateCertificate()
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.audio_ssrc, self.video_ssrc, self.resend_ssrc = (1 + secrets.randbelow(2**32 - 1) for _ in range(3))
        self.slots: dict[str, int] = {}
        """mid of each slot -> its SSRC, from the answer."""
        self.resends: dict[int, int] = {}
        self.packets: list[RtpPacket] = []
        self.control: list[bytes] = []
        self.is_mute = False
        """Sends nothing at all any more, as a sleeping laptop."""
        self.is_counting = False
        """Only counts what comes, in `counted`, without looking into it: for load."""
        self.counted = 0
        self.checks_answered = 0
        self.on_packet: Callable[[RtpPacket], None] | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._server: tuple[str, int] = ("", 0)
        self._remote = ("", "")
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._dtls: RTCDtlsTransport | None = None
        self._pings: asyncio.Task[None] | None = None
        self._answered = asyncio.Event()
        self._arrived = asyncio.Event()
        self.copies: list[bytes] | None = None
        """Every datagram sent from now on, when set to a list."""
        self.twcc = 0
        self.role = "controlling"

    # ------------------------------------------------------------------ signalling

    def offer(self) -> str:
        digest = next(f.value for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        kinds = [("audio", "sendonly"), ("video", "sendonly")] if self._publishes else []
        kinds += [(kind, "recvonly") for kind, count in self._slots.items() for _ in range(count)]
        mids = " ".join(str(n) for n in range(len(kinds)))
        text = (
            f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mids}\r\n"
            f"a=ice-ufrag:{self.ufrag}\r\na=ice-pwd:{self.password}\r\na=setup:actpass\r\n"
            f"a=fingerprint:sha-256 {digest}\r\n"
        )
        for mid, (kind, direction) in enumerate(kinds):
            text += f"{_LINES[kind]}c=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na={direction}\r\na=rtcp-mux\r\n{_EXTENSIONS}"
            if direction != "sendonly":
                continue
            if kind == "audio":
                text += f"a=ssrc:{self.audio_ssrc} cname:x\r\n"
            elif self._rids:
                text += "".join(f"a=rid:{rid} send\r\n" for rid in self._rids)
                text += f"a=simulcast:send {';'.join(self._rids)}\r\n"
            else:
                text += f"a=ssrc-group:FID {self.video_ssrc} {self.resend_ssrc}\r\n"
                text += f"a=ssrc:{self.video_ssrc} cname:x\r\na=ssrc:{self.resend_ssrc} cname:x\r\n"
        return text

    async def connect(self, answer: str, *, port: int | None = None) -> None:
        """ICE, and at the first time DTLS, with the server of `answer`; `port` overrides its candidate's."""
        parsed = SessionDescription.parse(answer)
        media = parsed.media[0]
        assert media.ice.usernameFragment is not None
        assert media.ice.password is not None
        self._remote = (media.ice.usernameFragment, media.ice.password)
        candidate = media.ice_candidates[0]
        self._server = (candidate.ip, port or candidate.port)
        for line in parsed.media:
            if line.ssrc:
                self.slots[line.rtp.muxId] = line.ssrc[0].ssrc
                if line.ssrc_group:
                    self.resends[line.ssrc[0].ssrc] = line.ssrc_group[0].items[1]
        await self.move()
        if self._dtls is None:
            assert media.dtls is not None
            # This object has the few members of an ICE transport that DTLS uses.
            self._dtls = RTCDtlsTransport(cast(RTCIceTransport, self), [self._certificate])
            self._dtls._set_role("client")
            fingerprints = [RTCDtlsFingerprint(f.algorithm, f.value) for f in media.dtls.fingerprints]
            await asyncio.wait_for(self._dtls.start(RTCDtlsParameters(fingerprints=fingerprints)), 40)
            assert self._dtls.state == "connected"

    async def move(self) -> None:
        """Take a new socket, as after a change of networks, and have it checked."""
        if self._transport is not None:
            self._transport.close()
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=("::1" if ":" in self._server[0] else "127.0.0.1", 0)
        )
        self._answered.clear()
        if self._pings is None:
            self._pings = asyncio.ensure_future(self._ping())
        else:
            self._check()
        await asyncio.wait_for(self._answered.wait(), 40)

    def restart_credentials(self) -> None:
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)

    async def close(self, *, goodbye: bool = True) -> None:
        if self._pings is not None:
            self._pings.cancel()
            await asyncio.wait([self._pings])
            self._pings = None
        self.is_mute = self.is_mute or not goodbye
        if self._dtls is not None:
            await self._dtls.stop()
            self._dtls.remove_all_listeners()
            self._dtls = None
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    # ------------------------------------------------------------------ ICE

    async def _ping(self) -> None:
        while True:
            self._check()
            await asyncio.sleep(2.0 if self._answered.is_set() else 0.1)

    def _check(self) -> None:
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._remote[0]}:{self.ufrag}"
        request.attributes["PRIORITY"] = 1
        request.attributes["ICE-CONTROLLING"] = 7
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._remote[1].encode())
        self.raw(bytes(request))

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        if self.copies is not None:
            self.copies.append(data)
        if self._transport is not None and not self.is_mute:
            self._transport.sendto(data, self._server)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        kind = classify(data)
        if kind is Kind.STUN:
            message = stun.parse_message(data)
            if message.message_class is stun.Class.RESPONSE:
                self._answered.set()
            elif message.message_class is stun.Class.REQUEST and message.check_message_integrity(
                self.password.encode()
            ):
                self.checks_answered += 1
                reply = stun.Message(
                    message_method=stun.Method.BINDING,
                    message_class=stun.Class.RESPONSE,
                    transaction_id=message.transaction_id,
                )
                reply.attributes["XOR-MAPPED-ADDRESS"] = addr[:2]
                reply.add_message_integrity(self.password.encode())
                self.raw(bytes(reply))
        elif kind is Kind.DTLS:
            self._inbox.put_nowait(data)
        elif self.is_counting:
            self.counted += kind is Kind.RTP
        elif self._dtls is not None and self._dtls._rx_srtp is not None:
            if kind is Kind.RTP:
                packet = RtpPacket(self._dtls._rx_srtp.unprotect(data))
                self.packets.append(packet)
                if self.on_packet is not None:
                    self.on_packet(packet)
            else:
                self.control.append(self._dtls._rx_srtp.unprotect_rtcp(data))
            self._arrived.set()

    async def _recv(self) -> bytes:
        return await self._inbox.get()

    async def _send(self, data: bytes) -> None:
        self.raw(data)

    # ------------------------------------------------------------------ media

    def protect(self, plain: bytes) -> bytes:
        assert self._dtls is not None
        session = cast(pylibsrtp.Session, self._dtls._tx_srtp)
        return bytes(session.protect(plain))

    def send_audio(self, number: int, *, level: int = 30) -> None:
        extensions = {LEVEL_ID: bytes([level]), TWCC_ID: self.twcc.to_bytes(2, "big"), MID_ID: b"0"}
        self.twcc = (self.twcc + 1) & 0xFFFF
        self.raw(
            self.protect(
                rtp(
                    sequence=number,
                    timestamp=number * 960,
                    ssrc=self.audio_ssrc,
                    payload_type=AUDIO,
                    payload=b"opus%d" % number,
                    extensions=extensions,
                )
            )
        )

    def video(
        self, number: int, *, keyframe: bool = False, rid: str = "", ssrc: int | None = None, body: bytes = b""
    ) -> bytes:
        """One frame of one packet, not yet protected; "frame" and its number, where nothing else is given."""
        extensions = {TWCC_ID: self.twcc.to_bytes(2, "big"), MID_ID: b"1"}
        self.twcc = (self.twcc + 1) & 0xFFFF
        if rid:
            extensions[RID_ID] = rid.encode()
        return rtp(
            sequence=number,
            timestamp=number * 6_000,
            ssrc=ssrc or self.video_ssrc,
            payload_type=VIDEO,
            payload=vp8(
                picture=number & 0x7FFF,
                tl0=number & 0xFF,
                keyframe=keyframe,
                height=180,
                body=body or b"frame%d" % number,
            ),
            marker=True,
            extensions=extensions,
        )

    def send_video(
        self, number: int, *, keyframe: bool = False, rid: str = "", ssrc: int | None = None, body: bytes = b""
    ) -> None:
        self.raw(self.protect(self.video(number, keyframe=keyframe, rid=rid, ssrc=ssrc, body=body)))

    def send_control(self, plain: bytes) -> None:
        assert self._dtls is not None
        self.raw(self._dtls._tx_srtp.protect_rtcp(plain))

    def of(self, ssrc: int) -> list[RtpPacket]:
        return [packet for packet in self.packets if packet.ssrc == ssrc]

    async def until(self, holds: Callable[[], Any], seconds: float = 40) -> None:
        """Wait until something that arrived makes `holds` true."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not holds():
            self._arrived.clear()
            left = deadline - asyncio.get_running_loop().time()
            await asyncio.wait_for(self._arrived.wait(), max(0.0, left))
