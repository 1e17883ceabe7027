"""Header fields of a request are found by name."""

from tracker.judging.request import Request


def test_a_field_is_found_and_trimmed() -> None:
    """The first value counts; a field that is not there is empty."""
    headers = [(b"accept", b" text/html "), (b"accept", b"*/*")]
    request = Request("GET", https=True, headers=headers, address=None)
    assert request.header(b"accept") == "text/html"
    assert request.header(b"accept-language") == ""
