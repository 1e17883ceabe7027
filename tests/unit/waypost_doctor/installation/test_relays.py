"""The relay, as the proxy would reach it. With real relays: `tests/e2e/operations/test_doctor.py`."""

import socket
from pathlib import Path

import pytest

from config.keys.dns_answers import resolver_of
from config.schema import Config, RelayConfig
from proxy.relay.dial import Unavailable
from tests.support.clinic import strict_relay
from tests.support.stack import Mailbox
from waypost_doctor.findings import Kind, Level
from waypost_doctor.installation import relays
from waypost_doctor.patient import Patient


def said(**relay: object) -> list[str]:
    """Return what is said of a relay: the findings' names, or what is well."""
    config = Config(relay=(RelayConfig(host="127.0.0.1", **relay),))  # type: ignore[arg-type, call-arg]
    patient = Patient(config, resolver_of("127.0.0.1:1"))
    return [each.kind or each.what for each in relays.test(patient)]


@pytest.mark.parametrize("cause", Unavailable)
def test_each_cause_has_a_finding(cause: Unavailable) -> None:
    """And mail does not go out with any of them."""
    assert relays.KINDS[cause].level is Level.PROBLEM


def test_a_relay_that_is_ready_is_told_with_what_it_offers(mailbox: Mailbox) -> None:
    """Fallbacks are tried as well."""
    (told,) = said(port=mailbox.port)
    assert told.startswith(
        f"127.0.0.1:{mailbox.port} is ready for mail: no TLS; it offers 8BITMIME"
    )


def test_a_relay_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long `connect_timeout` is."""
    monkeypatch.setattr(relays, "LONGEST_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert said(port=silent.getsockname()[1]) == [Kind.RELAY_UNREACHABLE]


def test_a_relay_with_a_name_that_is_none() -> None:
    """RFC 6761 keeps .invalid free."""
    config = Config(relay=(RelayConfig(host="relay.invalid"),))  # type: ignore[call-arg]
    (told,) = relays.test(Patient(config, resolver_of("127.0.0.1:1")))
    assert told.kind is Kind.RELAY_NAME


def test_a_login_without_a_mechanism_in_common_cannot_be_tried(
    mailbox: Mailbox, tmp_path: Path
) -> None:
    """The mailbox offers none."""
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("secret\n")
    told = said(port=mailbox.port, user="apikey", password_file=password)
    assert told[1:] == [Kind.RELAY_LOGIN_IMPOSSIBLE]


def test_a_login_that_is_refused(tmp_path: Path) -> None:
    """The relay's own words are told."""
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("secret\n")
    with strict_relay() as port:
        relay = RelayConfig(host="127.0.0.1", port=port, user="apikey", password_file=password)
        config = Config(relay=(relay,))  # type: ignore[call-arg]
        _, told = relays.test(Patient(config, resolver_of("127.0.0.1:1")))
    assert told.kind is Kind.RELAY_LOGIN_REFUSED
    assert "535 5.7.8" in told.what
