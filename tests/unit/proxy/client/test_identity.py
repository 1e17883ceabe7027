"""Who one client is, and what it may do, as its session goes on."""

from dataclasses import dataclass

import pytest

from config.addresses import parse_ip
from config.schema import ProxyConfig, RelayConfig
from proxy.client.connection import ClientConnection
from proxy.client.identity import ClientIdentity
from proxy.client.trust import Client
from proxy.relay.relay import Relay
from proxy.relay.upstream import Upstream
from proxy.smtp import replies

LOCAL, STRANGER = Client(parse_ip("127.0.0.1")), Client(parse_ip("203.0.113.9"))
FRONT = Client(parse_ip("192.0.2.1"))


@dataclass
class Known:
    """An identity, with the connection and the relay that it looks at."""

    identity: ClientIdentity
    connection: ClientConnection
    upstream: Upstream


def known(client: Client) -> Known:
    """Return what is known of a client that has just connected."""
    config = ProxyConfig.model_validate(
        {"trusted_networks": ["198.51.100.0/24"], "xclient_networks": ["192.0.2.0/24"]}
    )
    connection = ClientConnection(lambda _: None, memoryview(bytearray(1)))
    relay = RelayConfig.model_validate({"port": 1, "tls": "none"})
    upstream = Upstream(Relay(relay, "proxy.test"))
    identity = ClientIdentity(connection, upstream, client, config, "proxy.test")
    return Known(identity, connection, upstream)


def test_a_login_makes_a_stranger_a_user() -> None:
    """Until then it may neither send nor have its mail changed."""
    stranger = known(STRANGER)
    assert (stranger.identity.may_send, stranger.identity.trusted) == (False, False)
    stranger.upstream.authenticated = True
    assert (stranger.identity.may_send, stranger.identity.trusted) == (True, True)


def test_an_account_is_the_login_where_it_has_a_name() -> None:
    """Else the network, by which a retry is recognised just as well."""
    stranger = known(STRANGER)
    assert stranger.identity.account == "203.0.113.0/24"
    stranger.upstream.account = "alice"
    assert stranger.identity.account == "account:alice"


def test_who_is_trusted_without_a_login_may_have_the_relay_at_once() -> None:
    """A stranger keeps it once it is logged in."""
    stranger = known(STRANGER)
    assert (stranger.identity.trusted_unasked, stranger.identity.may_keep_relay) == (False, False)
    stranger.upstream.authenticated = True
    assert (stranger.identity.trusted_unasked, stranger.identity.may_keep_relay) == (False, True)
    assert known(LOCAL).identity.trusted_unasked
    assert known(LOCAL).identity.may_keep_relay


def test_where_judging_fails_nobody_is_taken_for_the_client_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often it is asked for: the one before may have been trusted."""
    each = known(LOCAL)
    assert each.identity.trusted
    each.identity.client = STRANGER
    with monkeypatch.context() as patching:
        patching.setattr("proxy.client.trust.network", lambda _client: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                assert not each.identity.trusted
    assert not each.identity.trusted


@pytest.mark.parametrize(
    ("client", "tls", "safe"),
    [(LOCAL, False, True), (STRANGER, False, False), (STRANGER, True, True)],
)
def test_a_password_crosses_no_open_network(client: Client, *, tls: bool, safe: bool) -> None:
    """This machine, or TLS."""
    each = known(client)
    each.connection.tls = tls
    assert each.identity.may_show_password == safe


def test_a_front_server_stays_one_while_it_speaks_for_others() -> None:
    """It is its own address that counts for that, not its client's."""
    front = known(FRONT).identity
    assert front.may_speak_for_others
    assert front.tell_client(b"ADDR=203.0.113.9") == replies.greeting("proxy.test")
    assert front.client == Client(parse_ip("203.0.113.9"), vouched=True)
    assert front.may_speak_for_others
    assert not known(STRANGER).identity.may_speak_for_others


def test_whose_mail_is_passed_on_counts_for_trust() -> None:
    """The front server's own address lends none."""
    front = known(LOCAL).identity
    assert front.trusted
    assert front.tell_origin(b"ADDR=203.0.113.9") is replies.OK
    assert (front.trusted, front.may_send) == (False, True)


def test_bad_attributes_change_nothing() -> None:
    """Nothing is guessed."""
    front = known(FRONT).identity
    assert front.tell_client(b"ADDR=nonsense") is replies.XCLIENT_SYNTAX
    assert front.tell_origin(b"FOO=1") is replies.XCLIENT_SYNTAX
    assert front.client == FRONT


def test_there_is_no_other_client_after_a_login() -> None:
    """The relay's session is logged in, and cannot be logged out."""
    front = known(FRONT)
    front.upstream.authenticated = True
    assert front.identity.tell_client(b"ADDR=203.0.113.9") is replies.ALREADY_AUTHENTICATED
    assert front.identity.client == FRONT
