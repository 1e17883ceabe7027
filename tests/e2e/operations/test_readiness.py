"""`/readyz/proxy` as a balancer asks it, while the relay of a running proxy comes and goes."""

import http.client
import smtplib

import pytest

from tests.support.stack import Stack
from tests.support.waiting import until


def ready(stack: Stack, role: str) -> int:
    """Return the status for a role."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.admin, timeout=60)
    connection.request("GET", f"/readyz/{role}")
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_proxy_whose_relay_is_found_dead_is_not_ready_and_the_tracker_is(stack: Stack) -> None:
    """What a client heard as 421, the balancer hears within seconds."""
    stack.config.write_text(
        stack.config.read_text().replace(f"port = {stack.relay}", "port = 1", 1)
    )
    with stack.serving("tracker"), stack.serving("proxy"):
        until(lambda: ready(stack, "proxy") == 200)
        with pytest.raises(smtplib.SMTPException), smtplib.SMTP("127.0.0.1", stack.smtp) as client:
            client.sendmail("a@example.com", ["b@example.net"], b"Subject: x\r\n\r\nHi.\r\n")
        until(lambda: ready(stack, "proxy") == 503)
        assert ready(stack, "tracker") == 200
    with stack.serving("tracker"):
        until(lambda: ready(stack, "proxy") == 503)
