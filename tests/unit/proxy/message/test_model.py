"""A message and its parts as values."""

from proxy.message.editing import parse


def test_charset_is_none_where_none_is_declared() -> None:
    """Or an empty one."""
    for kind in (b"text/html", b"text/html; charset=", b'text/html; charset=""'):
        assert parse(b"Content-Type: " + kind + b"\n\n").parts[0].charset is None
