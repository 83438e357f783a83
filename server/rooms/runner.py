"""The hands of a room: effects become words to viewers and gates in the media plane, media facts become commands.

A *peer* belongs to the person whose connection agreed it. It outlives that connection for a while, so that a
browser which reconnects keeps its picture; the newest connection of that person that speaks of a peer has it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

import structlog

from facilitation.agreement import Kept
from facilitation.commands import ConnectMedia, LoseMedia
from facilitation.effects import (
    Brief,
    CloseMedia,
    Dismiss,
    DropMedia,
    Effect,
    Forward,
    KeepAgreement,
    Partition,
    PostHours,
)
from facilitation.effects import Nudge as NudgePerson
from facilitation.errors import Refusal
from facilitation.ids import PersonId, SessionId, SmallRoomId, SourceId
from facilitation.people import STAFF
from facilitation.policy import FACILITATORS
from facilitation.seats import Seat
from facilitation.timebase import Instant
from server.rooms.actor import Outcome, RoomActor
from server.rooms.audience import Audience
from server.rooms.ports import (
    Answer,
    Bye,
    Close,
    LayersNeeded,
    MediaConnected,
    MediaFact,
    MediaLost,
    MediaPlane,
    MediaRefused,
    NoMedia,
    Nudge,
    Qualities,
    Quality,
    QualityChanged,
    Refused,
    SendLayers,
    Slots,
    SlotsChanged,
    SpeakersChanged,
    Speaking,
    Talk,
    Viewer,
    Wish,
)
from server.rooms.ring import Ring
from server.rooms.talktime import NOBODY_YET, TalkTime

log = structlog.get_logger(__name__)

ORPHAN_S: Final = 30.0
"""How long a peer without a connection, or without a sign of life, is kept for its browser to come back."""
PEERS_PER_PERSON_MAX: Final = 6


@dataclass(slots=True, kw_only=True)
class Peer:
    """One WebRTC transport: whose it is, and which connection speaks for it (None: that one is gone)."""

    person: PersonId
    connection: SourceId | None
    connected: bool = False
    slots: Slots | None = None
    layers: SendLayers | None = None
    quality: Quality | None = None
    """None: good, and nothing else was told since it connected."""
    deadline: asyncio.TimerHandle | None = None
    """Runs while nobody speaks for it or nothing is heard from it."""


class Runner:
    """Carries out what follows from a room's events. Nothing here fails the room."""

    def __init__(
        self,
        session: SessionId,
        *,
        media: MediaPlane,
        audience: Audience,
        on_signed: Callable[[SessionId], None],
        on_agreed: Callable[[SessionId, Kept], None],
        on_expected: Callable[[SessionId], None],
        sealed_only: bool = False,
        spoken_ms: Mapping[str, int] = NOBODY_YET,
    ) -> None:
        self._session = session
        self._media = media
        self._audience = audience
        self._on_signed = on_signed
        self._on_agreed = on_agreed
        self._on_expected = on_expected
        self._sealed_only = sealed_only
        self.ring = Ring(audience)
        self._talk = TalkTime(spoken_ms)
        self._actor: RoomActor | None = None
        self._peers: dict[SourceId, Peer] = {}
        self._offers: dict[SourceId, asyncio.Task[None]] = {}
        self._spoke: set[PersonId] = set()

    def attach(self, actor: RoomActor) -> None:
        """Where commands go that the world gives."""
        self._actor = actor

    def close(self) -> None:
        """Let go of everything in the media plane."""
        for task in self._offers.values():
            task.cancel()
        for peer in self._peers.values():
            _disarm(peer)
        self._peers.clear()
        self.ring.clear()
        self._guarded(lambda: self._media.close_room(room=self._session))

    # ------------------------------------------------------------------ effects

    def run(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Forward(person=person, microphone=microphone, camera=camera, screen=screen):
                    self._forward(person, microphone=microphone, camera=camera, screen=screen)
                case Partition(rooms=rooms):
                    self._partition(rooms)
                case DropMedia(person=person):
                    for id_ in [id_ for id_, peer in self._peers.items() if peer.person == person]:
                        self._drop(id_)
                    self.ring.drop(person)
                case CloseMedia():
                    for id_ in list(self._peers):
                        self._drop(id_)
                    self.ring.clear()
                    self._guarded(lambda: self._media.close_room(room=self._session))
                case NudgePerson(person=person, kind=kind):
                    self._audience.tell(Nudge(kind=kind), self._audience.of(person))
                case Dismiss(person=person, reason=reason):
                    for viewer in self._audience.of(person):
                        if not viewer.record:
                            viewer.tell(Bye(reason=reason))
                            viewer.close(Close.BYE)
                case PostHours():
                    self._on_signed(self._session)
                case KeepAgreement():
                    assert self._actor is not None
                    self._on_agreed(self._session, self._actor.state.agreement.stands)
                case Brief():
                    self._on_expected(self._session)
                case _:
                    assert_never(effect)

    def _forward(self, person: PersonId, *, microphone: bool, camera: bool, screen: bool) -> None:
        gates = {"microphone": microphone, "camera": camera, "screen": screen}
        self._guarded(lambda: self._media.forward(room=self._session, source=person, **gates))

    def _partition(self, rooms: Mapping[PersonId, SmallRoomId]) -> None:
        parts = {str(person): str(room) for person, room in rooms.items()}
        self._guarded(lambda: self._media.partition(room=self._session, parts=parts))

    def _seat(self, person: PersonId) -> Seat | None:
        """The seat of a person who is in the room."""
        assert self._actor is not None
        seat = self._actor.state.seats.known(person)
        return seat if seat is not None and seat.in_room else None

    def welcome(self, viewer: Viewer) -> None:
        """What a connection that has just come is told beside its view: staff, who struggles; who leads, how long each
        spoke until now."""
        if viewer.record:
            return
        if viewer.expected.role in STAFF and (struggling := self._struggling()):
            viewer.tell(Qualities(people=struggling))
        if viewer.expected.role in FACILITATORS and self._talk.spoken_ms:
            viewer.tell(Talk(ms=self._talk.spoken_ms))

    # ------------------------------------------------------------------ offers and wishes

    def offer(self, viewer: Viewer, *, offer_id: str, peer: str | None, sdp: str) -> None:
        """Agree media with a browser; its answer or refusal follows. One offer of a connection at a time."""

        def refuse(code: str, text: str) -> None:
            viewer.tell(Refused(command_id=offer_id, code=code, text=text))

        if viewer.record or self._seat(viewer.expected.person) is None:
            refuse("not_in_room", "Camera and microphone connect once you are in the room.")
        elif self._sealed_only and not self.ring.holds(viewer):
            refuse("encryption_needed", "Sound and pictures are locked from end to end here, and your browser cannot.")
        elif viewer.connection in self._offers:
            refuse("offer_pending", "An offer of this connection is being answered already.")
        elif peer is not None and self._claim(viewer, peer) is None:
            viewer.tell(NoMedia(peer=peer[:64]))
            refuse("no_media", "The media connection is gone. It will be made anew.")
        elif peer is None and sum(known.person == viewer.expected.person for known in self._peers.values()) >= (
            PEERS_PER_PERSON_MAX
        ):
            refuse("too_many", "Too many of your devices send media already.")
        else:
            id_ = SourceId(peer or f"m{secrets.token_urlsafe(9)}")
            if peer is None:
                self._peers[id_] = Peer(person=viewer.expected.person, connection=viewer.connection)
            self.ring.with_media(viewer)
            task = asyncio.create_task(self._join(viewer, offer_id, id_, sdp), name=f"offer {id_}")
            self._offers[viewer.connection] = task
            task.add_done_callback(lambda _: self._offers.pop(viewer.connection, None))

    async def _join(self, viewer: Viewer, offer_id: str, id_: SourceId, sdp: str) -> None:
        person = viewer.expected.person
        try:
            answer = await self._media.join(room=self._session, source=person, peer=id_, offer=sdp)
        except Exception as error:
            peer = self._peers.get(id_)
            if peer is not None and not peer.connected:
                self._forget(id_)
            if isinstance(error, MediaRefused):
                viewer.tell(Refused(command_id=offer_id, code=error.code, text=error.text))
                return
            log.exception("offer failed", session=self._session, peer=id_)
            text = "Camera and microphone could not be connected. Please try again."
            viewer.tell(Refused(command_id=offer_id, code="media_failed", text=text))
            return
        peer, seat = self._peers.get(id_), self._seat(person)
        if peer is None or seat is None:  # sent out of the room meanwhile
            self._guarded(lambda: self._media.leave(room=self._session, peer=id_))
            viewer.tell(Refused(command_id=offer_id, code="not_in_room", text="You are not in the room any more."))
            return
        assert self._actor is not None
        state = self._actor.state
        self._partition(state.breakouts.where)  # a plane that was started anew knows nothing yet
        shares = person in state.screen.showing
        self._forward(person, microphone=seat.microphone, camera=seat.camera, screen=shares)
        viewer.tell(Answer(offer_id=offer_id, peer=id_, sdp=answer))
        self._tell_signals(viewer, peer)

    def _tell_signals(self, viewer: Viewer, peer: Peer) -> None:
        """What holds for a peer now, for a connection that may not know it."""
        for signal in (peer.slots, peer.layers, peer.quality):
            if signal is not None:
                viewer.tell(signal)

    def wish(self, viewer: Viewer, *, peer: str, wish: Wish) -> None:
        if self._claim(viewer, peer) is None:
            viewer.tell(NoMedia(peer=peer))
            return
        self._guarded(lambda: self._media.wish(room=self._session, peer=peer, wish=wish))

    def _claim(self, viewer: Viewer, id_: str) -> Peer | None:
        """The peer of that name, if it is this person's; from now on this connection speaks for it."""
        peer = self._peers.get(SourceId(id_))
        if peer is None or peer.person != viewer.expected.person:
            return None
        if peer.connection != viewer.connection:
            peer.connection = viewer.connection
            if peer.connected:
                _disarm(peer)
            self._tell_signals(viewer, peer)
        return peer

    def announce_key(self, viewer: Viewer, key: str | None) -> None:
        """A browser in the room says with which public key others can lock something for it; None: it cannot."""
        if not viewer.record and self._seat(viewer.expected.person) is not None:
            self.ring.announce(viewer, key)

    # ------------------------------------------------------------------ facts

    def gone(self, viewer: Viewer) -> None:
        """A connection ended: its peers wait for the person's next one, or for silence."""
        self.ring.gone(viewer)
        for id_, peer in self._peers.items():
            if peer.connection == viewer.connection:
                peer.connection = None
                self._arm(id_, peer)

    def fact(self, fact: MediaFact) -> None:
        """Something became of a peer of this room."""
        match fact:
            case MediaConnected(peer=id_):
                self._connected(SourceId(id_))
            case MediaLost(peer=id_, heard=heard):
                self._lost(SourceId(id_), heard)
            case SlotsChanged(peer=id_, audio=audio, video=video, screen=screen):
                if (peer := self._peers.get(SourceId(id_))) is not None:
                    peer.slots = Slots(peer=id_, audio=audio, video=video, screen=screen)
                    if (viewer := self._speaker_for(peer)) is not None:
                        viewer.tell(peer.slots)
            case LayersNeeded(peer=id_, video=video):
                if (peer := self._peers.get(SourceId(id_))) is not None:
                    peer.layers = SendLayers(peer=id_, video=video)
                    if (viewer := self._speaker_for(peer)) is not None:
                        viewer.tell(peer.layers)
            case SpeakersChanged(levels=levels):
                self._spoke.update(map(PersonId, levels))
                self._tell_speaking(levels)
                self._add_talk(levels)
            case QualityChanged(peer=id_, quality=quality, direction=direction):
                if (peer := self._peers.get(SourceId(id_))) is not None:
                    peer.quality = Quality(peer=id_, quality=quality, direction=direction)
                    if (viewer := self._speaker_for(peer)) is not None:
                        viewer.tell(peer.quality)
                    self._tell_qualities()
            case _:
                assert_never(fact)

    def heard(self) -> Mapping[str, Instant]:
        """When each connected peer was last heard."""
        try:
            found = self._media.heard(room=self._session)
        except Exception:
            log.exception("media plane failed", session=self._session)
            return {}
        return {id_: at for id_, at in found.items() if (p := self._peers.get(SourceId(id_))) and p.connected}

    @property
    def spoken_ms(self) -> Mapping[str, int]:
        """How long each was heard speaking until now."""
        return self._talk.spoken_ms

    def spoke(self) -> tuple[PersonId, ...]:
        """Who was heard speaking since this was asked last."""
        spoke, self._spoke = self._spoke, set()
        return tuple(sorted(spoke))

    def _connected(self, id_: SourceId) -> None:
        peer = self._peers.get(id_)
        if peer is None:
            self._guarded(lambda: self._media.leave(room=self._session, peer=id_))
            return
        peer.connected = True
        if peer.connection is not None:
            _disarm(peer)
        if peer.quality is not None:  # what was said of it was of before
            peer.quality = None
            if (viewer := self._speaker_for(peer)) is not None:
                viewer.tell(Quality(peer=id_, quality="good", direction=""))

        def answered(outcome: Outcome) -> None:
            if isinstance(outcome, Refusal):
                self._forget(id_)

        self._ask(ConnectMedia(peer=id_, person=peer.person), answered)

    def _lost(self, id_: SourceId, heard: Instant) -> None:
        """It may come back by itself or by a new offer: it is kept for a while."""
        peer = self._peers.get(id_)
        if peer is None:
            return
        peer.connected = False
        self._arm(id_, peer)
        self._ask(LoseMedia(peer=id_, heard=heard))
        self._tell_qualities()

    # ------------------------------------------------------------------ inside

    def _speaker_for(self, peer: Peer) -> Viewer | None:
        return None if peer.connection is None else self._audience.get(peer.connection)

    def _tell_speaking(self, levels: Mapping[str, int]) -> None:
        """Each room is told who speaks in it, and nothing of the others."""
        assert self._actor is not None
        where = self._actor.state.breakouts.where
        told: dict[SmallRoomId | None, Speaking] = {}
        for viewer in self._audience:
            if viewer.record or self._seat(viewer.expected.person) is None:
                continue
            here = where.get(viewer.expected.person)
            if here not in told:
                told[here] = Speaking(
                    levels={name: at for name, at in levels.items() if where.get(PersonId(name)) == here}
                )
            viewer.tell(told[here])

    def _add_talk(self, speaking: Iterable[str]) -> None:
        assert self._actor is not None
        now = self._actor.now()
        self._talk.heard(speaking, now, counts=self._actor.state.phase == "running")
        if self._talk.due(now):
            told = Talk(ms=self._talk.spoken_ms)
            self._audience.tell(told, (v for v in self._audience if v.expected.role in FACILITATORS))

    def _tell_qualities(self) -> None:
        self._audience.tell(Qualities(people=self._struggling()), self._audience.staff())

    def _struggling(self) -> dict[str, str]:
        """Whose connection is weak or poor: the word of the worst of their devices."""
        worst: dict[str, str] = {}
        for peer in self._peers.values():
            word = peer.quality.quality if peer.connected and peer.quality is not None else "good"
            if word != "good" and worst.get(peer.person) != "poor":
                worst[peer.person] = word
        return worst

    def _arm(self, id_: SourceId, peer: Peer) -> None:
        if peer.deadline is None:
            peer.deadline = asyncio.get_running_loop().call_later(ORPHAN_S, self._orphaned, id_)

    def _orphaned(self, id_: SourceId) -> None:
        if (peer := self._peers.get(id_)) is None:
            return
        if (viewer := self._speaker_for(peer)) is not None:
            viewer.tell(NoMedia(peer=id_))
        self._drop(id_)

    def _drop(self, id_: SourceId) -> None:
        """Take a peer out of the media plane, and end the presence that it proved."""
        peer = self._peers.get(id_)
        if peer is None:
            return
        heard = self.heard().get(id_)
        self._forget(id_)
        if peer.quality is not None:
            self._tell_qualities()
        if peer.connected:
            assert self._actor is not None
            self._ask(LoseMedia(peer=id_, heard=heard or self._actor.now()))

    def _forget(self, id_: SourceId) -> None:
        if (peer := self._peers.pop(id_, None)) is not None:
            _disarm(peer)
        self._guarded(lambda: self._media.leave(room=self._session, peer=id_))

    def _ask(self, command: ConnectMedia | LoseMedia, answer: Callable[[Outcome], None] | None = None) -> None:
        assert self._actor is not None
        if answer is None:
            self._actor.ask(command, always=True)
        else:
            self._actor.ask(command, answer=answer, always=True)

    def _guarded(self, call: Callable[[], None]) -> None:
        """The media plane's mistake is not the room's end."""
        try:
            call()
        except Exception:
            log.exception("media plane failed", session=self._session)


def _disarm(peer: Peer) -> None:
    if peer.deadline is not None:
        peer.deadline.cancel()
        peer.deadline = None
