"""The one gate for keyframe requests to a layer: many ask, the sender hears it seldom."""

from __future__ import annotations

PAUSE_US = 500_000


class KeyframeGate:
    """Coalesces requests: at most one per PAUSE_US, repeated until a keyframe came."""

    __slots__ = ("_asked_at_us", "_wanted")

    def __init__(self) -> None:
        self._wanted = False
        self._asked_at_us: int | None = None

    @property
    def wanted(self) -> bool:
        return self._wanted

    def ask(self) -> None:
        """Somebody needs a keyframe."""
        self._wanted = True

    def came(self) -> None:
        """A keyframe passed: nobody waits any longer."""
        self._wanted = False

    def due(self, now_us: int) -> bool:
        """True when a request must be sent now; counts it as sent."""
        if not self._wanted:
            return False
        if self._asked_at_us is not None and now_us - self._asked_at_us < PAUSE_US:
            return False
        self._asked_at_us = now_us
        return True
