"""Tokens from the command to the listener of a running tracker: added, used, revoked, lost, found."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.keys import password_hash
from tests.support.clients.programs import waypost
from tests.support.guarded import PASSWORD, ask, guarded, token
from tests.support.stack import Stack
from tests.support.waiting import until

JSON = "application/json"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run a tracker whose password is kept as a hash."""
    folder = tmp_path_factory.mktemp("tokens") / "waypost"
    stack = guarded(folder, password_hash.make(PASSWORD.encode()))
    with stack.serving("tracker"):
        yield stack


def status(stack: Stack, secret: str, path: str = "/api/v1/report") -> int:
    """Ask for something with a password or token; return the status."""
    bearer = f"Bearer {secret}".encode().decode("latin-1")
    return ask(stack, path, authorization=bearer).status


def revoke(stack: Stack, name: str) -> None:
    """Revoke a token with the command."""
    done = waypost("token", "revoke", name, "-c", stack.config)
    assert done.returncode == 0, done.stderr.decode()


def test_a_token_opens_what_its_scopes_say_at_once(stack: Stack) -> None:
    """Made by the command beside a tracker that runs."""
    figures, links = token(stack, "figures", "figures"), token(stack, "links", "links")
    both = token(stack, "both", "persons", "links")
    paths = {"/metrics", "/api/v1/report", "/api/v1/consents"}
    assert {path for path in paths if status(stack, figures, path) == 200} == paths - {
        "/api/v1/consents"
    }
    assert {path for path in paths if status(stack, both, path) == 200} == paths
    assert {status(stack, links, path) for path in paths} == {403}
    made = {
        name: ask(
            stack,
            "/api/v1/links",
            "POST",
            b'{"url": "https://example.com/"}',
            content_type=JSON,
            authorization=f"Bearer {secret}",
        ).status
        for name, secret in {"figures": figures, "links": links, "both": both}.items()
    }
    assert made == {"figures": 403, "links": 201, "both": 201}


def test_a_figures_token_is_shown_no_person(stack: Stack) -> None:
    """Neither an address nor a name, in whatever the API describes as open to it."""
    secret = token(stack, "nosy", "figures")
    told = ask(stack, "/api/v1/openapi.json", authorization=f"Bearer {secret}")
    paths = json.loads(told.body)["paths"]
    for path, operations in paths.items():
        for described in operations.values():
            if any(word in path for word in ("people", "message", "click", "identify", "consent")):
                assert "persons" in described["x-scopes"], path


def test_a_revoked_token_opens_nothing(tmp_path: Path) -> None:
    """Within seconds; also once its file is gone, and after a restart. Others go on."""
    stack = guarded(tmp_path / "waypost", PASSWORD)
    file = stack.folder / "waypost.db.access"
    copy = stack.folder / "waypost.db.access.known"
    with stack.serving("tracker"):
        gone, kept = token(stack, "gone", "figures"), token(stack, "kept", "figures")
        assert (status(stack, gone), status(stack, kept)) == (200, 200)
        revoke(stack, "gone")
        until(lambda: status(stack, gone) in {401, 429})
        until(lambda: copy.exists() and copy.read_bytes() == file.read_bytes())
        file.unlink()
        stack.wait_for_log("access_lost")
        assert (status(stack, gone), status(stack, kept)) == (401, 200)
    with stack.serving("tracker"):
        assert (status(stack, gone), status(stack, kept)) == (401, 200)
