"""The one gate for keyframe requests to a layer: many ask, the sender hears it seldom."""

from __future__ import annotations

PAUSE_US = 500_000
ANSWER_MIN_US, FRAME_US = 200_000, 100_000
"""A request that nothing answered is taken for lost after one and a half round trips and what a sender takes to make a
picture, and no sooner than this; the next one after twice as long."""


class KeyframeGate:
    """Coalesces requests: at most one per PAUSE_US, sooner again where none was answered, until a keyframe came."""

    __slots__ = ("_asked_at_us", "_not_before_us", "_unanswered", "_wanted")

    def __init__(self) -> None:
        self._wanted = False
        self._asked_at_us: int | None = None
        self._unanswered = 0
        self._not_before_us = 0

    @property
    def wanted(self) -> bool:
        return self._wanted

    def ask(self, not_before_us: int = 0) -> None:
        """Somebody needs a keyframe, and can wait until then; whoever can wait the least decides."""
        self._not_before_us = min(not_before_us, self._not_before_us) if self._wanted else not_before_us
        self._wanted = True

    def came(self) -> None:
        """A keyframe passed, or none ever will: nobody waits any longer."""
        self._wanted = False
        self._unanswered = 0

    def due(self, now_us: int, round_trip_us: int) -> bool:
        """True when a request must be sent now; counts it as sent."""
        if not self._wanted or now_us < self._not_before_us:
            return False
        pause_us = PAUSE_US
        if self._unanswered:
            answer_us = max(round_trip_us * 3 // 2 + FRAME_US, ANSWER_MIN_US)
            pause_us = min(self._unanswered * answer_us, PAUSE_US)
        if self._asked_at_us is not None and now_us - self._asked_at_us < pause_us:
            return False
        self._asked_at_us = now_us
        self._unanswered += 1
        return True
