"""MIME fields: read as mail clients do, doubtful where they would differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message import mime
from proxy.message.limits import MAX_STRUCTURED_OCTETS
from proxy.message.mime import (
    TransferEncoding,
    content_type,
    is_attachment,
    is_inline,
    structured,
    transfer_encoding,
)
from tests.support.checks.growth import is_linear


@pytest.mark.parametrize(
    ("value", "kind", "params"),
    [
        (b"text/html", "text/html", {}),
        (b"TEXT/HTML; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        (b'text/html;charset="utf-8";', "text/html", {"charset": "utf-8"}),
        (b"text/html ; charset = utf-8 ;; x", "text/html", {"charset": "utf-8"}),
        (b"text/html (rich); charset=utf-8 (plain)", "text/html", {"charset": "utf-8"}),
        (b'multipart/mixed; boundary="a b\\"c"', "multipart/mixed", {"boundary": 'a b"c'}),
        (
            b"multipart/mixed; boundary=----=_Part_1",
            "multipart/mixed",
            {"boundary": "----=_Part_1"},
        ),
        (b'multipart/mixed; boundary="(x;y)"', "multipart/mixed", {"boundary": "(x;y)"}),
        (b"multipart/mixed; boundary*0=ab; boundary*1=cd", "multipart/mixed", {"boundary": "abcd"}),
        (b"text/html; charset*=us-ascii'en'utf%2D8", "text/html", {"charset": "utf-8"}),
        (b"text/html; name*0*=''a%20; name*1=b.html", "text/html", {"name": "a b.html"}),
        (b"text/html; name=a file.html", "text/html", {"name": "a file.html"}),
        (b"text/html; charset=utf-8; charset=utf-8", "text/html", {"charset": "utf-8"}),
        (b"text/html; =x; charset=", "text/html", {"charset": ""}),
        (b"html", "text/plain", {}),
        (b"", "text/plain", {}),
        (b"text/", "text/plain", {}),
    ],
)
def test_content_type_without_doubt(value: bytes, kind: str, params: dict[str, str]) -> None:
    """What every client reads alike."""
    read = content_type([value], "text/plain")
    assert (read.value, dict(read.params), read.doubtful) == (kind, params, False)


@pytest.mark.parametrize(
    "value",
    [
        b"text/html charset=utf-8",
        b"text/html, text/plain",
        b'"text/html"',
        b'multipart/mixed; boundary="a',
        b'multipart/mixed; boundary="a"b',
        b'multipart/mixed; boundary="a" "b"',
        b"multipart/mixed; boundary=a b",
        b"multipart/mixed; boundary=a(b)",
        b"text/html(b)",
        b"multipart/mixed; boundary=a; boundary=b",
        b"multipart/mixed; boundary=a; boundary*=''b",
        b"multipart/mixed; boundary*0=a; boundary*2=b",
        b"multipart/mixed; boundary*0=a; boundary*0=b",
        b"multipart/mixed; boundary=\xe9",
        b"multipart/mixed; boundary=a\0b",
        b"text/html; charset=utf-8; charset=koi8-r",
        b"multipart/mixed; boundary=a; boundary=A",
        b"text/html; x=" + b"y" * MAX_STRUCTURED_OCTETS,
    ],
)
def test_content_type_in_doubt(value: bytes) -> None:
    """What clients read differently: what it describes is left alone."""
    assert content_type([value], "text/plain").doubtful


def test_content_type_given_twice() -> None:
    """Alike is no matter; clients take the first or the last."""
    assert not content_type([b"text/html", b"text/html"], "text/plain").doubtful
    assert content_type([b"text/html", b"text/plain"], "text/plain").doubtful
    twice = [b"text/html; charset=utf-8", b'Text/HTML; Charset="UTF-8"']
    assert not content_type(twice, "text/plain").doubtful
    assert content_type([b"text/html; charset=utf-8", b"text/html"], "text/plain").doubtful
    assert content_type([b"a/b; boundary=x", b"a/b; boundary=X"], "text/plain").doubtful
    assert content_type([], "message/rfc822").value == "message/rfc822"


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        (b"", TransferEncoding.SEVEN_BIT),
        (b"7bit", TransferEncoding.SEVEN_BIT),
        (b"7-bit", TransferEncoding.SEVEN_BIT),
        (b"7bits", TransferEncoding.SEVEN_BIT),
        (b"8 bit", TransferEncoding.EIGHT_BIT),
        (b"8bit+", TransferEncoding.EIGHT_BIT),
        (b"Binary", TransferEncoding.BINARY),
        (b"BASE64", TransferEncoding.BASE64),
        (b'"base64"', TransferEncoding.BASE64),
        (b"base64 (as ever)", TransferEncoding.BASE64),
        (b"Quoted-Printable", TransferEncoding.QUOTED_PRINTABLE),
        (b"quoted-printable;", TransferEncoding.QUOTED_PRINTABLE),
        (b"quoted-printable; charset=utf-8", TransferEncoding.QUOTED_PRINTABLE),
        (b"quoted printable", None),
        (b"base64 quoted-printable", None),
        (b"x-uuencode", None),
        (b"6bit", None),
        (b"text/html", None),
    ],
)
def test_transfer_encoding(value: bytes, encoding: TransferEncoding | None) -> None:
    """Odd labels are understood where they can mean one thing only."""
    assert transfer_encoding([value]) is encoding


def test_transfer_encoding_given_twice() -> None:
    """Contradictions are not resolved."""
    assert transfer_encoding([]) is TransferEncoding.SEVEN_BIT
    assert transfer_encoding([b"base64", b"BASE64"]) is TransferEncoding.BASE64
    assert transfer_encoding([b"base64", b"8bit"]) is None


@pytest.mark.parametrize(
    ("dispositions", "kind", "attachment"),
    [
        ([], b"text/html", False),
        ([b"inline"], b"text/html", False),
        ([b"INLINE; x=y"], b"text/html", False),
        ([b""], b"text/html", False),
        ([b"attachment"], b"text/html", True),
        ([b'inline; filename="a.html"'], b"text/html", True),
        ([b"inline; filename*=utf-8''a.html"], b"text/html", True),
        ([b"; filename=a.html"], b"text/html", True),
        ([], b"text/html; name=a.html", True),
        ([b"form-data; name=x"], b"text/html", True),
        ([b"inline", b"attachment"], b"text/html", True),
    ],
)
def test_attachments(dispositions: list[bytes], kind: bytes, attachment: bool) -> None:  # noqa: FBT001
    """A name, or any disposition but inline (RFC 2183 §2.8)."""
    assert is_attachment(dispositions, structured(kind)) is attachment


@pytest.mark.parametrize(
    "value", [b'"UTF-8"; charset=utf-8', b"utf8; charset=UTF-8; charset*=us-ascii''utf-8"]
)
def test_a_charset_given_twice_is_one(value: bytes) -> None:
    """Labels have no case (RFC 2046 §4.1.2), and everybody reads utf8 as UTF-8."""
    assert not content_type([b"text/html; charset=" + value], "text/plain").doubtful


@pytest.mark.parametrize(
    ("dispositions", "inline"),
    [
        ([b"inline"], True),
        ([b"INLINE; x=y"], True),
        ([], False),
        ([b"attachment"], False),
        ([b"inline; filename=a.html"], False),
        ([b"inline", b"attachment"], False),
    ],
)
def test_what_says_that_it_is_to_be_read(dispositions: list[bytes], inline: bool) -> None:  # noqa: FBT001
    """A message that is all one part is then no file, whatever its name."""
    assert is_inline(dispositions) is inline


@given(st.text("ab=;\"\\( )*0'%\r\n\t\0é/", max_size=60))
def test_any_value_is_read(value: str) -> None:
    """Nothing raises."""
    octets = value.encode("latin-1")
    content_type([octets], "text/plain")
    transfer_encoding([octets])


@pytest.mark.parametrize(
    "flood", [b'"', b"(", b"\\", b'"\\', b'\\"', b"(\\", b";", b"=", b"a*0=", b"a*0=;"]
)
def test_time_is_linear(flood: bytes) -> None:
    """However long the value is; the limit bounds it anyway."""
    assert is_linear(lambda size: structured(b"a/b; " + flood * (size // len(flood))), 2000)


VALUE = st.lists(
    st.sampled_from(
        [
            *(
                b"text/html",
                b"Multipart/X",
                b"; ",
                b";",
                b";\t",
                b"charset",
                b"BOUNDARY",
                b"=",
                b'"',
                b" ",
            ),
            *(
                b"=_x.1+2",
                b"utf-8",
                b"\xe9",
                b"\n",
                b"a*",
                b"name*0",
                b"(x)",
                b"\\",
                b"'",
                b"a b",
                b"/",
            ),
        ]
    )
).map(b"".join)


@given(VALUE)
def test_usual_values_are_read_as_all_others_are(value: bytes) -> None:
    """Whatever they hold."""
    assert structured(value) == mime._in_general(value)


@pytest.mark.parametrize(
    ("value", "params"),
    [
        (b"text/html", {}),
        (b'Multipart/Mixed; Boundary="----=_Part_1.2"', {"boundary": "----=_Part_1.2"}),
        (b"multipart/mixed;\tboundary==_x", {"boundary": "=_x"}),
    ],
)
def test_usual_values_are_not_taken_to_pieces(
    value: bytes, params: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A type with no more than one parameter."""
    monkeypatch.setattr(mime, "_in_general", None)
    mime._remembered.cache_clear()
    assert structured(value).params == params
