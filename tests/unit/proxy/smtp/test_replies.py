"""Replies as values: read as they came, written as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.smtp import replies
from proxy.smtp.replies import BadReply, Reply, ReplyParser

TEXT = st.binary(max_size=40).filter(lambda text: not set(text) & {0, 10, 13})


def read(raw: bytes) -> Reply | None:
    """Read what comes line by line; return what its last line completes."""
    parser = ReplyParser()
    *before, last = raw.removesuffix(b"\n").split(b"\n")
    assert [parser.feed(line) for line in before] == [None] * len(before)
    return parser.feed(last)


@given(code=st.integers(200, 599), lines=st.lists(TEXT, min_size=1, max_size=5))
def test_what_was_written_is_read_back(code: int, lines: list[bytes]) -> None:
    """A reply of any code and lines survives the wire."""
    reply = Reply(code, tuple(lines))
    assert read(reply.wire()) == reply


def test_a_multi_line_reply_is_complete_with_its_last_line() -> None:
    """Lines with a hyphen only begin it."""
    parser = ReplyParser()
    assert parser.feed(b"250-relay.test\r\n") is None
    assert parser.feed(b"250 DSN\r\n") == Reply(250, (b"relay.test", b"DSN"))


@pytest.mark.parametrize("line", [b"250\r\n", b"250 \r\n", b"250\n"])
def test_a_code_alone_is_a_reply(line: bytes) -> None:
    """RFC 5321 §4.2: the text may be missing."""
    assert read(line) == Reply(250, (b"",))


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n",
        b"25 x\r\n",
        b"2500 x\r\n",
        b"abc x\r\n",
        b"250x\r\n",
        b"250 a\rb\r\n",
        b"250 a\0b\r\n",
        b"250-a\r\n251 b\r\n",
        b"250 " + b"x" * replies.MAX_REPLY_LINE_OCTETS + b"\r\n",
        b"250-x\r\n" * (replies.MAX_REPLY_LINES + 1) + b"250 x\r\n",
    ],
)
def test_what_is_no_reply_is_refused(raw: bytes) -> None:
    """Nothing but RFC 5321 §4.2 may be passed to a client."""
    with pytest.raises(BadReply):
        read(raw)


@pytest.mark.parametrize(
    ("text", "enhanced"),
    [(b"2.0.0 OK", "2.0.0"), (b"5.7.26", "5.7.26"), (b"3.0.0 no", None), (b"OK 2.0.0", None)],
)
def test_the_enhanced_code_stands_at_the_start(text: bytes, enhanced: str | None) -> None:
    """RFC 2034 §3."""
    assert Reply(250, (text,)).enhanced == enhanced


def test_every_reply_of_ours_is_sound() -> None:
    """Code and enhanced code agree, no line is too long, and its own fault is never a 5xx."""
    ours = {name: value for name, value in vars(replies).items() if isinstance(value, Reply)}
    assert len(ours) > 40
    for name, reply in ours.items():
        assert read(reply.wire()) == reply
        assert all(len(line) < 500 for line in reply.lines), name
        if reply in (replies.GO_AHEAD, replies.HELLO_SYNTAX):  # RFC 2034 §3
            assert reply.enhanced is None, name
        else:
            assert reply.enhanced is not None, name
            assert reply.enhanced[0] == str(reply.code)[0], name
    for name in ("OUR_FAULT", "CANNOT_SIGN", "NO_MEMORY", "NO_RELAY", "RELAY_UNINTELLIGIBLE"):
        assert ours[name].transient


def test_classes_follow_the_first_digit() -> None:
    """Only 2xx, 4xx and 5xx may end a command."""
    by_class = {code: Reply(code, (b"",)) for code in (199, 250, 354, 451, 550, 600)}
    assert [code for code, reply in by_class.items() if reply.final] == [250, 451, 550]
    assert by_class[354].intermediate


def test_the_greeting_says_esmtp() -> None:
    """Some clients say EHLO only to whoever does."""
    greeting = replies.greeting("mail.example.com")
    assert greeting.wire() == f"220 mail.example.com ESMTP {replies.MARK}\r\n".encode()


def test_we_know_our_own_greeting() -> None:
    """By its mark alone: another Waypost may well have our host name."""
    (ours,) = replies.greeting("mail.example.com").lines
    assert replies.is_ourselves(ours.decode())
    assert not replies.is_ourselves("mail.example.com ESMTP 0123456789abcdef")


def test_hello_lists_keywords() -> None:
    """The host name stands alone on the first line, even for EHLO without extensions."""
    assert replies.hello("h.test").wire() == b"250 h.test\r\n"
    assert replies.hello("h.test", ("DSN",)).wire() == b"250-h.test\r\n250 DSN\r\n"
