"""Why there is no answer: words of ours, from errors of every layer."""

import errno
import ssl

import httpcore
import pytest

from tracker.webhooks.causes import words
from tracker.webhooks.connecting import AddressRefused, NotResolved


def caused(error: Exception, cause: BaseException) -> Exception:
    """Return an error that came of another."""
    error.__cause__ = cause
    return error


REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "[Errno 111] Connect call failed")
UNREACHABLE = OSError(errno.ENETUNREACH, "whatever")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AddressRefused("x"), "its address is one of a private network"),
        (caused(NotResolved("x"), OSError(-2, "Name or service")), "its name cannot be resolved"),
        (caused(httpcore.ConnectError("x"), REFUSED), "connection refused"),
        (
            caused(httpcore.ConnectError("x"), OSError("All connection attempts failed")),
            "it hung up before it had answered",
        ),
        (
            caused(httpcore.ConnectError("x"), ExceptionGroup("several", [UNREACHABLE, REFUSED])),
            "network is unreachable",
        ),
        (caused(httpcore.ConnectError("x"), ssl.SSLError(1, "x")), "TLS failed: broken off"),
        (httpcore.RemoteProtocolError("Server disconnected without"), "it hung up"),
        (httpcore.RemoteProtocolError("illegal status line: ann@example"), "is not HTTP"),
        (httpcore.LocalProtocolError("x"), "is not HTTP"),
        (httpcore.ReadError(""), "it hung up"),
        (ValueError("ann@example.net"), "it hung up"),
    ],
)
def test_each_error_has_words(error: Exception, said: str) -> None:
    """Of what came first, and nothing of what a receiver wrote."""
    assert said in words(error)
    assert "ann@" not in words(error)


def test_errors_that_caused_each_other_come_to_an_end() -> None:
    """Python allows it."""
    error = httpcore.ReadError("x")
    error.__cause__ = caused(ValueError("y"), error)
    assert words(error) == "it hung up before it had answered"
