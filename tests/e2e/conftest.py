"""Fixtures of the browser's tests."""

from __future__ import annotations

from tests.support.visits import house, visits

__all__ = ["house", "visits"]
