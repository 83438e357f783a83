"""The one gate for keyframe requests to a layer: many ask, the sender hears it seldom."""

from __future__ import annotations

PAUSE_US = 500_000


class KeyframeGate:
    """Coalesces requests: at most one per PAUSE_US, repeated until a keyframe came."""

    __slots__ = ("_asked_at_us", "_not_before_us", "_wanted")

    def __init__(self) -> None:
        self._wanted = False
        self._asked_at_us: int | None = None
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

    def due(self, now_us: int) -> bool:
        """True when a request must be sent now; counts it as sent."""
        if not self._wanted or now_us < self._not_before_us:
            return False
        if self._asked_at_us is not None and now_us - self._asked_at_us < PAUSE_US:
            return False
        self._asked_at_us = now_us
        return True
