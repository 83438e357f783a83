"""Measures over many sessions: what is due for whom, and what was handed in so far."""
