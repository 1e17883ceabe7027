"""The admin listener's paths: what is there, and what is not."""

import pytest
from starlette.routing import Route

from config.telemetry import observe
from tests.support.clients.admin import Client, serving
from tracker.admin.admin import Admin

PASSWORD = b"horse staple"


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


async def test_nothing_but_what_is_public_needs_no_password(admin: Admin) -> None:
    """A web server asks for certificates, a supervisor for health; neither knows the password."""
    paths = [route.path for route in admin.app.routes if isinstance(route, Route)]
    async with serving(admin.app, PASSWORD) as client:
        statuses = {path: (await client.ask(path)).status for path in [*paths, "/x"]}
        open_to_all = {path for path, status in statuses.items() if status != 401}
        assert open_to_all == {"/healthz", "/internal/ask"}
        ask = await client.ask("/internal/ask?domain=click.example.com")
        assert ask.status == 200


async def test_a_fault_of_ours_is_a_500_and_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, admin: Admin
) -> None:
    """Neither the client nor the log gets a traceback."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    observe.configure()
    monkeypatch.setattr("tracker.reports.summary.report", fail)
    async with serving(admin.app) as client:
        answer = await client.ask("/api/v1/report")
        assert (answer.status, list(answer.json)) == (500, ["error"])
        assert (await client.ask("/healthz")).status == 200
    said = capsys.readouterr().err
    assert "admin_failed" in said
    assert "Traceback" not in said
