"""What is said where a bound of the HTTP server is reached."""

import time

import pytest

from tests.support.http_server import serving
from tests.support.log_lines import capture_logs
from tracker.listener import bounds
from tracker.listener.bounds import BoundLog
from tracker.listener.limits import MAX_FIELDS, MAX_HEAD_OCTETS

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"


def test_each_kind_is_told_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how often it was since; who floods us fills no log."""
    log = BoundLog("public")
    with capture_logs() as logged:
        for bound in ("total", "total", "network", "total"):
            log.reached(bound)
        later_s = time.monotonic() + bounds.EVERY_S + 1
        monkeypatch.setattr(time, "monotonic", lambda: later_s)
        log.reached("total")
    assert [(line["bound"], line["times"]) for line in logged] == [
        ("total", 1),
        ("network", 1),
        ("total", 3),
    ]
    assert {line["log_level"] for line in logged} == {"warning"}


@pytest.mark.parametrize(
    ("octets", "bound"),
    [
        (HEAD + b"X: " + b"a" * MAX_HEAD_OCTETS + b"\r\n\r\n", "head"),
        (HEAD + b"X: y\r\n" * MAX_FIELDS + b"\r\n", "fields"),
    ],
    ids=["head", "fields"],
)
async def test_requests_that_are_too_large_are_told(octets: bytes, bound: str) -> None:
    """Beside their 400; of what is no HTTP at all there is no line, as every scanner sends some."""
    with capture_logs() as logged:
        async with serving() as served:
            await served.talk(octets)
            await served.talk(b"nonsense\r\n\r\n")
    assert [(line["event"], line["bound"]) for line in logged] == [("http_bound_reached", bound)]
