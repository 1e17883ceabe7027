"""Tracked links of received messages."""

from waypost_demo.links import tracked_links

HREF = "http://127.0.0.1:8080/c/AQEl-_"


def test_tracked_links_are_found_with_their_texts() -> None:
    """Others are none of ours."""
    html = f'<a href="{HREF}">Your <b>order</b></a> <a href="https://example.com/">x</a><a>y</a>'
    content = f"Subject: Hi\nContent-Type: text/html\n\n{html}\n".encode()
    assert tracked_links(content) == [("Your order", HREF)]


def test_a_message_without_html_has_no_links() -> None:
    """Whoever tries the demo may send anything."""
    assert tracked_links(b"Subject: Hi\n\nhttp://127.0.0.1/c/AQ\n") == []
