"""The file that Python applications copy: what it asks for, and what it makes of every answer."""

import ast
import inspect
import json
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import waypost_links
from proxy.message.editing import parse
from proxy.policy import Policy
from proxy.policy.header_conventions import OWN_HEADERS
from proxy.policy.headers import switches
from tracker.decisions.consents import Consent
from tracker.minting.request import LinkRequest
from waypost_links import Link, Refused, Unavailable, Waypost, set_headers

URL = "https://www.example.com/a"
MADE = {"url": "https://t.example/c/AQ", "destination": URL, "tracked": True, "message_id": "0a"}


@dataclass
class Listener:
    """Answers every request with the same, and keeps what was asked."""

    status: int = 201
    body: bytes = json.dumps(MADE).encode()
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        """Return what the application is configured with."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = request.rfile.read(int(request.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.path, headers, json.loads(body)))
        request.send_response(self.status)
        request.send_header("Location", self.address)
        request.end_headers()
        request.wfile.write(self.body)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Answer on a free port."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            listener.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listener.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield listener
        server.shutdown()
        thread.join()


def test_a_link_is_asked_for(listener: Listener) -> None:
    """Everything that was said, and nothing that was not."""
    waypost = Waypost(listener.address)
    assert waypost.link(URL) == Link(**MADE)
    waypost.link(URL, person="4711", campaign="sms", group="a", sender="example.com", short=True)
    (path, headers, first), (_, _, second) = listener.asked
    assert (path, headers["content-type"]) == ("/api/v1/links", "application/json")
    assert "authorization" not in headers
    assert first == {"url": URL, "track": True, "url_params": True, "short": False}
    named = {"person": "4711", "campaign": "sms", "group": "a", "sender": "example.com"}
    assert second == first | named | {"short": True}


def test_all_that_the_api_takes_can_be_asked_for() -> None:
    """A field of the API is an argument here, by the same name."""
    known = set(inspect.signature(Waypost.link).parameters)
    assert known - {"self", "or_plain"} == set(LinkRequest.model_fields)


def test_the_password_goes_along_and_is_not_shown(listener: Listener) -> None:
    """As it stands in its file, whose last line has an end."""
    waypost = Waypost(f"{listener.address}/waypost/", "staple ü\n")
    waypost.link(URL)
    ((path, headers, _),) = listener.asked
    assert headers["authorization"].encode("latin-1") == "Bearer staple ü".encode()
    assert path == "/waypost/api/v1/links"
    assert "staple" not in repr(waypost)


def test_what_makes_no_sense_names_its_fields(listener: Listener) -> None:
    """Whatever else was wished for: to send something else is for the application to decide."""
    listener.status = 400
    problems = [{"field": "sender", "problem": "unknown"}, {"field": "url", "problem": "odd"}]
    listener.body = json.dumps({"error": "…", "problems": problems}).encode()
    with pytest.raises(Refused, match=r"^sender: unknown; url: odd$") as refused:
        Waypost(listener.address).link(URL, or_plain=True)
    assert refused.value.problems == {"sender": "unknown", "url": "odd"}


UNAVAILABLE = [
    (503, b'{"error": "the disk is full"}', "the disk is full"),
    (401, b'{"error": "the password is needed"}', "the password is needed"),
    (302, b"{}", "302"),
    (400, b'{"problems": [7]}', "nothing that Waypost would"),
    (201, b'{"url": "https://t.example/"}', "nothing that Waypost would"),
    (201, b"[]", "nothing that Waypost would"),
    (200, b"<html>", "cannot be asked"),
]


@pytest.mark.parametrize(("status", "body", "said"), UNAVAILABLE)
def test_no_link_is_an_error_or_a_plain_url(
    listener: Listener, caplog: pytest.LogCaptureFixture, status: int, body: bytes, said: str
) -> None:
    """Whatever answers there; the log says what went out instead, and why."""
    listener.status, listener.body = status, body
    waypost = Waypost(listener.address, "secret")
    with pytest.raises(Unavailable, match=said):
        waypost.link(URL)
    with caplog.at_level(logging.WARNING, "waypost_links"):
        plain = waypost.link(URL, person="4711", or_plain=True)
    assert plain == Link(URL, URL, tracked=False, message_id=None)
    assert said in caplog.text
    assert "secret" not in caplog.text


def test_nobody_there_is_unavailable() -> None:
    """Silent for too long, or gone."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        waypost = Waypost(f"http://127.0.0.1:{deaf.getsockname()[1]}", timeout_s=0.1)
        with pytest.raises(Unavailable, match="timed out"):
            waypost.link(URL)
    with pytest.raises(Unavailable, match="refused"):
        waypost.link(URL)
    assert waypost.link(URL, or_plain=True).url == URL


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:8081",
        "localhost",
        "ftp://localhost",
        "http://",
        "http://127.0.0.1:80a",
        "http://127.0.0.1:0",
    ],
)
def test_an_address_is_one(address: str) -> None:
    """A slip in a setting is told where it is read, not when a message goes out."""
    with pytest.raises(ValueError, match="like http://127"):
        Waypost(address)


def test_headers_say_in_mail_what_is_wanted() -> None:
    """Each is understood by the proxy; set again, the last word counts."""
    message = EmailMessage()
    message["X-Track-Campaign"] = "old"
    set_headers(
        message, links=True, campaign="Grüße " * 20, person="4711", url_params=False, opens=False,
        consent="anonymous",
    )  # fmt: skip
    assert {name.lower().encode() for name in message} == set(OWN_HEADERS)
    asked = switches(parse(bytes(message)), Policy())
    assert (asked.html, asked.params, asked.opens, asked.odd) == (True, False, False, ())
    assert (asked.campaign, asked.person) == (("Grüße " * 20).strip(), "4711")
    assert asked.consent is Consent.ANONYMOUS


def test_headers_that_are_not_wanted_are_left_as_they_are() -> None:
    """None says nothing."""
    message = EmailMessage()
    message["X-Track-Campaign"] = "old"
    set_headers(message, links=False)
    assert message.items() == [("X-Track-Campaign", "old"), ("X-Track-Links", "off")]


def test_the_file_stands_alone_in_old_pythons() -> None:
    """It takes the standard library, and the syntax of Python 3.9."""
    tree = ast.parse(inspect.getsource(waypost_links), feature_version=(3, 9))
    modules = [
        *(
            each.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for each in node.names
        ),
        *(node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)),
    ]
    assert modules
    assert {name.partition(".")[0] for name in modules} <= sys.stdlib_module_names
