"""Outcomes of runs that never were, to do arithmetic with."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from tests.load.media.crowd import Outcome


def outcome(**given: Any) -> Outcome:
    """A run with these values and zeros for the rest; it took a second."""
    return Outcome(**{**{field.name: 0 for field in fields(Outcome)}, "seconds": 1.0, **given})
