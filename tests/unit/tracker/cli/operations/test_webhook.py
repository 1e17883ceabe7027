"""`waypost webhook`: how webhooks stand, what is tried again, and what a receiver says of an example."""

import json
from pathlib import Path

import pytest

from tests.support.clients.commands import output, run
from tests.support.receiver import Receiver, receiving, says, secret_file, status
from tracker.outbox.standing import COLUMNS
from tracker.store import database

HOOK = """
[[webhook]]
name = "crm"
url = "{url}"
secret_file = "{folder}/hook.secret"
machines = true
"""


def told(folder: Path, receiver: Receiver) -> None:
    """Have the configuration name a receiver."""
    secret_file(folder)
    with (folder / "waypost.toml").open("a") as file:
        file.write(HOOK.format(url=receiver.url, folder=folder))


def test_what_waits_is_listed(filled: Path) -> None:
    """For people, as JSON, as CSV."""
    told(filled, Receiver(port=9))
    (listed,) = json.loads(output(filled, "webhook list", "--json"))
    assert (listed["name"], listed["state"], listed["waiting"]) == ("crm", "working", 4)
    assert output(filled, "webhook list", "--csv").splitlines()[0] == ",".join(COLUMNS)
    assert "crm" in output(filled, "webhook list")


def test_without_webhooks_nothing_is_listed(filled: Path) -> None:
    """And that is said."""
    assert "Webhooks: nothing" in output(filled, "webhook list")


def test_what_failed_is_tried_again(filled: Path) -> None:
    """All of it, however much, and a webhook that stopped goes on."""
    told(filled, Receiver(port=9))
    output(filled, "webhook list")
    with database.changing(filled / "waypost.db") as opened, opened.transaction():
        opened.db.execute("UPDATE outbox SET due_s = NULL, attempts = 10")
        opened.db.execute("UPDATE webhooks SET stopped_s = 1, failures = 3, error = 'answered 410'")
    assert json.loads(output(filled, "webhook list", "--json"))[0]["given_up"] == 4
    assert output(filled, "webhook retry", "crm") == "crm: 4 events are tried again now.\n"
    (listed,) = json.loads(output(filled, "webhook list", "--json"))
    assert (listed["state"], listed["waiting"], listed["given_up"]) == ("working", 4, 0)
    assert output(filled, "webhook retry", "crm") == "crm: 0 events are tried again now.\n"


def test_an_example_is_sent_and_what_came_back_told(folder: Path) -> None:
    """With exit status 0."""
    with receiving() as receiver:
        told(folder, receiver)
        said = output(folder, "webhook test", "crm")
    assert said.startswith("crm: taken: answered 204 (")
    assert receiver.received[0].verified()["type"] == "webhook.test"


def test_what_is_not_taken_ends_with_exit_status_1(folder: Path) -> None:
    """What the receiver says is shown, and a terminal obeys nothing of it."""
    answer = b"HTTP/1.1 403 No\r\nContent-Length: 13\r\n\r\nGo \x1b[2J away!"
    with receiving(Receiver(then=says(answer))) as receiver:
        told(folder, receiver)
        result = run(folder, "webhook test", "crm")
    assert result.exit_code == 1
    assert "crm: not taken: answered 403" in result.output
    assert "away" in result.output
    assert "\x1b" not in result.output


def test_a_receiver_that_is_not_there_is_told(folder: Path) -> None:
    """In one line."""
    told(folder, Receiver(port=1))
    result = run(folder, "webhook test", "crm")
    assert (result.exit_code, "not taken: connection refused" in result.output) == (1, True)


@pytest.mark.parametrize("command", ["test", "retry"])
def test_a_name_that_nobody_has_is_a_clear_error(folder: Path, command: str) -> None:
    """With those that there are."""
    with receiving(Receiver(then=status(204))) as receiver:
        told(folder, receiver)
        result = run(folder, f"webhook {command}", "erp")
    assert result.exit_code == 1
    assert 'there is no webhook "erp"; configured: crm' in result.output


def test_retry_without_a_store_has_nothing_to_do(folder: Path) -> None:
    """As before the first click."""
    told(folder, Receiver(port=9))
    assert output(folder, "webhook retry", "crm") == "crm: 0 events are tried again now.\n"
