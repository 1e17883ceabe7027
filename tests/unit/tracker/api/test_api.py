"""The API as an application: FastAPI, as this house answers."""

import subprocess
import sys

import pytest

from tests.support.clients.admin import Client
from tests.support.feeding import spool_message
from tests.support.hostile import TITLE, obeyed
from tests.support.repository import ROOT
from tracker.admin.admin import Admin
from waypost import COMMANDS, SERVICES


@pytest.mark.parametrize("path", ["/api/v1/docs", "/api/v1/redoc", "/api/v1/", "/api/v1"])
async def test_there_are_no_pages_of_the_library(client: Client, path: str) -> None:
    """They would load scripts from elsewhere."""
    answer = await client.ask(path)
    assert (answer.status, answer.json) == (404, {"error": "Not Found"})


async def test_answers_move_no_cursor_and_are_not_kept(client: Client, admin: Admin) -> None:
    """Whatever a campaign is called."""
    spool_message(admin.config, f"{TITLE}\u202e", 1)
    answer = await client.ask("/api/v1/report")
    assert [each["campaign"] for each in answer.json["campaigns"]] == [f"{TITLE}\u202e"]
    assert obeyed(answer.body.decode()) == set()
    assert answer.headers["cache-control"] == "no-store"


async def test_other_methods_are_refused_in_json(client: Client) -> None:
    """405 says which are there (RFC 9110 §15.5.6)."""
    answer = await client.ask("/api/v1/identify", "PUT")
    assert (answer.status, answer.headers["allow"], list(answer.json)) == (405, "GET", ["error"])


def test_no_command_loads_the_library() -> None:
    """It takes longer than most of what a command does; only who serves needs it."""
    lines = [
        "import sys, waypost",
        *(
            f"waypost.cli.get_command(None, {name!r})"
            for name in set(COMMANDS) - {*SERVICES, "demo"}
        ),
        "print(len(sys.modules), 'fastapi' in sys.modules, 'tracker.reports.summary' in sys.modules)",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, check=True
    )
    assert done.stdout.decode().split()[1:] == ["False", "True"]
