"""The admin listener's paths: what is there, and what is not."""

import pytest

from tests.support.clients.admin import Client


async def test_metrics_are_told(client: Client) -> None:
    """In the text format of Prometheus, whatever is declared."""
    answer = await client.ask("/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert b"# HELP waypost_redirects_total " in answer.body


@pytest.mark.parametrize(
    ("domain", "status"),
    [
        ("click.example.com", 200),
        ("CLICK.example.com.", 200),
        ("go.example.net", 200),
        ("example.net", 404),
        ("example.com", 404),
        ("x.click.example.com", 404),
        ("", 404),
    ],
)
async def test_certificates_are_for_tracking_hosts_only(
    client: Client, domain: str, status: int
) -> None:
    """What Caddy asks before it gets a certificate for a name."""
    assert (await client.ask(f"/internal/ask?domain={domain}")).status == status


@pytest.mark.parametrize("path", ["/api/v1/other", "//", "/c/x", "/healthz/", "/docs"])
async def test_other_paths_are_not_found_in_json(client: Client, path: str) -> None:
    """No redirect, no page, no token is looked at."""
    answer = await client.ask(path)
    assert (answer.status, answer.json) == (404, {"error": "Not Found"})


async def test_other_methods_are_not_allowed(client: Client) -> None:
    """405 says which are (RFC 9110 §15.5.6)."""
    answer = await client.ask("/api/v1/report", "DELETE")
    assert (answer.status, "GET" in answer.headers["allow"]) == (405, True)


async def test_nothing_is_kept_by_caches(client: Client) -> None:
    """Who clicked what is for nobody else."""
    for path in ("/api/v1/report", "/metrics", "/healthz", "/internal/ask", "/x"):
        assert (await client.ask(path)).headers["cache-control"] == "no-store"
