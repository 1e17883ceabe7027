"""What is asked over HTTP, read: what is understood, what is not, and within which bounds."""

import json

import pytest

from tests.support.clients.admin import JSON, Client
from tracker.admin.admin import Admin
from tracker.api.api import PREFIX


async def test_a_query_that_makes_no_sense_names_its_field(client: Client) -> None:
    """400, and each problem with the field that it is in."""
    answer = await client.ask("/api/v1/report?since=yesterday&campain=x")
    assert answer.status == 400
    assert {each["field"] for each in answer.json["problems"]} == {"since", "campain"}
    assert "campain" in answer.json["error"]


async def test_no_operation_takes_a_parameter_that_it_does_not_know(
    client: Client, admin: Admin
) -> None:
    """Whoever writes `campain=` would else take the figures of all for those of one."""
    for each in admin.api.operations:
        body = b"{}" if each.method == "POST" else None
        answer = await client.ask(
            f"{PREFIX}{each.path}?campain=x".replace("{id}", "1"),
            each.method,
            body,
            content_type=JSON,
        )
        assert answer.status == 400, each.path
        assert "campain" in {problem["field"] for problem in answer.json["problems"]}, each.path


async def test_of_a_parameter_that_comes_twice_the_last_counts(client: Client) -> None:
    """As with `curl` options."""
    answer = await client.ask("/api/v1/report?since=yesterday&since=2026-11-28")
    assert answer.status == 200


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""]
)
async def test_only_json_is_taken(client: Client, content_type: str) -> None:
    """A form of somebody else's page cannot make links with a visitor's password (CSRF)."""
    body = b'{"url": "https://example.com/"}'
    answer = await client.ask("/api/v1/links", "POST", body, content_type=content_type)
    assert (answer.status, list(answer.json)) == (415, ["error"])


async def test_a_body_has_bounds(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """In size and in time."""
    answer = await client.ask("/api/v1/links", "POST", b" " * 70_000, content_type=JSON)
    assert answer.status == 413
    monkeypatch.setattr("tracker.api.requests.BODY_TIMEOUT_S", 0.1)
    answer = await client.ask(
        "/api/v1/links", "POST", b"{", content_type=JSON, content_length="100"
    )
    assert answer.status == 408


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"url": "\xff"}',
        b"[" * 60_000,
        b'{"url": NaN}',
        b'{"url": %s}' % (b"1" * 9000),
        b'{"url": "\\ud800"}',
        b"null",
    ],
    ids=lambda body: repr(body[:16]),
)
async def test_a_body_that_is_no_json_is_told_as_such(client: Client, body: bytes) -> None:
    """Whatever it is: 400, with a field."""
    answer = await client.ask("/api/v1/links", "POST", body, content_type=JSON)
    assert answer.status == 400
    assert {each["field"] for each in answer.json["problems"]} <= {"body", "url"}


async def test_a_body_may_come_in_pieces_and_name_its_charset(client: Client) -> None:
    """As clients of HTTP/1.1 send them."""
    asked = json.dumps({"url": f"https://example.com/?{'x' * 1000}"}).encode()
    answer = await client.ask(
        "/api/v1/links", "POST", asked, content_type="Application/JSON; charset=utf-8"
    )
    assert answer.status == 201
