"""Time as the domain knows it: integers handed in, never asked for."""

from __future__ import annotations

from typing import NewType

Instant = NewType("Instant", int)
"""Milliseconds since 1970-01-01T00:00Z. Within one room it never decreases."""

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
