"""Log events and metrics, each declared once, here.

Owns: the names, levels and descriptions of everything that Waypost logs or counts, and how
structlog is set up. The tables of `docs/monitoring.md` come from these declarations.
Does not own: when something is logged or counted; that is decided where it happens.

No event carries a message body, a credential or a full link of a reader.
"""

import logging
import sys
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
"""Everything that Waypost counts in this process."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One kind of line in the log: its name, its level and what it tells."""

    name: str
    level: int
    help: str


EVENTS: dict[str, LogEvent] = {}


def _event(name: str, level: int, text: str) -> LogEvent:
    if name in EVENTS:
        raise ValueError(f"log event {name!r} is declared twice")
    EVENTS[name] = LogEvent(name, level, text)
    return EVENTS[name]


# Log events, by the room that emits them.

# proxy.dial, proxy.relay
RELAY_ATTEMPT_FAILED = _event(
    "relay_attempt_failed",
    logging.WARNING,
    "An address of the relay gave no session; the next is tried. Says the cause.",
)
RELAY_BROKE_OFF = _event(
    "relay_broke_off",
    logging.WARNING,
    "A session with the relay ended before its work was done. Says the fault and how far it came.",
)

# Metrics, by the room that counts them.

# proxy.dial, proxy.relay
RELAY_ATTEMPTS_FAILED = Counter(
    "waypost_relay_attempts_failed",
    "Addresses of the relay that gave no session, by cause.",
    ["cause"],
    registry=REGISTRY,
)
RELAY_FAULTS = Counter(
    "waypost_relay_faults",
    "Sessions with the relay that broke, by fault.",
    ["fault"],
    registry=REGISTRY,
)


def log(event: LogEvent, **fields: Any) -> None:  # noqa: ANN401 - structlog takes any value
    """Write one line to the log: `event` with its facts as `fields`."""
    structlog.get_logger().log(event.level, event.name, **fields)


def configure(level: str = "info", style: Literal["console", "json"] = "console") -> None:
    """Set up structlog for this process: lines of at least `level` go to standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


__all__ = ["EVENTS", "REGISTRY", "Counter", "Gauge", "Histogram", "LogEvent", "configure", "log"]
