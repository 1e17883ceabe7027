"""Which values make no sense together, rule by rule.

The exact words, and the line each is told with, stand in tests/configs (`test_load_bad_configs`);
here are the cases on either side of each rule.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.loading.rules import RULES, Finding, Rules, findings
from config.reference.catalogue import tables
from config.schema import Config, ProxyConfig

FOLDER = {"folder": Path("/srv/waypost")}
AWAY = "192.0.2.1:2525"
PUBLIC = ["0.0.0.0:2525"]
GUARDED = {"listen": PUBLIC, "trusted_networks": ["192.0.2.0/24"]}
"""A proxy for others than this machine, which is no open relay."""
KEY = {"selector": "s1", "key_file": "dkim.pem"}
HTTPS = {"base_url": "https://click.example.com"}


def found(**keys: object) -> list[tuple[str, bool]]:
    """Return the keys that rules complain about, and whether each is fatal."""
    config = Config.model_validate(keys, context=FOLDER)
    return [(dotted(each), each.fatal) for each in findings(RULES, config)]


def dotted(finding: Finding) -> str:
    """Return the place of a finding, positions in arrays included, but for that of the first relay."""
    return ".".join(map(str, finding.loc)).replace("relay.0.", "relay.")


def problem(name: str) -> list[tuple[str, bool]]:
    """Return the findings of one fatal mistake."""
    return [(name, True)]


def warning(name: str) -> list[tuple[str, bool]]:
    """Return the findings of one doubtful value."""
    return [(name, False)]


def test_the_defaults_are_valid_and_break_no_rule() -> None:
    """`Config()` is what an empty file means, and nothing is wrong or doubtful about it."""
    assert list(findings(RULES, Config())) == []


def test_a_rule_is_not_asked_about_keys_that_are_wrong_in_themselves() -> None:
    """One mistake is told once: not again by every rule that reads the key."""
    asked: list[str] = []
    rules = Rules()

    @rules.reading("relay.port", "relay.tls")
    def first(_config: Config) -> Iterator[Finding]:
        asked.append("first")
        yield Finding(("relay", "port"), "is odd")

    @rules.reading("tracking.identify")
    def second(_config: Config) -> Iterator[Finding]:
        asked.append("second")
        yield Finding(("tracking", "identify"), "is odd")

    assert len(list(findings(rules, Config()))) == 2
    for spoilt, left in (
        (["relay.port"], ["second"]),
        (["relay"], ["second"]),
        (["relay.ports", "tracking.identify.param"], ["first"]),
        (["tracking", "relay.tls"], []),
    ):
        asked.clear()
        list(findings(rules, Config(), spoilt))
        assert asked == left


def test_every_rule_reads_keys_that_exist() -> None:
    """Else it would be asked although its keys are wrong."""
    names = {entry.name for entry in tables()}
    names |= {f"{entry.name}.{key.name}" for entry in tables() for key in entry.keys}
    assert [key for rule in RULES for key in rule.reads if key not in names] == []


@pytest.mark.parametrize(
    ("proxy", "expected"),
    [
        ({"listen": ["127.0.0.1:2525", "[::1]:2525", "localhost:2526"]}, []),
        ({"listen": [AWAY]}, problem("proxy.listen.0")),
        ({"listen": ["127.0.0.1:2525", "[::]:2525"]}, problem("proxy.listen.1")),
        ({"listen": PUBLIC, "tls_cert": "server.pem"}, []),
        ({"listen": PUBLIC, "xclient_networks": ["192.0.2.0/24"]}, []),
        ({"listen": PUBLIC, "proxy_protocol_networks": ["192.0.2.0/24"]}, []),
        ({**GUARDED, "trusted_networks": ["10.0.0.0/8", "fc00::/7"]}, []),
        ({**GUARDED, "trusted_networks": ["0.0.0.0/0"]}, problem("proxy.trusted_networks.0")),
        ({**GUARDED, "xclient_networks": ["::/1"]}, problem("proxy.xclient_networks.0")),
    ],
)
def test_the_proxy_is_never_an_open_relay(
    proxy: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    """The relay may allow our address to send anywhere."""
    assert found(proxy=proxy, tracking=HTTPS) == expected


@pytest.mark.parametrize(
    ("proxy", "tracker", "expected"),
    [
        ({"listen": []}, {}, problem("proxy.listen")),
        ({}, {"listen": []}, problem("tracker.listen")),
        ({}, {"listen": ["127.0.0.1:2525"]}, problem("tracker.listen.0")),
        ({}, {"listen": ["localhost:2525"]}, problem("tracker.listen.0")),
        ({}, {"listen": ["[::1]:2525"]}, []),
        ({}, {"listen": ["0.0.0.0:2525"]}, problem("tracker.listen.0")),
        ({}, {"listen": ["[::]:2525"]}, []),
        ({"listen": ["127.0.0.1:0"]}, {"listen": ["127.0.0.1:0"]}, []),
    ],
)
def test_no_two_listeners_share_an_address(
    proxy: dict[str, object], tracker: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    """A wildcard is every address of its family; port 0 is a free one each time."""
    assert found(proxy=proxy, tracker=tracker) == expected


@pytest.mark.parametrize(
    ("relay", "listen", "expected"),
    [
        ({"port": 2525}, "127.0.0.1:2525", problem("relay.port")),
        ({"host": "localhost", "port": 2525}, "127.0.0.1:2525", problem("relay.port")),
        ({"host": "::1", "port": 2525}, "127.0.0.1:2525", []),
        ({"port": 2525}, "0.0.0.0:2525", problem("relay.port")),
        ({"host": "192.0.2.9", "port": 2525}, "0.0.0.0:2525", []),
        ({"fallback": [AWAY, "127.0.0.1:2525"]}, "127.0.0.1:2525", problem("relay.fallback.1")),
    ],
)
def test_mail_does_not_go_round_in_circles(
    relay: dict[str, object], listen: str, expected: list[tuple[str, bool]]
) -> None:
    """A relay that is this very proxy; another machine's port of that number is another's."""
    proxy = {**GUARDED, "listen": [listen]}
    assert found(proxy=proxy, relay=relay, tracking=HTTPS) == expected


@pytest.mark.parametrize(
    ("relay", "expected"),
    [
        ({"tls": "none"}, []),
        ({"host": "192.0.2.9", "tls": "none"}, warning("relay.tls")),
        ({"host": "192.0.2.9", "verify": False}, warning("relay.verify")),
        ({"host": "192.0.2.9", "tls": "none", "verify": False}, warning("relay.tls")),
        ({"port": 465, "tls": "required"}, warning("relay.port")),
        ({"port": 465, "tls": "implicit"}, []),
        ({"port": 587, "tls": "implicit"}, warning("relay.port")),
        ({"ca_file": "ca.pem", "tls": "none"}, warning("relay.ca_file")),
        ({"ca_file": "ca.pem", "verify": False}, warning("relay.ca_file")),
        ({"ca_file": "ca.pem"}, []),
        ({"allow_plain_auth": True, "tls": "required"}, warning("relay.allow_plain_auth")),
        ({"allow_plain_auth": True}, []),
        ({"client_cert": "c.pem", "tls": "none"}, warning("relay.client_cert")),
        ({"client_key": "c.key"}, problem("relay.client_key")),
    ],
)
def test_what_is_doubtful_about_the_relay_is_told(
    relay: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    """Mail in the clear beyond this machine, ports of another kind, keys without effect."""
    assert found(relay=relay) == expected


@pytest.mark.parametrize(
    ("relay", "expected"),
    [
        ({}, []),
        ({"host": "localhost", "tls": "none"}, []),
        ({"host": "192.0.2.9", "tls": "required"}, []),
        ({"host": "192.0.2.9", "tls": "implicit", "ca_file": "ca.pem", "port": 465}, []),
        ({"host": "192.0.2.9"}, problem("relay.user")),
        ({"fallback": ["192.0.2.9:587"]}, problem("relay.user")),
        ({"token_command": ["token"]}, problem("relay.token_command")),
        ({"password_file": None, "token_command": ["token"]}, []),
        ({"password_file": None}, problem("relay.user")),
        ({"user": None}, problem("relay.password_file")),
    ],
)
def test_our_login_is_whole_and_goes_where_it_is_safe(
    relay: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    """That is this machine, or TLS that proves who is there, for every relay of the fail-over."""
    login = {"user": "us", "password_file": "password", **relay}
    assert found(relay=login, proxy={"trust_loopback": False}) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"name": "a"}, {"name": "b"}, []),
        ({"name": "a", "senders": ["x.test"]}, {"name": "b", "senders": ["y.test"]}, []),
        ({"name": "a", "listeners": ["127.0.0.1:2525"]}, {"name": "b"}, []),
        ({}, {"name": "b"}, problem("relay.name")),
        ({"name": "a"}, {"name": "a"}, problem("relay.1.name")),
        (
            {"name": "a", "senders": ["x.test"]},
            {"name": "b", "senders": ["x.test"]},
            problem("relay.1.senders"),
        ),
        (
            {"name": "a"},
            {"name": "b", "listeners": ["127.0.0.1:9"]},
            problem("relay.1.listeners.0"),
        ),
        ({"name": "a"}, {"name": "b", "host": "192.0.2.9", "tls": "none"}, warning("relay.1.tls")),
        ({"name": "a", "senders": ["x.test"]}, None, warning("relay.senders")),
    ],
)
def test_several_relays_are_told_apart(
    first: dict[str, object], second: dict[str, object] | None, expected: list[tuple[str, bool]]
) -> None:
    """By a name for each, and by nothing that two of them have."""
    assert found(relay=[first, second] if second else first) == expected


@pytest.mark.parametrize("trusts", [True, False])
def test_our_login_for_whatever_forwards_to_this_machine_is_told(trusts: object) -> None:
    """It would be an open relay on an account that somebody pays for."""
    expected = warning("relay.user") if trusts else []
    login = {"user": "us", "password_file": "password"}
    assert found(relay=login, proxy={"trust_loopback": trusts}) == expected


SINGLE_SIGN_ON = {
    "login_header": "Remote-User",
    "trusted_proxies": ["127.0.0.1"],
    "admin_password_file": "p",
}


@pytest.mark.parametrize(
    ("tracker", "expected"),
    [
        ({"admin_listen": ["127.0.0.1:8081", "localhost:8082"]}, []),
        ({"admin_listen": ["192.0.2.1:8081"]}, problem("tracker.admin_listen.0")),
        ({"admin_listen": ["192.0.2.1:8081"], "admin_password_file": "p"}, []),
        ({"trusted_proxies": ["10.0.0.0/8"]}, []),
        ({"trusted_proxies": ["127.0.0.1", "::/0"]}, warning("tracker.trusted_proxies.1")),
        ({"tls_key": "key.pem"}, problem("tracker.tls_key")),
        (SINGLE_SIGN_ON, []),
        (SINGLE_SIGN_ON | {"trusted_proxies": []}, problem("tracker.login_header")),
        (SINGLE_SIGN_ON | {"trusted_proxies": ["10.0.0.0/8"]}, []),
        (
            SINGLE_SIGN_ON | {"trusted_proxies": ["0.0.0.0/0"]},
            problem("tracker.login_header") + warning("tracker.trusted_proxies.0"),
        ),
        (SINGLE_SIGN_ON | {"admin_password_file": None}, problem("tracker.login_header")),
        (SINGLE_SIGN_ON | {"login_header_scopes": ["figures"]}, []),
        (SINGLE_SIGN_ON | {"login_header_scopes": []}, problem("tracker.login_header_scopes")),
        ({"login_header_scopes": ["figures"]}, warning("tracker.login_header_scopes")),
    ],
)
def test_the_tracker_shows_nothing_to_strangers(
    tracker: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    """Clicks of readers are for the operator alone; nor may readers choose their addresses."""
    assert found(tracker=tracker) == expected


@pytest.mark.parametrize(
    ("proxy", "expected"),
    [
        ({"listen_tls": ["127.0.0.1:2465"]}, problem("proxy.listen_tls")),
        ({"listen_tls": ["127.0.0.1:2465"], "tls_cert": "server.pem"}, []),
        ({"tls_key": "key.pem"}, problem("proxy.tls_key")),
        ({"drain_timeout": 600.0}, []),
        ({"drain_timeout": 601.0}, warning("proxy.drain_timeout")),
        ({"hostname": "mail"}, warning("proxy.hostname")),
        ({"hostname": "mail.example.com"}, []),
    ],
)
def test_what_else_is_wrong_with_the_proxy_is_told(
    proxy: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    """TLS without a certificate, a stop that systemd cuts short, half a name."""
    config = Config(proxy=ProxyConfig.model_validate(proxy))
    assert [(dotted(each), each.fatal) for each in findings(RULES, config)] == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"tracking": {"base_url": "http://127.0.0.1:8080"}}, []),
        ({"tracking": {"base_url": "http://click.example.com"}}, warning("tracking.base_url")),
        ({"proxy": GUARDED}, warning("tracking.base_url")),
        ({"proxy": GUARDED, "tracking": HTTPS}, []),
        (
            {"sender": [{"domain": "example.com", "base_url": "http://go.example.com"}]},
            warning("sender.0.base_url"),
        ),
        ({"tracker": {"tls_cert": "cert.pem"}, "tracking": HTTPS}, []),
        ({"tracker": {"tls_cert": "cert.pem"}}, warning("tracking.base_url")),
    ],
)
def test_links_lead_where_readers_are_answered(
    keys: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    """Neither to this machine for readers elsewhere, nor by http where the tracker speaks https."""
    assert found(**keys) == expected


@pytest.mark.parametrize(
    ("senders", "expected"),
    [
        ([{"domain": "example.com"}, {"domain": "Example.COM"}], problem("sender.1.domain")),
        ([{"domain": "example.com", "sign": "always"}], problem("sender.0.sign")),
        ([{"domain": "example.com", "sign": "always", "dkim": [KEY]}], []),
        ([{"domain": "example.com", "sign": "never", "dkim": [KEY]}], warning("sender.0.sign")),
        ([{"domain": "example.com", "dkim": [KEY, KEY]}], problem("sender.0.dkim.1.selector")),
        ([{"domain": "example.com", "dkim": [KEY]}, {"domain": "example.net", "dkim": [KEY]}], []),
    ],
)
def test_each_sender_and_each_of_its_selectors_stands_once(
    senders: list[dict[str, object]], expected: list[tuple[str, bool]]
) -> None:
    """And whoever always signs has a key."""
    assert found(sender=senders) == expected


@pytest.mark.parametrize(
    ("well_known", "expected"),
    [
        ([{"assetlinks": "a.json"}], []),
        ([{}], problem("tracker.well_known.0.host")),
        ([{"assetlinks": "a"}, {"assetlinks": "b"}], problem("tracker.well_known.1.host")),
        ([{"host": "click.example.com", "assetlinks": "a"}], []),
        (
            [{"host": "www.example.com", "assetlinks": "a"}],
            warning("tracker.well_known.0.host"),
        ),
    ],
)
def test_each_tracking_host_has_its_files_once(
    well_known: list[dict[str, object]], expected: list[tuple[str, bool]]
) -> None:
    """A host that no link has is a typing error, most likely."""
    assert found(tracker={"well_known": well_known}, tracking=HTTPS) == expected


@pytest.mark.parametrize(
    ("tracking", "expected"),
    [
        ({"identify": {"param": "wp_id"}}, problem("tracking.identify.param")),
        ({"identify": {"hosts": ["example.com"]}}, problem("tracking.identify.hosts")),
        ({"identify": {"param": "wp_id", "hosts": ["example.com"]}}, []),
        (
            {
                "identify": {"param": "wp_id", "hosts": ["example.com"]},
                "url_params": {"wp_id": "x"},
            },
            problem("tracking.identify.param"),
        ),
        (
            {
                "url_params": {"utm_campaign": "{campaign}", "x": "{}"},
                "campaign_from": "template",
            },
            problem("tracking.url_params.x"),
        ),
        (
            {"url_params": {"x": "mail", "utm_campaign": "{campaign}"}},
            warning("tracking.url_params.utm_campaign"),
        ),
        ({"url_params": {"x": "{campaign}"}, "campaign_from": "subject"}, []),
        ({"url_params": {"x": "{sender}"}}, problem("tracking.url_params.x")),
    ],
)
def test_what_is_added_to_links_means_something(
    tracking: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    """A parameter for nobody, one named twice, a placeholder that is not known."""
    assert found(tracking=tracking) == expected


@pytest.mark.parametrize(
    ("accounts", "proxy", "expected"),
    [
        (None, {}, []),
        ([], {}, problem("sender.0.accounts")),
        (["alice", "loopback", "127.0.0.5"], {}, []),
        (["loopback"], {"trust_loopback": False}, warning("sender.0.accounts.0")),
        (["loopback"], {"trust_loopback": False, "trusted_networks": ["127.0.0.1"]}, []),
        (["loopback"], {"trust_loopback": False, "trusted_networks": ["::1"]}, []),
        (["192.0.2.7"], {"trusted_networks": ["192.0.2.0/24"]}, []),
        (["192.0.0.0/16"], {"trusted_networks": ["192.0.2.0/24"]}, []),
        (
            ["alice", "192.0.2.7"],
            {"trusted_networks": ["10.0.0.0/8"]},
            warning("sender.0.accounts.1"),
        ),
        (["2001:db8::/64"], {"trusted_networks": ["10.0.0.0/8"]}, warning("sender.0.accounts.0")),
        (["192.0.2.7"], {"xclient_networks": ["127.0.0.1"]}, []),
    ],
)
def test_somebody_may_send_as_each_sender(
    accounts: list[str] | None, proxy: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    """A network whose clients are not trusted is of no use, unless a front server vouches for them."""
    sender = {"domain": "example.com", "accounts": accounts}
    assert found(proxy=proxy, sender=[sender]) == expected


def test_with_postgresql_this_machine_needs_a_folder() -> None:
    """For the events that wait, and for its files."""
    assert found(store={"url": "postgresql:///w"}) == problem("store.state")
    assert found(store={"url": "postgresql:///w", "state": "state"}) == []


def test_with_sqlite_all_stands_beside_the_database() -> None:
    """The folder may be named, but no other."""
    assert found(store={"url": "sqlite:///w.db", "state": "."}) == []
    assert found(store={"url": "sqlite:///w.db", "state": "other"}) == problem("store.state")


@pytest.mark.parametrize(
    ("url", "insecure", "findings"),
    [
        ("postgresql://localhost/w", False, []),
        ("postgresql://db.example.com/w", False, problem("store.url")),
        ("postgresql://db.example.com/w?sslmode=verify-ca", False, problem("store.url")),
        ("postgresql://db.example.com/w?sslmode=verify-full", False, []),
        ("postgresql://db.example.com/w", True, []),
    ],
)
def test_a_database_elsewhere_is_verified(
    url: str, *, insecure: bool, findings: list[tuple[str, bool]]
) -> None:
    """Unless somebody says that the network is theirs."""
    assert found(store={"url": url, "state": ".", "insecure": insecure}) == findings


@pytest.mark.parametrize("key", [{"node": "a"}, {"passfile": "pgpass"}])
def test_what_only_postgresql_needs_has_no_effect_with_sqlite(key: dict[str, str]) -> None:
    """Somebody may have forgotten to change the URL."""
    assert found(store=key) == warning(f"store.{next(iter(key))}")
