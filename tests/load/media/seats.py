"""Seats: ICE and DTLS for one connection, by the parts the media tests use; then the socket goes to the crowd."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import cast

import pylibsrtp
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_PROFILES
from aiortc.sdp import SessionDescription

from tests.load.media.crowd import End
from tests.load.media.scene import Scene
from tests.media.rawpeer import AUDIO, RawPeer


def agree_on_one_cipher() -> None:
    """Let every seat of this process offer AES-128-GCM alone, so that all servers encrypt alike."""
    SRTP_PROFILES[:] = [SRTP_AEAD_AES_128_GCM]


CANDIDATE = "a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"
"""An offer without any candidate makes Janus wait for one; where we really are it learns from our checks."""

OPUS = f"a=rtpmap:{AUDIO} opus/48000/2\r\n"


class Seat(RawPeer):
    """One connection of one person. After `hand_over` only its checks still go by Python."""

    _socket: socket.socket | None = None

    def offer(self) -> str:
        """A browser's offer: sound, too, is to be numbered for transport-wide feedback."""
        return super().offer().replace(OPUS, OPUS + f"a=rtcp-fb:{AUDIO} transport-cc\r\n")

    async def move(self) -> None:
        """Take a socket at the server's own address, whatever that is, and have it checked."""
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=(self._server[0], 0)
        )
        self._pings = asyncio.ensure_future(self._ping())
        await asyncio.wait_for(self._answered.wait(), 5)

    def hand_over(self, room: int, seat: int, sends: dict[int, int]) -> End:
        """Give the socket and the SRTP sessions to the crowd."""
        assert self._dtls is not None
        assert self._transport is not None
        assert self._dtls._ssl is not None
        profile = self._dtls._ssl.get_selected_srtp_profile()
        assert profile == b"SRTP_AEAD_AES_128_GCM", f"another cipher was agreed on: {profile!r}"
        here = self._transport.get_extra_info("socket")
        self._socket = socket.socket(fileno=os.dup(here.fileno()))
        self._socket.connect(self._server)
        self._transport.close()
        self._transport = None
        return End(
            fd=self._socket.fileno(),
            seal=cast(pylibsrtp.Session, self._dtls._tx_srtp),
            open=cast(pylibsrtp.Session, self._dtls._rx_srtp),
            room=room,
            seat=seat,
            sends=sends,
        )

    def raw(self, data: bytes) -> None:
        if self._socket is None:
            super().raw(data)
            return
        try:
            self._socket.send(data)
        except OSError:  # The server is gone; the run will tell.
            pass

    async def close(self, *, goodbye: bool = True) -> None:
        await super().close(goodbye=goodbye)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def answer(self, offer: str) -> str:
        """The answer of a viewer who takes every line of `offer` and starts DTLS."""
        digest = next(f.value for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        parsed = SessionDescription.parse(offer)
        mids = " ".join(media.rtp.muxId for media in parsed.media)
        text = f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mids}\r\n"
        for media in parsed.media:
            codec = media.rtp.codecs[0]
            text += (
                f"m={media.kind} 9 UDP/TLS/RTP/SAVPF {codec.payloadType}\r\nc=IN IP4 0.0.0.0\r\n"
                f"{CANDIDATE}a=mid:{media.rtp.muxId}\r\na=recvonly\r\na=rtcp-mux\r\na=setup:active\r\n"
                f"a=ice-ufrag:{self.ufrag}\r\na=ice-pwd:{self.password}\r\na=fingerprint:sha-256 {digest}\r\n"
                f"a=rtpmap:{codec.payloadType} {codec.mimeType.split('/')[1]}/{codec.clockRate}"
                + ("/2" if media.kind == "audio" else "")
                + "\r\n"
                + "".join(
                    f"a=rtcp-fb:{codec.payloadType} transport-cc\r\n"
                    for each in codec.rtcpFeedback
                    if each.type == "transport-cc"
                )
            )
            text += "".join(f"a=extmap:{extension.id} {extension.uri}\r\n" for extension in media.rtp.headerExtensions)
        return text


def ssrcs(seat: Seat, scene: Scene, place: int) -> dict[int, int]:
    """An SSRC for each stream of `place`, by the stream's index: those the offer announced, else any."""
    plain = {"sound": seat.audio_ssrc, "picture": seat.video_ssrc}
    return {
        index: plain[stream.kind] if not stream.rid else 1 + int.from_bytes(os.urandom(4), "big") % (2**32 - 2)
        for index, stream in scene.of(place).items()
    }
