"""HTTP/1.1 without sockets: where a request ends, what is refused, what an answer looks like."""

import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.listener.http1 import Answer, BadRequest, Request, RequestReader
from tracker.listener.limits import MAX_BODY_OCTETS, MAX_FIELDS, MAX_HEAD_OCTETS

HEAD = b"GET /c/x?y HTTP/1.1\r\nHost: a.test\r\nX-Y: 1  2\r\n"
GET = HEAD + b"\r\n"

Told = list[tuple[str, bytes, bytes, list[tuple[bytes, bytes]], bool, bytes] | str]
"""What a client was understood to ask: each request with its body, or that it was no request."""


def told(*pieces: bytes) -> Told:
    """Read pieces as they come, taking each body that is not passed over."""
    reader, heard = RequestReader(), []
    for piece in pieces:
        reader.feed(piece)
        try:
            while (request := reader.next_request()) is not None:
                heard.append(facts(request))
        except BadRequest:
            return [*heard, "bad"]
    return heard


def facts(request: Request) -> tuple[object, ...]:
    """Return all that matters of a request."""
    return (request.method, request.path, request.query, request.headers, request.keep_alive)


def one(octets: bytes) -> Request:
    """Read exactly one request."""
    reader = RequestReader("192.0.2.1")
    reader.feed(octets)
    request = reader.next_request()
    assert request is not None
    return request


def test_a_request_is_read() -> None:
    """Method, path and query as they were sent; names of fields in lower case."""
    request = one(GET)
    assert (request.method, request.path, request.query) == ("GET", b"/c/x", b"y")
    assert request.headers == [(b"host", b"a.test"), (b"x-y", b"1  2")]
    assert (request.peer, request.version) == ("192.0.2.1", "1.1")
    assert request.keep_alive
    assert not request.tls


def test_a_request_says_whether_it_came_over_tls() -> None:
    """As the connection knows it."""
    reader = RequestReader("192.0.2.1", tls=True)
    reader.feed(GET)
    request = reader.next_request()
    assert request is not None
    assert request.tls


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", b"/", b""),
        (b"//c/%2F?", b"//c/%2F", b""),
        (b"/a?b?c", b"/a", b"b?c"),
        (b"/a#b?c", b"/a", b""),
        (b"/a?b#c", b"/a", b"b"),
        (b"http://a.test/c/x?y", b"/c/x", b"y"),
        (b"http://a.test", b"/", b""),
        (b"*", b"*", b""),
    ],
)
def test_a_target_has_path_and_query(target: bytes, path: bytes, query: bytes) -> None:
    """In each of its forms (RFC 9112 §3.2), nothing decoded."""
    request = one(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (request.path, request.query) == (path, query)


@pytest.mark.parametrize(
    ("head", "keep_alive"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n", False),
        (b"GET / HTTP/1.0\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", True),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n", True),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n", False),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4194305\r\n", False),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n", False),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n", False),
    ],
)
def test_another_request_follows_only_where_its_beginning_is_certain(
    head: bytes, *, keep_alive: bool
) -> None:
    """Whoever passes requests on to us must not see another end of one than we do."""
    assert one(head + b"\r\n").keep_alive == keep_alive


def test_behind_a_last_request_nothing_is_read() -> None:
    """Not a second request, nor what is none."""
    last = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert told(last + GET) == told(last)
    assert told(last, b"\x00") == told(last)
    upgrade = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert told(upgrade + GET) == told(upgrade)


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\n",
        b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        HEAD + b"X: a\r\n b\r\n\r\n",
        HEAD + b"X: a\r\n\tb\r\n\r\n",
        HEAD + b"X : a\r\n\r\n",
        HEAD + b"X\r\n\r\n",
        HEAD + b": x\r\n\r\n",
        HEAD + b"X: a\x00b\r\n\r\n",
        HEAD + b"Host: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://a.test/ HTTP/1.1\r\nX-Y: 1\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\n",
        HEAD + b"Content-Length: 3, 3\r\n\r\n",
        HEAD + b"Content-Length: +3\r\n\r\n",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: identity\r\n\r\n",
        b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"EHLO a.test\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(octets: bytes) -> None:
    """At once, even where no end of a head is in sight."""
    assert told(octets) == ["bad"]


def test_a_request_is_not_looked_at_before_the_one_before_was_taken() -> None:
    """The second of two is garbage, and the first is read."""
    assert told(GET + b"garbage\r\n\r\n") == [facts(one(GET)), "bad"]


def test_http_1_0_knows_no_host() -> None:
    """What health checks of load balancers still speak."""
    assert one(b"GET /healthz HTTP/1.0\r\n\r\n").path == b"/healthz"


def test_empty_lines_before_a_request_are_passed_over() -> None:
    """RFC 9112 §2.2; as many as a head may be long."""
    assert told(b"\r\n\r\n\r\n" + GET) == [facts(one(GET))]
    assert told(*[b"\r\n" * 100] * 100) == ["bad"]


@pytest.mark.parametrize("size", [1, 1000, MAX_HEAD_OCTETS * 4])
def test_a_head_has_a_bound_however_it_comes(size: int) -> None:
    """At once or octet by octet: one octet less is read, one more is not."""
    for more, expected in ((0, False), (1, True)):
        filler = MAX_HEAD_OCTETS - len(HEAD) - len(b"X: \r\n\r\n") + more
        head = HEAD + b"X: " + b"a" * filler + b"\r\n\r\n"
        assert (told(*split(head + GET, size)) == ["bad"]) is expected


def test_a_head_has_so_many_fields_at_most() -> None:
    """Host and X-Y are two of them."""
    fields = b"".join(b"X%d: y\r\n" % number for number in range(MAX_FIELDS - 2))
    assert len(told(HEAD + fields + b"\r\n")) == 1
    assert told(HEAD + fields + b"Z: z\r\n\r\n") == ["bad"]


def split(octets: bytes, size: int) -> list[bytes]:
    """Cut octets into pieces of one size."""
    return [octets[at : at + size] for at in range(0, len(octets), size)]


def test_a_body_that_nobody_takes_is_passed_over() -> None:
    """Exactly so many octets; then comes the next request."""
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n"
    stream = post + GET * 2 + b"x" * (40000 - 2 * len(GET)) + GET
    for size in (1, 7, 16384, len(stream)):
        assert [each[0] for each in told(*split(stream, size))] == ["POST", "GET"]


@pytest.mark.parametrize("size", [1, 5, 100])
def test_a_body_is_taken_as_it_comes(size: int) -> None:
    """Of known length, and in chunks with trailers, which are nobody's fields."""
    plain = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef"
    chunked = (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"4;x=y\r\nabcd\r\n2\r\nef\r\n0\r\nHost: b\r\nX-Y: 5\r\n\r\n"
    )
    for octets in (plain, chunked, chunked + GET):
        reader, body, request = RequestReader(), b"", None
        for piece in split(octets, size):
            reader.feed(piece)
            request = request or reader.next_request()
            if request is not None:
                body += reader.take_body()
        assert (body, reader.body_ended) == (b"abcdef", True)
        assert request is not None
        assert [name for name, _ in request.headers if name == b"host"] == [b"host"]


@pytest.mark.parametrize("chunks", [b"x\r\n", b"3\nabc", b"3\r\nabcd\r\n", b"-1\r\n", b"F" * 20])
def test_chunks_that_are_none_are_refused(chunks: bytes) -> None:
    """Where one ends must not be guessed."""
    reader = RequestReader()
    reader.feed(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    reader.next_request()
    with pytest.raises(BadRequest):
        reader.take_body()


@pytest.mark.parametrize(
    ("framing", "piece"),
    [
        (b"Content-Length: 100000000\r\n\r\n", b"x" * 65536),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10000),
        (b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"y" * 65536),
    ],
    ids=["length", "chunks", "trailer"],
)
def test_a_body_has_a_bound(framing: bytes, piece: bytes) -> None:
    """On the wire, so that framing cannot go on for ever either."""
    reader = RequestReader()
    reader.feed(b"POST / HTTP/1.1\r\nHost: a\r\n" + framing)
    reader.next_request()
    for _ in range(MAX_BODY_OCTETS // len(piece) - 1):
        reader.feed(piece)
        reader.take_body()
    reader.feed(piece * 2)
    with pytest.raises(BadRequest, match="too long"):
        reader.take_body()


REQUESTS = [
    GET,
    b"HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nabc\r\n\r\n",
    b"\r\nGET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    b"garbage\r\n\r\n",
]
streams = st.lists(st.sampled_from(REQUESTS) | st.binary(max_size=20), max_size=5).map(b"".join)


@given(streams, st.lists(st.integers(0, 3000), max_size=12))
@example(GET + GET, list(range(len(GET))))
def test_any_cuts_of_a_stream_tell_the_same(stream: bytes, cuts: list[int]) -> None:
    """Whatever a network makes of what a client sends."""
    at = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    assert told(*(stream[a:b] for a, b in itertools.pairwise(at))) == told(stream)


MARKUP = st.sampled_from(
    [b"\r\n", b"\r\n\r\n", b"\n", b": ", b" ", b"GET ", b"POST ", b"/", b"HTTP/1.1", b"Host",
     b"Content-Length", b"Transfer-Encoding", b"chunked", b"5", b"0", b"Connection", b"Upgrade"]
)  # fmt: skip


@given(st.lists(MARKUP | st.binary(max_size=6), max_size=40).map(b"".join))
def test_garbage_is_refused_or_waited_for(octets: bytes) -> None:
    """Nothing but BadRequest is ever raised, in a body neither."""
    reader = RequestReader()
    reader.feed(octets)
    try:
        while reader.next_request() is not None:
            reader.take_body()
    except BadRequest:
        pass
    assert len(reader.pending) <= len(octets)


def test_an_answer_goes_over_the_wire() -> None:
    """With a date (RFC 9110 §6.6.1) and its length; nobody needs to know our software."""
    answer = Answer(302, b"text/html", b"moved\n", ((b"location", b"https://a.test/"),))
    octets = answer.octets(one(GET), keep_alive=True)
    assert re.fullmatch(
        rb"HTTP/1\.1 302 Found\r\nlocation: https://a\.test/\r\ncontent-type: text/html\r\n"
        rb"content-length: 6\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n\r\nmoved\n",
        octets,
    )


def test_head_hears_the_length_alone() -> None:
    """RFC 9110 §9.3.2."""
    octets = Answer(200, b"text/plain", b"body").octets(
        one(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), keep_alive=True
    )
    assert b"content-length: 4\r\n" in octets
    assert octets.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("head", "keep_alive", "said"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True, None),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", False, b"close"),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True, b"keep-alive"),
        (b"GET / HTTP/1.0\r\n\r\n", False, b"close"),
    ],
)
def test_what_becomes_of_the_connection_is_said(
    head: bytes, said: bytes | None, *, keep_alive: bool
) -> None:
    """Each version has its own default (RFC 9112 §9.3)."""
    octets = Answer(200, b"text/plain", b"").octets(one(head), keep_alive=keep_alive)
    found = re.findall(rb"\r\nconnection: (.*?)\r\n", octets)
    assert found == ([] if said is None else [said])
