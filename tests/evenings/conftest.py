"""Whole sessions with five browsers each: they take a machine's every core, so nothing else is timed beside them."""

from __future__ import annotations

from playwright.async_api import expect

expect.set_options(timeout=40_000)  # a busy machine is slow, not wrong
