"""Logs that hold no personal data: one line per event, for people or for machines, redacted whoever wrote it.

Three nets, because one is not enough: values are wrapped in `Private` where they enter; keys that hold personal
data are emptied whatever their value; and in every text the tokens of links and the addresses of people are
blotted out, also in what uvicorn and aiortc log.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import sys
from typing import Generic, Literal, TextIO, TypeVar

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

T = TypeVar("T")

BLOT = "(private)"
TEXT_CHARACTERS_MAX = 8_000
DEPTH_MAX = 4

PRIVATE_KEYS = frozenset(
    {
        *("name", "names", "display_name", "full_name", "nickname", "pronouns"),
        *("email", "phone", "callback", "callback_number", "location", "address", "ip", "peer_address"),
        *("text", "message", "chat", "note", "notes", "narrative", "line", "answer", "answers", "goal", "body"),
        *("ticket", "token", "link", "secret", "password", "key", "keys", "cookie", "cookies", "authorization"),
        *("sdp", "offer", "candidate", "candidates", "headers", "query", "form", "view"),
    }
)

# What follows these in an address opens a door: /j/TOKEN, ?ticket=TOKEN.
_TOKEN = re.compile(r"(/(?:j|come|invite|calendar)/|\b(?:ticket|token|link|key|secret)=)[^\s\"'&?#/<>]+")
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?:%\w+)?(?![\w:.])")


class Private(Generic[T]):
    """Holds something about a person; prints as nothing until `reveal` is called on purpose."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        return self._value

    def __repr__(self) -> str:
        return BLOT

    __str__ = __repr__

    def __format__(self, _: str) -> str:
        return BLOT

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Private) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Private, self._value))


def blot(text: str) -> str:
    """The text without tokens of links and without addresses of people; bounded."""
    text = _EMAIL.sub("(address)", _TOKEN.sub(rf"\1{BLOT}", text[:TEXT_CHARACTERS_MAX]))
    return _IPV6.sub(_blot_address, _IPV4.sub(_blot_address, text))


def _blot_address(match: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return match[0]
    return match[0] if address.is_loopback or address.is_unspecified else "(address)"


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The structlog processor: empties personal keys, blots every text."""
    return {key: BLOT if _is_private(key) else _clean(value, DEPTH_MAX) for key, value in event.items()}


def _is_private(key: object) -> bool:
    return isinstance(key, str) and key.lower().replace("-", "_") in PRIVATE_KEYS


def _clean(value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth == 0:
        return BLOT
    if isinstance(value, dict):
        return {key: BLOT if _is_private(key) else _clean(each, depth - 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(each, depth - 1) for each in value]
    return blot(value if isinstance(value, str) else repr(value))


def configure(
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["auto", "text", "json"] = "auto",
    stream: TextIO | None = None,
) -> None:
    """Send all logs, ours and libraries', redacted to `stream` (standard error). Run uvicorn with log_config=None."""
    stream = stream or sys.stderr
    text = form == "text" or (form == "auto" and stream.isatty())
    least = getattr(logging, level.upper())
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), timestamp_key="at", exception_formatter=structlog.dev.plain_traceback
        )
        if text
        else structlog.processors.JSONRenderer(default=repr, ensure_ascii=False)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(least)
    # A line per file and per packet is for a search for mistakes only.
    for noisy in ("uvicorn.access", "uvicorn.error", "aioice", "aiortc", "asyncio", "websockets"):
        logging.getLogger(noisy).setLevel(least if level == "debug" else max(least, logging.WARNING))
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(least),
        cache_logger_on_first_use=False,
    )
