"""Every part by offset, and every reason to leave one alone."""

import email
import email.message
import email.policy
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.message.editing import Skip, TransferEncoding, parse
from tests.support.entities import HTML, contents, crlf, listed, multipart
from tests.support.repository import MESSAGES


def test_simple_message_is_one_part() -> None:
    """With no MIME fields it is plain text."""
    message = parse(b"Subject: x\r\n\r\nhello\r\n")
    assert listed(message) == [("1", "text/plain", None)]
    assert contents(message) == [b"hello\r\n"]
    assert message.values(b"SUBJECT") == [b"x"]
    assert (message.body_start, message.content_type, message.skip) == (14, "text/plain", None)


@pytest.mark.parametrize("ending", [crlf, bytes])
def test_parts_of_nested_multiparts(ending: Callable[[bytes], bytes]) -> None:
    """Depth first, counted as IMAP does; preamble and epilogue belong to no part."""
    inner = multipart(b"alternative", b"b1", b"\nplain", HTML)
    raw = ending(
        multipart(b"mixed", b"b", inner, b"Content-Type: image/png\n\nx").replace(
            b"\n\n", b"\n\npreamble\n", 1
        )
        + b"epilogue\n--b\n\nno part\n"
    )
    message = parse(raw)
    assert listed(message) == [
        ("1.1", "text/plain", None),
        ("1.2", "text/html", None),
        ("2", "image/png", None),
    ]
    assert contents(message) == [b"plain", ending(b"<a href='http://a/'>x</a>\n"), b"x"]


def test_facts_of_a_part() -> None:
    """Type, parameters, charset, encoding and fields."""
    message = parse(
        b"Content-Type: Text/HTML; Charset='UTF-8'; format=flowed\r\n"
        b"Content-Transfer-Encoding: Base64\r\n\r\naGk=\r\n"
    )
    (part,) = message.parts
    assert (part.content_type, part.charset) == ("text/html", "UTF-8")
    assert part.params["format"] == "flowed"
    assert part.encoding is TransferEncoding.BASE64
    assert part.headers == message.headers
    assert message.raw[part.body_start : part.body_end] == b"aGk=\r\n"


@pytest.mark.parametrize("padding", [b"", b" ", b" \t ", b"\r"])
def test_padding_after_a_boundary(padding: bytes) -> None:
    """Transport may add it (RFC 2046 §5.1.1)."""
    raw = crlf(multipart(b"mixed", b"b", HTML, HTML)).replace(b"--b\r", b"--b" + padding + b"\r")
    assert len(parse(raw.replace(b"--b--", b"--b--" + padding)).parts) == 2


def test_missing_closing_boundary() -> None:
    """The last part reaches to the end, or to the next delimiter of a multipart around it."""
    cut = multipart(b"alternative", b"inner", b"\nx", HTML).replace(b"--inner--\n", b"")
    message = parse(multipart(b"mixed", b"outer", cut, b"\nlast").replace(b"--outer--\n", b""))
    assert [path for path, _, skip in listed(message) if skip is None] == ["1.1", "1.2", "2"]
    assert contents(message)[-1] == b"last\n"


def test_boundary_that_begins_like_another() -> None:
    """Only whole lines are delimiters."""
    inner = multipart(b"alternative", b"b-inner", b"\nx", HTML)
    message = parse(multipart(b"mixed", b"b", inner, HTML))
    assert [skip for _, _, skip in listed(message)] == [None, None, None]
    assert [path for path, _, _ in listed(message)] == ["1.1", "1.2", "2"]


def test_line_that_only_begins_like_a_delimiter_is_in_doubt() -> None:
    """Some readers compare the beginning alone (RFC 2046 §5.1.1), most the whole line."""
    message = parse(multipart(b"mixed", b"b", b"\nsome text\n--beta\nmore", HTML))
    assert message.skip is Skip.MALFORMED
    assert [skip for _, _, skip in listed(message)] == [Skip.MALFORMED] * 2


@pytest.mark.parametrize("boundary", [b"b", b"b--"])
def test_boundary_in_use_around_it_is_in_doubt(boundary: bytes) -> None:
    """Readers differ on which multipart a delimiter belongs to."""
    outer = multipart(b"mixed", b"b", multipart(b"mixed", boundary, HTML), HTML)
    assert parse(outer).skip is Skip.MALFORMED
    assert {skip for _, _, skip in listed(parse(outer))} == {Skip.MALFORMED}


def test_boundary_of_a_sibling_may_be_used_again() -> None:
    """The first one is closed."""
    inner = multipart(b"mixed", b"c", HTML)
    assert parse(multipart(b"mixed", b"b", inner, inner)).skip is None


def test_empty_boundary_is_in_doubt() -> None:
    """It is not allowed; some readers split at bare hyphens."""
    message = parse(multipart(b"mixed", b"", HTML))
    assert message.skip is Skip.MALFORMED


@pytest.mark.parametrize("kind", [b"multipart/mixed", b"multipart/mixed; boundary=b"])
def test_multipart_without_boundary_or_delimiter_is_a_leaf(kind: bytes) -> None:
    """There is nothing in it that a reader would find."""
    message = parse(b"Content-Type: " + kind + b"\n\n<a href='http://a/'>x</a>\n")
    assert listed(message) == [("1", "multipart/mixed", None)]


@pytest.mark.parametrize(
    ("head", "skip"),
    [
        (b"", None),
        (b"Content-Disposition: inline\n", None),
        (b"Content-Disposition: attachment\n", Skip.ATTACHMENT),
        (b"Content-Disposition: inline; filename=x.html\n", Skip.ATTACHMENT),
        (b"Content-Disposition: form-data; name=x\n", Skip.ATTACHMENT),
        (b"Content-Transfer-Encoding: x-uuencode\n", Skip.ENCODING),
        (b"Content-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: base64\n", Skip.ENCODING),
        (b"Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\n", Skip.CHECKSUM),
        (b"Content-Type: text/plain\n", Skip.MALFORMED),
        (b"this is no field\n", Skip.MALFORMED),
        (b" a stray folded line\n", Skip.MALFORMED),
    ],
)
def test_reasons_of_a_part(head: bytes, skip: Skip | None) -> None:
    """What forbids touching one part forbids nothing else."""
    message = parse(multipart(b"mixed", b"b", head + HTML, HTML))
    assert listed(message)[0][2] is skip
    assert listed(message)[1] == ("2", "text/html", None)


@pytest.mark.parametrize(
    ("kind", "skip"),
    [
        (b"mixed", None),
        (b"related", None),
        (b"form-data", None),
        (b"x-anything", None),
        (b"signed", Skip.SIGNED),
        (b"encrypted", Skip.ENCRYPTED),
        (b"report", Skip.REPORT),
        (b"appledouble", Skip.ATTACHMENT),
    ],
)
def test_reasons_of_a_multipart_hold_for_all_within(kind: bytes, skip: Skip | None) -> None:
    """However deep, and for nothing around it."""
    inner = multipart(kind, b"in", multipart(b"alternative", b"in2", HTML), HTML)
    message = parse(multipart(b"mixed", b"out", inner, HTML))
    assert [found for _, _, found in listed(message)] == [skip, skip, None]


def test_multipart_that_is_attached_is_left_alone() -> None:
    """A saved page with its pictures; a name alone says nothing of a multipart."""
    inner = multipart(b"related", b"in", HTML)
    attached = b"Content-Disposition: attachment\n" + inner
    named = inner.replace(b"; boundary", b"; name=x; boundary")
    message = parse(multipart(b"mixed", b"b", attached, named))
    assert [skip for _, _, skip in listed(message)] == [Skip.ATTACHMENT, None]


@pytest.mark.parametrize("encoding", [b"base64", b"quoted-printable"])
def test_multipart_with_an_encoding_is_read_as_it_stands(encoding: bytes) -> None:
    """It is not allowed (RFC 2045 §6.4), and nobody decodes what holds plain delimiters."""
    label = b"Content-Transfer-Encoding: " + encoding + b"\n"
    inner = label + multipart(b"mixed", b"in", HTML, label + multipart(b"related", b"in2", HTML))
    message = parse(label + multipart(b"mixed", b"b", inner, HTML))
    assert [skip for _, _, skip in listed(message)] == [None, None, None]


@pytest.mark.parametrize(
    ("label", "cut"), [(b"base64", b"--in--"), (b"quoted-printable", b"--in\n"), (b"x-odd", b"")]
)
def test_multipart_with_an_encoding_is_in_doubt_unless_it_is_whole(
    label: bytes, cut: bytes
) -> None:
    """Without a delimiter at both ends it may be encoded after all."""
    inner = b"Content-Transfer-Encoding: " + label + b"\n" + multipart(b"mixed", b"in", HTML)
    inner = inner.replace(cut, b"", 1) if cut else inner
    found = [skip for _, _, skip in listed(parse(multipart(b"mixed", b"b", inner, HTML)))]
    assert found == [Skip.MALFORMED, None]


def test_a_message_that_is_one_part_with_a_name_is_no_file_if_it_says_so() -> None:
    """Database servers send such; a part of several with a name stays a file."""
    head = b"Content-Disposition: inline\nContent-Type: text/html; name=message.html\n\nx"
    assert listed(parse(head)) == [("1", "text/html", None)]
    assert listed(parse(multipart(b"mixed", b"b", head)))[0][2] is Skip.ATTACHMENT
    assert listed(parse(head.partition(b"\n")[2]))[0][2] is Skip.ATTACHMENT


def test_parts_of_a_nested_message_are_listed_and_left_alone() -> None:
    """Of an attached message, in a digest without saying so too."""
    inner = b"Subject: x\n" + multipart(b"alternative", b"in", b"\nx", HTML)
    attached = b"Content-Type: message/rfc822\n\n" + inner
    assert listed(parse(multipart(b"mixed", b"b", HTML, attached, HTML))) == [
        ("1", "text/html", None),
        ("2.1", "text/plain", Skip.NESTED_MESSAGE),
        ("2.2", "text/html", Skip.NESTED_MESSAGE),
        ("3", "text/html", None),
    ]
    digest = multipart(b"digest", b"b", b"\nFrom a Mon\n" + HTML, b"Content-Type: text/html\n\nx")
    assert listed(parse(digest)) == [
        ("1.1", "text/html", Skip.NESTED_MESSAGE),
        ("2", "text/html", None),
    ]


@pytest.mark.parametrize("kind", [b"partial", b"external-body", b"delivery-status"])
def test_other_messages_are_left_alone(kind: bytes) -> None:
    """They are not read as messages."""
    message = parse(b"Content-Type: message/" + kind + b"\n\n" + HTML)
    assert listed(message) == [("1", f"message/{kind.decode()}", Skip.NESTED_MESSAGE)]


def test_encoded_nested_message_is_a_leaf() -> None:
    """Its octets are not those of a message."""
    head = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
    assert listed(parse(head + HTML)) == [("1", "message/rfc822", Skip.NESTED_MESSAGE)]


def test_broken_header_of_the_message_forbids_all_of_it() -> None:
    """Relays and readers would begin the body at different places."""
    message = parse(b"Subject: x\nno field\n" + multipart(b"mixed", b"b", HTML))
    assert message.skip is Skip.MALFORMED
    message = parse(b" stray\n" + multipart(b"mixed", b"b", HTML))
    assert (message.skip, listed(message)) == (
        Skip.MALFORMED,
        [("1", "text/html", Skip.MALFORMED)],
    )


def test_mailbox_line_before_a_message() -> None:
    """It is no field, and no harm."""
    message = parse(b"From a@example.com Mon Jan  1\n" + HTML)
    assert listed(message) == [("1", "text/html", None)]


def test_part_that_ends_within_its_header() -> None:
    """It has no body."""
    raw = multipart(b"mixed", b"b", b"Content-Type: text/html", b"", b"\n", HTML)
    assert [path for path, _, _ in listed(parse(raw))] == ["1", "2", "3", "4"]
    assert contents(parse(raw))[:3] == [b"", b"", b""]


@given(
    st.lists(
        st.sampled_from([b"\n--b\n", b"\n--c\n", b"\n--b--\n", b"\n--c--\n", b"x", b"\n"]),
        max_size=20,
    )
)
def test_parts_agree_with_the_standard_library(tokens: list[bytes]) -> None:
    """On delimiters of nested multiparts in any order, closed or not."""
    inner = b"Content-Type: multipart/mixed; boundary=c\n\n--c\n\n1"
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + inner + b"".join(tokens)
    theirs = [
        part.get_payload(decode=True).rstrip(b"\n")
        for part in email.message_from_bytes(raw).walk()
        if not part.is_multipart() and part.get_content_type() == "text/plain"
    ]
    ours = parse(raw)
    mine = [
        body.rstrip(b"\n")
        for part, body in zip(ours.parts, contents(ours), strict=True)
        if part.content_type == "text/plain"
    ]
    assert mine == theirs


FILES = {
    "8bit-latin1": "1:html",
    "amp-calendar-json": "1:plain 2:x-amp-html 3:calendar 4:ld+json 5:html",
    "base64-footer": "1:html",
    "base64-lines-of-60": "1:html",
    "base64-utf16": "1:html",
    "boundary-reused": "1:alternative!malformed 2:plain!malformed 3:html!malformed",
    "broken-header": "1:plain!malformed",
    "digest": "1.1:html!nested_message 2.1:plain!nested_message 2.2:html!nested_message",
    "encrypted": "1:pgp-encrypted!encrypted 2:html!encrypted",
    "flowed-delsp": "1:plain",
    "form-data": "1:html!attachment 2:html",
    "long-line": "1:html",
    "missing-blank-line": "1:plain 2:html!malformed",
    "near-delimiter": "1:plain!malformed 2:html!malformed",
    "nested": "1.1:plain 1.2.1:html 1.2.2:png!attachment 2:html!attachment",
    "no-header": "1:plain",
    "odd-headers": "1:html!malformed",
    "odd-labels": "1:html 2:html 3:html!malformed 4:html!encoding",
    "only-header": "1:plain",
    "prefix-boundaries": "1.1:plain 1.2:html 2:html",
    "qp-broken": "1:html",
    "qp-soft-breaks": "1:html",
    "report": "1:html!report 2:delivery-status!report 3.1:html!report",
    "signed": "1.1:plain!signed 1.2:html!signed 2:pgp-signature!signed",
    "smime": "1:pkcs7-mime!attachment",
    "unclosed": "1.1:plain 1.2:html 2:html",
}
"""The messages of tests/messages: `path:subtype`, and the reason to skip it after `!`."""


def test_every_message_file_is_expected() -> None:
    """And the other way round."""
    assert {path.stem for path in MESSAGES.glob("*.eml")} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_parts_of_message_files(name: str) -> None:
    """One file for each shape of message."""
    message = parse((MESSAGES / f"{name}.eml").read_bytes())
    summary = [
        f"{part.path}:{part.content_type.partition('/')[2]}"
        + (f"!{part.skip}" if part.skip else "")
        for part in message.parts
    ]
    assert " ".join(summary) == FILES[name]


@settings(max_examples=20)
@given(
    st.text("aé=. \n<>-F", max_size=300),
    st.text("aé=. \n<>-F", max_size=300),
    st.sampled_from(["quoted-printable", "base64", "8bit"]),
    st.sampled_from([b"\r\n", b"\n"]),
)
def test_messages_of_the_standard_library(
    plain: str, html: str, encoding: str, ending: bytes
) -> None:
    """What an application builds with it is read back as it was meant."""
    built = email.message.EmailMessage(email.policy.default.clone(linesep=ending.decode()))
    built.set_content(plain, cte=encoding)
    built.add_alternative(html, subtype="html", cte=encoding)
    built.get_payload()[1].add_related(b"\0picture", "image", "png", cid="<x>")
    built.add_attachment(b"<a>", "text", "html", filename="x.html")
    message = parse(built.as_bytes())
    assert listed(message) == [
        ("1.1", "text/plain", None),
        ("1.2.1", "text/html", None),
        ("1.2.2", "image/png", None),
        ("2", "text/html", Skip.ATTACHMENT),
    ]
    texts = [part.get_content() for part in built.walk() if part.get_content_maintype() == "text"]
    read = [octets.decode("utf-8") for octets in contents(message)[:2]]
    assert [text.replace("\r\n", "\n") for text in read] == [
        text.replace("\r\n", "\n") for text in texts[:2]
    ]


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type : text/html\r\n",
        b"Subject : x\r\nContent-Type: text/html\r\n",
        b"Subject: x\ry\r\nContent-Type: text/html\r\n",
        b"Subject: x\rContent-Type: text/html\r\n",
    ],
)
def test_a_header_that_readers_read_differently_is_left_alone(header: bytes) -> None:
    """To Python's `email` a blank before the colon ends the header, and a lone CR ends the line."""
    body = b"\r\n<a href='http://e.x/'>x</a>\r\n"
    assert parse(header + body).skip == Skip.MALFORMED
    inner = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + header + body + b"--b--\r\n"
    )
    assert [part.skip for part in parse(inner).parts] == [Skip.MALFORMED]


LINES = st.sampled_from(
    [
        b"Subject: x\r\n",
        b"Subject : x\r\n",
        b" folded\r\n",
        b"X: a\rb\r\n",
        b"\rY: z\r\n",
        b"X:\r\n",
    ]
)


@given(st.lists(LINES, max_size=5))
def test_fields_are_those_that_python_finds(lines: list[bytes]) -> None:
    """Or the message is left alone."""
    raw = b"".join((b"A: b\r\n", *lines, b"Content-Type: text/html\r\n\r\nbody\r\n"))
    message = parse(raw)
    found = email.message_from_bytes(raw, policy=email.policy.compat32)
    if message.skip is None:
        assert [header.name.decode() for header in message.headers] == found.keys()
        assert message.content_type == found.get_content_type()
