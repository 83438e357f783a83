"""Any event at all, for properties (Hypothesis): well-formed, and otherwise as senseless as can be."""

from __future__ import annotations

from hypothesis import strategies as st

from facilitation.events import Event, HoursAmended, NoteSigned
from facilitation.people import SESSION_ROLES, Expected
from server.store import codec

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
st.register_type_strategy(str, TEXT)
st.register_type_strategy(int, st.integers(0, 2**53 - 1))
st.register_type_strategy(Expected, st.builds(Expected, role=st.sampled_from(sorted(SESSION_ROLES))))
CONTENT = st.dictionaries(TEXT, JSON, max_size=4)


def _any(kind: type[Event]) -> st.SearchStrategy[Event]:
    if kind is NoteSigned or kind is HoursAmended:
        return st.builds(kind, content=CONTENT)
    return st.builds(kind)


EVENTS = st.one_of(*(_any(kind) for kind in codec.EVENTS.values()))
