"""MAIL and RCPT arguments: octets kept, or a clean refusal."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.smtp import envelope
from proxy.smtp.envelope import BadEnvelope, parse_mail, parse_rcpt

ALL = frozenset({"SIZE", "8BITMIME", "SMTPUTF8", "DSN", "AUTH", "DELIVERBY"})
UTF8_ADDRESS = "<žofie@příklad.example>".encode()


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        (b"<>", b""),
        (b"<a@example.com>", b"a@example.com"),
        (b" <a@example.com>", b"a@example.com"),
        (b'<"a b"@example.com>', b'"a b"@example.com'),
        (b'<"a\\"b> SIZE=1"@example.com>', b'"a\\"b> SIZE=1"@example.com'),
        (b"<=?utf-8?q?ceo?=@example.com>", b"=?utf-8?q?ceo?=@example.com"),
        (b"<a@[127.0.0.1]>", b"a@[127.0.0.1]"),
        (b"<a@[IPv6:::1]>", b"a@[IPv6:::1]"),
        (b"<@relay.example,@other.example:a@example.com>", b"a@example.com"),
        (b"<root>", b"root"),
        (b"a@example.com", b"a@example.com"),
        (b"<a..b.@my_host.example>", b"a..b.@my_host.example"),
        (b"< a@example.com\t>", b"a@example.com"),
        (b"\t<a@example.com>", b"a@example.com"),
        (b"< >", b""),
        (b"<Ann Lee <a@example.com>>", b"a@example.com"),
        (b'<"Lee, <Ann>" <a@example.com>>', b"a@example.com"),
        (b"<<a@example.com>>", b"a@example.com"),
        (b"<M\xfcller <a@example.com>>", b"a@example.com"),
        (UTF8_ADDRESS, UTF8_ADDRESS.strip(b"<>")),
    ],
)
def test_a_sound_sender_keeps_its_octets(path: bytes, meant: bytes) -> None:
    """The relay gets the argument as it came; nothing is decoded or unquoted."""
    mail = parse_mail(b"FROM:" + path, ALL)
    assert mail.path == meant
    assert mail.line == b"MAIL FROM:" + path


@pytest.mark.parametrize(
    ("arg", "code"),
    [
        (b"", 501),
        (b"FROM", 501),
        (b"TO:<a@example.com>", 501),
        (b"FROM:", 501),
        (b"FROM:<a@example.com", 501),
        (b"FROM:<a@example.com>x", 501),
        (b"FROM:<a(comment)@example.com>", 501),
        (b"FROM:<(comment) <a@example.com>>", 501),
        (b"FROM:<a b@example.com>", 501),
        (b"FROM:<a\0b@example.com>", 501),
        (b"FROM:<a\r\nRCPT@example.com>", 501),
        (b"FROM:<a@example.com>\r", 501),
        (b"FROM:<a@example..com>", 501),
        (b"FROM:<@example.com>", 501),
        (b"FROM:<a@>", 501),
        (b'FROM:<"a"b"@example.com>', 501),
        (b"FROM:<\xff@example.com>", 501),
        (b"FROM:<\xed\xa0\x80@example.com> SMTPUTF8", 501),
        (b"FROM:<a@example.com>>", 501),
        (b"FROM:<Ann <a@example.com>", 501),
        (b"FROM:<Ann <a b@example.com>>", 501),
        (b"FROM:<Ann <Lee <a@example.com>>>", 501),
        (b"FROM:<An\0n <a@example.com>>", 501),
        (b"FROM:<> SIZE", 501),
        (b"FROM:<> SIZE=", 501),
        (b"FROM:<> SIZE=1x", 501),
        (b"FROM:<> SIZE=" + b"1" * 21, 501),
        (b"FROM:<> SIZE=1 SIZE=1", 501),
        (b"FROM:<> BODY=BINARYMIME", 501),
        (b"FROM:<> SMTPUTF8=yes", 501),
        (b"FROM:<> RET=\0", 501),
        (b"FROM:<> XYZ=1", 555),
        (b"FROM:<> NOTIFY=NEVER", 555),
        (b"FROM:<> HOLDFOR=60", 555),
    ],
)
def test_an_unsound_sender_is_refused(arg: bytes, code: int) -> None:
    """Each way to get it wrong has its reply, and none reaches the relay."""
    with pytest.raises(BadEnvelope) as refusal:
        parse_mail(arg, ALL)
    assert refusal.value.reply.code == code


def test_parameters_are_known_by_name() -> None:
    """Names are case-insensitive, values stay as they are."""
    mail = parse_mail(b"from:<> size=12 BODY=8bitmime SMTPUTF8 RET=HDRS ENVID=a+2Bb AUTH=<>", ALL)
    assert mail.size_octets == 12
    assert b"SMTPUTF8" in mail.params
    assert mail.params[b"ENVID"] == b"a+2Bb"


def test_the_size_is_declared_anew_and_nothing_else_changes() -> None:
    """Only the parameter, not what looks like it in a quoted local part."""
    mail = parse_mail(b'FROM:<" SIZE=1"@a.example> ENVID=SIZE size=7 RET=FULL', ALL)
    expected = b'MAIL FROM:<" SIZE=1"@a.example> ENVID=SIZE SIZE=99 RET=FULL'
    assert mail.with_size(99) == expected
    mail = parse_mail(b'FROM:<" SIZE=1 <"<a@a.example>>\tSIZE=7\tRET=FULL', ALL)
    assert mail.with_size(99) == b'MAIL FROM:<" SIZE=1 <"<a@a.example>>\tSIZE=99\tRET=FULL'


def test_parameters_need_their_extension() -> None:
    """What our EHLO did not offer is refused as unadvertised."""
    with pytest.raises(BadEnvelope) as refusal:
        parse_mail(b"FROM:<> SIZE=1", frozenset())
    assert refusal.value.reply.code == 555


@pytest.mark.parametrize(
    ("arg", "code"),
    [
        (b"TO:<>", 501),
        (b"TO:", 501),
        (b"FROM:<a@example.com>", 501),
        (b"TO:<a@example.com> SIZE=1", 555),
        (b"TO:<a@example.com> NOTIFY=", 501),
        (b"TO:<@a.example:>", 501),
    ],
)
def test_an_unsound_recipient_is_refused(arg: bytes, code: int) -> None:
    """The null path is no recipient."""
    with pytest.raises(BadEnvelope) as refusal:
        parse_rcpt(arg, ALL)
    assert refusal.value.reply.code == code


def test_a_sound_recipient_keeps_its_octets() -> None:
    """Parameters of DSN cross verbatim (RFC 3461)."""
    arg = b"To:" + UTF8_ADDRESS + b" NOTIFY=SUCCESS,DELAY ORCPT=utf-8;\xc5\xbe@example.com"
    assert parse_rcpt(arg, ALL).line == b"RCPT " + arg


@pytest.mark.parametrize(
    "params",
    [b" ENVID=QUJD==", b"\tENVID=a", b" ENVID=a\tRET=HDRS ", b" AUTH=SRS0=a=b@example.com"],
)
def test_parameters_are_as_lax_as_relays_are(params: bytes) -> None:
    """A tab parts them as a blank does, and a value may hold what xtext would have escaped."""
    assert parse_mail(b"FROM:<>" + params, ALL).line == b"MAIL FROM:<>" + params


@given(st.binary(max_size=60), st.sampled_from([b"FROM:<", b"FROM:", b"FROM:<a@b> ", b""]))
def test_nothing_that_ends_a_line_is_ever_accepted(octets: bytes, start: bytes) -> None:
    """Whatever is accepted is one line, goes on as it came, and holds no NUL."""
    try:
        mail = parse_mail(start + octets, ALL)
    except BadEnvelope:
        return
    assert mail.line == b"MAIL " + start + octets
    assert not set(mail.line) & {0, 10, 13}


def test_judging_is_linear_in_hostile_input() -> None:
    """A long argument that almost fits does not backtrack."""
    starts = (b"a.", b'"\\a', b"@a,", b'"', b" ", b'"a" ', b"a<")
    for hostile in [b"<" + start * 50_000 for start in starts]:
        with pytest.raises(BadEnvelope):
            parse_mail(b"FROM:" + hostile, ALL)


def test_runs_of_ascii_are_read_at_once_as_octet_by_octet() -> None:
    """The same paths, the same parameters, the same refusals."""
    by_run = envelope._ARGUMENT
    by_octet = re.compile(by_run.pattern.replace(b"]++|", b"]|"), re.DOTALL)
    assert by_octet.pattern != by_run.pattern
    chance = random.Random(5321)
    pieces = [
        b"<",
        b">",
        b"a",
        b"b.c",
        b"@",
        b"example.net",
        b".",
        b" ",
        b'"',
        b"\\",
        b"\xc3\xa9",
        b"\xff",
    ]
    pieces += [b",", b":", b"[1]", b" SIZE=1", b"-", b"_", b"\r", b"\0", b"x y"]
    read = 0
    for _ in range(5000):
        begin = chance.choice([b"FROM:", b"to:<", b"FROM:<a@b"])
        arg = begin + b"".join(chance.choices(pieces, k=chance.randrange(8)))
        found, expected = by_run.match(arg), by_octet.match(arg)
        assert (found and found.groupdict()) == (expected and expected.groupdict())
        read += found is not None
    assert read > 100
