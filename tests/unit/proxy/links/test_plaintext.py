"""URLs in plain text: found where every program would find the same, else passed over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.links.plaintext import urls
from tests.support.checks.growth import is_linear


def found(text: bytes, *, flowed: bool = False, delsp: bool = False) -> list[str]:
    """Return the URLs alone."""
    return [span.value for span in urls(text, flowed=flowed, delsp=delsp)]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (b"http://a.example/", "http://a.example/"),
        (b"see HTTPS://a.example/x?y=z&a=b#c now", "HTTPS://a.example/x?y=z&a=b#c"),
        (b"see http://a.example/x.", "http://a.example/x"),
        (b"see http://a.example/x...", "http://a.example/x"),
        (b"http://a.example/x, or", "http://a.example/x"),
        (b"(http://a.example/x)", "http://a.example/x"),
        (b"(http://a.example/x.)", "http://a.example/x"),
        (b"([http://a.example/x!].)", "http://a.example/x"),
        (b"(see http://a.example/x_(y)).", "http://a.example/x_(y)"),
        (b"http://a.example/x_(y)", "http://a.example/x_(y)"),
        (b"[http://a.example/x]", "http://a.example/x"),
        (b"http://[::1]/x]", "http://[::1]/x"),
        (b"<http://a.example/x.>", "http://a.example/x."),
        (b'"http://a.example/x"', "http://a.example/x"),
        (b"'http://a.example/x'", "http://a.example/x"),
        (b"> http://a.example/x", "http://a.example/x"),
        (b">http://a.example/x\r\n", "http://a.example/x"),
        (b"http://a.example/?u=http://b.example/", "http://a.example/?u=http://b.example/"),
        (b"http://a.example/@x!,y:z;w~-_$+'", "http://a.example/@x!,y:z;w~-_$+"),
        (b"http://a.example/x\r\nnext line", "http://a.example/x"),
        (b"http://a.example/x \r\nnext line", "http://a.example/x"),
    ],
)
def test_urls_without_doubt(text: bytes, url: str) -> None:
    """Punctuation and unopened brackets at the end are the sentence's."""
    assert found(text) == [url]


@pytest.mark.parametrize(
    "text",
    [
        b"ftp://a.example/",
        b"xhttp://a.example/",
        b"u=http://a.example/",
        b"view-source:http://a.example/",
        b"http://",
        b"http://.",
        b"<http://a.example/x y>",
        b"<http://a.example/x",
        b"http://a.example/{{name}}",
        b"http://a.example/%%name%%|x",
        b"*http://a.example/x*",
        b"_http://a.example/x_",
        b"http://a.example/x_",
        b"http://a.example/\xc3\xa9",
        b"http://a.example/x\xe3\x80\x82",
        b"\xe3\x80\x82http://a.example/x",
        b"http://a.example/x),http://b.example/y",
        b"http://a.example/x)y",
        b"http://a.example/" + b"x" * 60 + b"\r\n&y=z",
        b"http://a.example/x\x00",
        b"http://a.example/x\x1b(B",
        b"http://a.example/x\\y",
    ],
)
def test_what_programs_read_differently_is_passed_over(text: bytes) -> None:
    """No URL at all, or none of which the end is sure."""
    assert found(text) == []


def test_several_urls_with_their_places() -> None:
    """In order."""
    text = b"a http://a.example/, b\r\n<http://b.example/>\r\n"
    assert [text[span.start : span.end].decode() for span in urls(text)] == [
        "http://a.example/",
        "http://b.example/",
    ]


def test_lines_that_delsp_joins() -> None:
    """The space before the line ending is not there for the reader (RFC 3676 §4.2)."""
    broken = b"http://a.example/x \r\ny http://b.example/"
    assert found(broken, flowed=True) == ["http://a.example/x", "http://b.example/"]
    assert found(broken, flowed=True, delsp=True) == ["http://b.example/"]
    assert found(b"x \r\nhttp://a.example/", flowed=True, delsp=True) == []
    assert found(b"x  \r\nhttp://a.example/", flowed=True, delsp=True) == ["http://a.example/"]


@given(
    st.lists(
        st.sampled_from(
            [b"http://a/", b"(", b")", b".", b"<", b">", b" ", b"\r\n", b"\xe9", b"x", b"{"]
        )
    )
)
def test_any_text_is_read(tokens: list[bytes]) -> None:
    """Spans are URLs, in order and apart."""
    text, at = b"".join(tokens), 0
    for span in urls(text, flowed=True, delsp=True):
        assert at <= span.start < span.end
        assert text[span.start : span.end].decode("ascii") == span.value
        at = span.end


@pytest.mark.parametrize(
    "flood", [b"http://", b"http://a/ ", b"http://a/", b"(", b"a/)", b"<http://a"]
)
def test_time_is_linear(flood: bytes) -> None:
    """However often it is repeated."""
    assert is_linear(lambda times: urls(b"http://a/" + flood * times), 2000)
