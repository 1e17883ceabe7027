"""Header fields of a request are found by name."""

from tracker.judging.request import MAX_AGENT_CHARACTERS, Request


def request_of(*headers: tuple[bytes, bytes]) -> Request:
    """Return a request with these header fields."""
    return Request.of("GET", headers, None, https=True)


def test_a_field_is_found_and_trimmed() -> None:
    """The first value counts; a field that is not there is empty."""
    request = request_of((b"accept", b" text/html "), (b"accept", b"*/*"))
    assert request.header(b"accept") == "text/html"
    assert request.header(b"accept-language") == ""


def test_the_agent_is_bounded() -> None:
    """The first User-Agent counts, cut at a length that no browser reaches."""
    assert request_of((b"user-agent", b"Mozilla/5.0"), (b"user-agent", b"x")).agent == "Mozilla/5.0"
    assert request_of().agent == ""
    assert request_of((b"user-agent", b"\xff" * 10_000)).agent == "ÿ" * MAX_AGENT_CHARACTERS
