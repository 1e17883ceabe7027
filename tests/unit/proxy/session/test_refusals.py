"""What is told of refused commands."""

from collections.abc import MutableMapping
from typing import Any

from config.addresses import parse_ip
from proxy.client.trust import Client
from proxy.session.refusals import MAX_LINES, Refusals
from proxy.smtp import replies
from proxy.smtp.replies import Reply
from tests.support.feeding import metric

Lines = list[MutableMapping[str, Any]]
CLIENT, OTHER = Client(parse_ip("192.0.2.1")), Client(parse_ip("192.0.2.2"))
NO = Reply(530, (b"5.7.0 Must issue a STARTTLS command first",))


def test_a_refused_command_leaves_a_line(logged: Lines) -> None:
    """Whose reply it was, and whom the command names."""
    refusals = Refusals()
    refusals.tell(CLIENT, b"MAIL", b"FROM:<a@example.com> SIZE=5", NO, "full")
    refusals.tell(CLIENT, b"RCPT", b"TO: <b@example.net>", replies.BAD_RECIPIENT, "domain")
    assert logged == [
        {
            "event": "command_refused",
            "log_level": "info",
            "client": "192.0.2.1",
            "verb": "MAIL",
            "sender": "a@example.com",
            "reply": "530 5.7.0 Must issue a STARTTLS command first",
            "by": "relay",
        },
        {
            "event": "command_refused",
            "log_level": "info",
            "client": "192.0.2.1",
            "verb": "RCPT",
            "to": ["@example.net"],
            "reply": "501 5.1.3 Bad recipient address syntax",
            "by": "waypost",
        },
    ]


def test_no_other_argument_is_shown(logged: Lines) -> None:
    """It may be a password, as may be a verb that nobody knows."""
    refusals = Refusals()
    refusals.tell(CLIENT, b"AUTH", b"PLAIN secret", replies.TLS_NEEDED_FOR_AUTH, "full")
    refusals.tell(CLIENT, b"SECRET", b"secret", replies.UNKNOWN_COMMAND, "full")
    assert [line["verb"] for line in logged] == ["AUTH", "other"]
    assert "secret" not in str(logged).lower()


def test_many_refusals_of_an_address_leave_few_lines(logged: Lines) -> None:
    """The next says how many had none; another address has lines of its own."""
    refusals = Refusals()
    for _ in range(MAX_LINES + 5):
        refusals.tell(CLIENT, b"VRFY", b"", replies.ADDRESS_WANTED, "full")
    refusals.tell(OTHER, b"VRFY", b"", replies.ADDRESS_WANTED, "full")
    assert [line["client"] for line in logged] == ["192.0.2.1"] * MAX_LINES + ["192.0.2.2"]
    refusals._lines._failed_at_s.clear()  # as after a minute
    refusals.tell(CLIENT, b"VRFY", b"", replies.ADDRESS_WANTED, "full")
    refusals.tell(CLIENT, b"VRFY", b"", replies.ADDRESS_WANTED, "full")
    assert [line.get("untold") for line in logged[-2:]] == [5, None]


def test_all_are_counted(logged: Lines) -> None:
    """By verb, code and whose reply it was, with a line or without."""
    labels = {"verb": "MAIL", "code": "530", "by": "relay"}
    before = metric("waypost_commands_refused_total", **labels)
    refusals = Refusals()
    for _ in range(MAX_LINES + 5):
        refusals.tell(CLIENT, b"MAIL", b"FROM:<>", NO, "full")
    refusals.count(b"MAIL", NO)
    assert metric("waypost_commands_refused_total", **labels) == before + MAX_LINES + 6
    assert len(logged) == MAX_LINES
