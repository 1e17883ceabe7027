"""Which values make no sense together, and which are allowed but probably a mistake.

Owns: every rule about more than one key of a Config. Each rule names the keys that it reads, and is
left out when one of them is already wrong by itself. Does no I/O.
Does not own: what a single value may be (`config.schema`), the files that keys name
(`file_checks`).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from config.addresses import LOOPBACKS, Network, is_loopback, is_public, parse_ip
from config.loading.lines import Loc
from config.schema import Config, RelayConfig, SenderConfig
from config.store_url import VERIFIED
from config.values import Address, networks_of

WIDEST_PREFIX = {4: 8, 6: 7}
"""Nothing wider than the widest private networks, 10.0.0.0/8 and fc00::/7, may be trusted."""
WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - told apart, not listened on
SUBMISSIONS_PORT = 465
STARTTLS_PORTS = frozenset({25, 587})
LONGEST_DRAIN_S = 600.0
"""What `TimeoutStopSec=` of the unit files allows."""
PLACEHOLDER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: at which key, what is wrong, and what would be right."""

    loc: Loc
    what: str
    hint: str = ""
    fatal: bool = True


Check = Callable[[Config], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A check, and the keys that it reads."""

    reads: tuple[str, ...]
    check: Check


class Rules(list[Rule]):
    """Rules that are applied together; `@rules.reading(keys…)` adds one."""

    def reading(self, *reads: str) -> Callable[[Check], Check]:
        """Return a decorator that adds a check, which reads the keys `reads`."""

        def register(check: Check) -> Check:
            self.append(Rule(reads, check))
            return check

        return register


RULES = Rules()
_rule = RULES.reading


def findings(rules: Rules, config: Config, without: Iterable[str] = ()) -> Iterator[Finding]:
    """Yield what `rules` find, leaving out each rule that reads a key (or part of one) in `without`."""
    spoilt = tuple(without)
    for rule in rules:
        if not any(_overlap(key, bad) for key in rule.reads for bad in spoilt):
            yield from rule.check(config)


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


LISTENERS = (
    ("proxy", "listen"),
    ("proxy", "listen_tls"),
    ("tracker", "listen"),
    ("tracker", "admin_listen"),
)


def _listeners(config: Config, *names: tuple[str, str]) -> Iterator[tuple[Loc, Address]]:
    for table, key in names or LISTENERS:
        for index, address in enumerate(getattr(getattr(config, table), key)):
            yield (table, key, index), address


def _collide(one: Address, other: Address) -> bool:
    pairs = ((mine, yours) for mine in _hosts(one) for yours in _hosts(other))
    return one.port == other.port != 0 and any(_overlapping(*pair) for pair in pairs)


def _hosts(address: Address) -> tuple[str, ...]:
    local = address.host.lower() == "localhost"
    return ("127.0.0.1", "::1") if local else (address.host.lower(),)


def _overlapping(mine: str, yours: str) -> bool:
    # [::]:25 leaves 0.0.0.0:25 to whoever has it.
    same_family = (":" in mine) == (":" in yours)
    return mine == yours or (same_family and bool({mine, yours} & WILDCARDS))


@_rule("proxy.listen", "proxy.listen_tls", "tracker.listen")
def _somewhere_to_listen(config: Config) -> Iterator[Finding]:
    if not config.proxy.listen and not config.proxy.listen_tls:
        yield Finding(("proxy", "listen"), "is empty: nobody could hand in mail")
    if not config.tracker.listen:
        yield Finding(("tracker", "listen"), "is empty: no tracked link would work")


@_rule("proxy.listen", "proxy.listen_tls", "tracker.listen", "tracker.admin_listen")
def _each_address_once(config: Config) -> Iterator[Finding]:
    seen: list[tuple[Loc, Address]] = []
    for loc, address in _listeners(config):
        for other, taken in seen:
            if _collide(address, taken):
                name = ".".join(map(str, other[:2]))
                yield Finding(loc, f"{address} is taken by {name}", "give it a port of its own")
                break
        seen.append((loc, address))


@_rule("proxy.tls_cert", "proxy.tls_key", "proxy.listen_tls")
def _tls_has_a_certificate(config: Config) -> Iterator[Finding]:
    proxy = config.proxy
    if proxy.listen_tls and not proxy.tls_cert:
        yield Finding(("proxy", "listen_tls"), "needs a certificate", "set proxy.tls_cert")
    if proxy.tls_key and not proxy.tls_cert:
        yield Finding(("proxy", "tls_key"), "is of no use alone", "set proxy.tls_cert too")


@_rule("tracker.tls_cert", "tracker.tls_key", "tracking.base_url", "sender.base_url")
def _links_speak_as_the_tracker(config: Config) -> Iterator[Finding]:
    tracker = config.tracker
    if tracker.tls_key and not tracker.tls_cert:
        yield Finding(("tracker", "tls_key"), "is of no use alone", "set tracker.tls_cert too")
    for loc, url in _base_urls(config) if tracker.tls_cert else ():
        if urlsplit(url).scheme == "http":
            what = "is http, but tracker.tls_cert makes the tracker answer https alone"
            yield Finding(loc, what, url.replace("http:", "https:", 1), fatal=False)


@_rule(
    "proxy.listen",
    "proxy.listen_tls",
    "proxy.tls_cert",
    "proxy.trusted_networks",
    "proxy.xclient_networks",
    "proxy.proxy_protocol_networks",
)
def _never_an_open_relay(config: Config) -> Iterator[Finding]:
    proxy = config.proxy
    guarded = (
        proxy.tls_cert
        or proxy.trusted_networks
        or proxy.xclient_networks
        or proxy.proxy_protocol_networks
    )
    for loc, address in _listeners(config, ("proxy", "listen")):
        if not address.is_loopback and not guarded:
            yield Finding(
                loc,
                f"{address} is reachable from beyond this machine, by anybody",
                "set proxy.tls_cert, so that clients can log in, or proxy.trusted_networks",
            )


@_rule("proxy.trusted_networks", "proxy.xclient_networks", "proxy.proxy_protocol_networks")
def _trust_has_bounds(config: Config) -> Iterator[Finding]:
    for key in ("trusted_networks", "xclient_networks", "proxy_protocol_networks"):
        networks: tuple[Network, ...] = getattr(config.proxy, key)
        for index, network in enumerate(networks):
            if network.prefixlen < WIDEST_PREFIX[network.version]:
                yield Finding(
                    ("proxy", key, index),
                    f"{network} would make this an open relay",
                    "name the networks of your own clients",
                )


def _relays(config: Config) -> Iterator[tuple[Loc, RelayConfig]]:
    for index, relay in enumerate(config.relays):
        yield ("relay", index), relay


@_rule("relay.host", "relay.port", "relay.fallback", "proxy.listen", "proxy.listen_tls")
def _relay_is_not_ourselves(config: Config) -> Iterator[Finding]:
    targets: list[tuple[Loc, Address]] = []
    for at, relay in _relays(config):
        targets.append(((*at, "port"), Address(relay.host, relay.port)))
        targets += [((*at, "fallback", each), to) for each, to in enumerate(relay.fallback)]
    ours = list(_listeners(config, *LISTENERS[:2]))
    for loc, target in targets:
        for listener, address in ours:
            elsewhere = address.host in WILDCARDS and not is_loopback(target.host)
            both = [Address("0.0.0.0", address.port)] if config.takes_ipv4(address) else []  # noqa: S104
            if any(_collide(target, each) for each in (address, *both)) and not elsewhere:
                name = ".".join(map(str, listener[:2]))
                yield Finding(loc, f"{target} is our own {name}", "name the server behind us")
                break


@_rule("relay.host", "relay.tls", "relay.verify")
def _relay_secrecy(config: Config) -> Iterator[Finding]:
    for at, relay in _relays(config):
        if is_loopback(relay.host):
            continue
        if relay.tls == "none":
            what = "mail crosses the network unencrypted"
            yield Finding((*at, "tls"), what, 'tls = "required"', fatal=False)
        elif not relay.verify:
            what = "is off: anybody between us and the relay can read along"
            yield Finding((*at, "verify"), what, "set relay.ca_file instead", fatal=False)


@_rule("relay.user", "relay.password_file", "relay.token_command")
def _relay_login_is_whole(config: Config) -> Iterator[Finding]:
    for at, relay in _relays(config):
        ways = [name for name in ("password_file", "token_command") if getattr(relay, name)]
        if relay.user and not ways:
            hint = "set relay.password_file or relay.token_command"
            yield Finding((*at, "user"), "has no password", hint)
        if len(ways) > 1:
            what = "is of no use beside relay.password_file"
            yield Finding((*at, "token_command"), what, "leave one of the two out")
        for name in ways if not relay.user else ():
            yield Finding((*at, name), "is of no use alone", "set relay.user too")


@_rule("relay.user", "relay.host", "relay.fallback", "relay.tls", "relay.verify")
def _relay_login_is_safe(config: Config) -> Iterator[Finding]:
    for at, relay in _relays(config):
        hosts = (relay.host, *(address.host for address in relay.fallback))
        away = next((host for host in hosts if not is_loopback(host)), None)
        if relay.user is None or away is None:
            continue
        loc: Loc = (*at, "user")
        if relay.tls not in {"required", "implicit"}:
            what = f'would be sent to {away}, and tls = "{relay.tls}" does not keep it secret'
            yield Finding(loc, what, 'tls = "required", or "implicit" for port 465')
        elif not relay.verify:
            what = f"would be sent to whoever answers as {away}: verify is off"
            yield Finding(loc, what, "set relay.ca_file instead of verify = false")


@_rule("relay.user", "proxy.trust_loopback")
def _relay_login_for_whom(config: Config) -> Iterator[Finding]:
    for at, relay in _relays(config):
        if relay.user and config.proxy.trust_loopback:
            what = (
                "is used for whatever connects from this machine, and whatever forwards to us there"
            )
            hint = "if others reach a port that ends here: proxy.trust_loopback = false"
            yield Finding((*at, "user"), what, hint, fatal=False)


@_rule("relay.client_cert", "relay.client_key", "relay.tls")
def _relay_client_certificate(config: Config) -> Iterator[Finding]:
    for at, relay in _relays(config):
        if relay.client_key and not relay.client_cert:
            yield Finding((*at, "client_key"), "is of no use alone", "set relay.client_cert too")
        if relay.client_cert and relay.tls == "none":
            what = 'has no effect with tls = "none"'
            yield Finding((*at, "client_cert"), what, 'tls = "required"', fatal=False)


@_rule("relay.port", "relay.tls")
def _relay_port_speaks_so(config: Config) -> Iterator[Finding]:
    for at, relay in _relays(config):
        if relay.port == SUBMISSIONS_PORT and relay.tls not in {"implicit", "none"}:
            what = "465 expects TLS from the first octet"
            yield Finding((*at, "port"), what, 'tls = "implicit", or port = 587', fatal=False)
        if relay.port in STARTTLS_PORTS and relay.tls == "implicit":
            what = f"{relay.port} expects STARTTLS, not TLS from the first octet"
            yield Finding((*at, "port"), what, 'tls = "required", or port = 465', fatal=False)


@_rule("relay.ca_file", "relay.tls", "relay.verify", "relay.allow_plain_auth")
def _relay_keys_have_effect(config: Config) -> Iterator[Finding]:
    for at, relay in _relays(config):
        if relay.ca_file and (relay.tls == "none" or not relay.verify):
            what = "has no effect while certificates are not verified"
            yield Finding((*at, "ca_file"), what, "", fatal=False)
        if relay.allow_plain_auth and relay.tls in {"required", "implicit"}:
            what = "has no effect: the connection is always encrypted"
            yield Finding((*at, "allow_plain_auth"), what, "leave it out", fatal=False)


@_rule("relay.name", "relay.senders", "relay.accounts", "relay.listeners")
def _relays_are_told_apart(config: Config) -> Iterator[Finding]:
    seen: dict[tuple[str, object], Loc] = {}
    for at, relay in _relays(config):
        if len(config.relays) > 1 and relay.name is None:
            yield Finding((*at, "name"), "is missing", "each of several relays needs a name")
        for key, values in _marks(relay):
            loc = (*at, key)
            if len(config.relays) == 1 and key != "name":
                what = "has no effect: there is no other relay"
                yield Finding(loc, what, "leave it out, or write [[relay]] for each", fatal=False)
            for value in values:
                if seen.setdefault((key, value), at) != at:
                    yield Finding(loc, f'"{value}" is said of another relay too', "choose one")


def _marks(relay: RelayConfig) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield what a relay is chosen by: the key, and its values."""
    for key in ("senders", "accounts", "listeners"):
        values = getattr(relay, key)
        if values:
            yield key, values
    if relay.name is not None:
        yield "name", (relay.name,)


@_rule("relay.listeners", "proxy.listen", "proxy.listen_tls")
def _relay_listeners_exist(config: Config) -> Iterator[Finding]:
    ours = {*config.proxy.listen, *config.proxy.listen_tls}
    for at, relay in _relays(config):
        for each, listener in enumerate(relay.listeners):
            if listener not in ours:
                what = f"{listener} is no address of proxy.listen or proxy.listen_tls"
                yield Finding((*at, "listeners", each), what, "write it as it stands there")


@_rule("tracker.admin_listen", "tracker.admin_password_file")
def _admin_is_guarded(config: Config) -> Iterator[Finding]:
    if config.tracker.admin_password_file:
        return
    for loc, address in _listeners(config, ("tracker", "admin_listen")):
        if not address.is_loopback:
            yield Finding(
                loc,
                f"{address} would show who clicked what to anybody",
                "set tracker.admin_password_file, or listen on 127.0.0.1",
            )


@_rule("tracker.login_header", "tracker.trusted_proxies", "tracker.admin_password_file")
def _who_logged_in_is_vouched_for(config: Config) -> Iterator[Finding]:
    tracker, loc = config.tracker, ("tracker", "login_header")
    if tracker.login_header is None:
        return
    if not tracker.trusted_proxies:
        hint = "name the web server that sets it in tracker.trusted_proxies"
        yield Finding(loc, "would count from nobody", hint)
    for network in tracker.trusted_proxies:
        if network.prefixlen < WIDEST_PREFIX[network.version]:
            what = f"would count from {network}, whoever is there"
            yield Finding(loc, what, "name your web servers in tracker.trusted_proxies")
    if tracker.admin_password_file is None:
        what = "needs a password besides, for whoever comes another way"
        yield Finding(loc, what, "set tracker.admin_password_file")


@_rule("tracker.login_header", "tracker.login_header_scopes")
def _login_scopes_are_of_a_header(config: Config) -> Iterator[Finding]:
    tracker, loc = config.tracker, ("tracker", "login_header_scopes")
    if tracker.login_header is not None and not tracker.login_header_scopes:
        yield Finding(loc, "is empty: nobody could see anything", 'write at least ["figures"]')
    if tracker.login_header is None and "login_header_scopes" in tracker.model_fields_set:
        yield Finding(loc, "has no effect without tracker.login_header", fatal=False)


@_rule("tracker.trusted_proxies")
def _proxies_are_few(config: Config) -> Iterator[Finding]:
    for index, network in enumerate(config.tracker.trusted_proxies):
        if network.prefixlen == 0:
            what = f"{network} lets every reader claim any address"
            hint = "name your web servers"
            yield Finding(("tracker", "trusted_proxies", index), what, hint, fatal=False)


@_rule("tracker.well_known")
def _well_known_once(config: Config) -> Iterator[Finding]:
    seen: set[str | None] = set()
    for index, each in enumerate(config.tracker.well_known):
        loc: Loc = ("tracker", "well_known", index, "host")
        if each.apple_app_site_association is None and each.assetlinks is None:
            yield Finding(loc, "has no file", "set apple_app_site_association or assetlinks")
        if each.host in seen:
            what = f"there is one for {each.host or 'all hosts'} already"
            yield Finding(loc, what, "put both into one")
        seen.add(each.host)


@_rule("tracker.well_known", "tracking.base_url", "sender.base_url")
def _well_known_hosts_are_ours(config: Config) -> Iterator[Finding]:
    for index, each in enumerate(config.tracker.well_known):
        if each.host is not None and each.host not in config.tracking_hosts:
            loc: Loc = ("tracker", "well_known", index, "host")
            what = f"{each.host} is not the host of any base_url"
            yield Finding(loc, what, "write the host that tracked links have", fatal=False)


@_rule("clicks.threshold", "clicks.doubtful")
def _doubt_comes_first(config: Config) -> Iterator[Finding]:
    clicks = config.clicks
    if clicks.doubtful > clicks.threshold:
        what = f"is more than clicks.threshold: from {clicks.threshold} points on nobody doubts"
        yield Finding(("clicks", "doubtful"), what, f"at most {clicks.threshold}")


@_rule("sender.domain")
def _senders_once(config: Config) -> Iterator[Finding]:
    for index, sender in enumerate(config.sender):
        if any(sender.domain == other.domain for other in config.sender[:index]):
            what = f"{sender.domain} has a [[sender]] already"
            yield Finding(("sender", index, "domain"), what, "put both into one")


@_rule("sender.sign", "sender.dkim")
def _signing_has_keys(config: Config) -> Iterator[Finding]:
    for index, sender in enumerate(config.sender):
        loc: Loc = ("sender", index, "sign")
        if sender.sign == "always" and not sender.dkim:
            hint = 'add a [[sender.dkim]], or leave signing to the relay: sign = "never"'
            yield Finding(loc, '"always" needs a key, and there is none', hint)
        if sender.sign == "never" and sender.dkim:
            what = '"never" leaves the keys of [[sender.dkim]] unused'
            yield Finding(loc, what, "remove one of the two", fatal=False)


@_rule("sender.accounts")
def _somebody_may_send(config: Config) -> Iterator[Finding]:
    for index, sender in enumerate(config.sender):
        if sender.accounts == ():
            loc: Loc = ("sender", index, "accounts")
            what = f"is empty: nobody could send as {sender.domain}"
            yield Finding(loc, what, "leave it out to allow everybody whose mail is trusted")


@_rule(
    "sender.accounts", "proxy.trust_loopback", "proxy.trusted_networks", "proxy.xclient_networks"
)
def _accounts_are_trusted(config: Config) -> Iterator[Finding]:
    """Without a login, only clients in trusted networks count, or whom a front server speaks for."""
    trusted = [*config.proxy.trusted_networks, *LOOPBACKS * config.proxy.trust_loopback]
    for index, sender in enumerate(config.sender) if not config.proxy.xclient_networks else ():
        for at, account in enumerate(sender.accounts or ()):
            meant = networks_of(account)
            if meant and not any(_share(one, other) for one in meant for other in trusted):
                loc: Loc = ("sender", index, "accounts", at)
                what = f'"{account}" has no effect: clients there are not trusted'
                hint = "add them to proxy.trusted_networks, or name logins"
                yield Finding(loc, what, hint, fatal=False)


def _share(one: Network, other: Network) -> bool:
    """Return whether some address is in both."""
    return one.version == other.version and one.overlaps(other)


@_rule("sender.dkim.selector")
def _selectors_once(config: Config) -> Iterator[Finding]:
    for index, sender in enumerate(config.sender):
        yield from _repeated_selectors(index, sender)


def _repeated_selectors(index: int, sender: SenderConfig) -> Iterator[Finding]:
    counts = Counter(key.selector for key in sender.dkim)
    for at, key in enumerate(sender.dkim):
        if counts[key.selector] > 1 and key is not sender.dkim[0]:
            loc = ("sender", index, "dkim", at, "selector")
            what = f'"{key.selector}" is used twice for {sender.domain}'
            yield Finding(loc, what, "one name in DNS holds one key")


def _base_urls(config: Config) -> Iterator[tuple[Loc, str]]:
    yield ("tracking", "base_url"), config.tracking.base_url
    for index, sender in enumerate(config.sender):
        if sender.base_url:
            yield ("sender", index, "base_url"), sender.base_url


@_rule("tracking.base_url", "sender.base_url", "proxy.listen")
def _readers_reach_the_tracker(config: Config) -> Iterator[Finding]:
    public = any(not address.is_loopback for address in config.proxy.listen)
    for loc, url in _base_urls(config):
        parts = urlsplit(url)
        near = is_loopback(parts.hostname or "")
        if parts.scheme == "http" and not near:
            what = "is http: links break where browsers insist on https (HSTS), and can be read"
            yield Finding(loc, what, url.replace("http:", "https:", 1), fatal=False)
        if near and public:
            what = f"{parts.netloc} is this machine: links would work for nobody else"
            yield Finding(loc, what, "write the name that readers reach", fatal=False)


@_rule("tracking.identify", "tracking.url_params")
def _identify(config: Config) -> Iterator[Finding]:
    identify = config.tracking.identify
    at: Loc = ("tracking", "identify")
    if identify.param and not identify.hosts:
        hint = 'write hosts = ["www.example.com"]'
        yield Finding((*at, "param"), "tells nobody: there are no hosts", hint)
    if identify.hosts and not identify.param:
        yield Finding((*at, "hosts"), "has no effect without param", 'param = "wp_id"')
    if identify.param in config.tracking.url_params:
        what = f'"{identify.param}" is also one of tracking.url_params'
        yield Finding((*at, "param"), what, "give it another name")


@_rule("tracking.url_params")
def _known_placeholders(config: Config) -> Iterator[Finding]:
    for name, value in config.tracking.url_params.items():
        for found in PLACEHOLDER.findall(value):
            if found != "{campaign}":
                loc = ("tracking", "url_params", name)
                yield Finding(loc, f"{found} is not known", "only {campaign} is")


@_rule("tracking.url_params", "tracking.campaign_from")
def _campaign_in_params_is_meant(config: Config) -> Iterator[Finding]:
    """Sites count by `utm_campaign`: who upgrades hears once that its values change."""
    if "campaign_from" in config.tracking.model_fields_set:
        return
    for name, value in config.tracking.url_params.items():
        if "{campaign}" in value:
            what = "{campaign} is the subject without names, numbers and dates, and was all of it"
            hint = 'set campaign_from = "template", or "subject" to keep all of it'
            yield Finding(("tracking", "url_params", name), what, hint, fatal=False)


@_rule("webhook.name", "webhook.url")
def _webhooks_are_told_apart(config: Config) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, webhook in enumerate(config.webhook):
        if webhook.called in seen:
            key = "name" if webhook.name else "url"
            what = f'there is a webhook called "{webhook.called}" already'
            hint = f"give one of the two {'another' if webhook.name else 'a'} name"
            yield Finding(("webhook", index, key), what, hint)
        seen.add(webhook.called)


@_rule("webhook.url", "webhook.private")
def _webhooks_are_reached(config: Config) -> Iterator[Finding]:
    for index, webhook in enumerate(config.webhook):
        yield from _reached(("webhook", index, "url"), webhook.url, private=webhook.private)


@_rule("stream.url", "stream.private")
def _stream_is_reached(config: Config) -> Iterator[Finding]:
    if config.stream.url is not None:
        yield from _reached(("stream", "url"), config.stream.url, private=config.stream.private)


def _reached(loc: Loc, url: str, *, private: bool) -> Iterator[Finding]:
    host = urlsplit(url).hostname or ""
    address = parse_ip(host)
    if address and not private and not is_loopback(host) and not is_public(address):
        yield Finding(loc, f"{host} is an address of a private network", "private = true allows it")


@_rule("stream.url", "stream.headers_file", "stream.secret_file")
def _stream_has_a_receiver(config: Config) -> Iterator[Finding]:
    for name in ("headers_file", "secret_file"):
        if config.stream.url is None and getattr(config.stream, name) is not None:
            yield Finding(("stream", name), "is of no use without stream.url", "set url, too")


@_rule("store.url", "store.state")
def _files_of_a_node_have_a_folder(config: Config) -> Iterator[Finding]:
    store, loc = config.store, ("store", "state")
    if store.engine == "postgresql" and store.state is None:
        what = "is missing: with PostgreSQL, this machine's spool and files need a folder"
        yield Finding(loc, what, 'state = "/var/lib/waypost"')
    if store.engine == "sqlite" and store.state not in (None, store.path.parent):
        what = f"is another folder than that of the database, {store.path.parent}"
        yield Finding(loc, what, "leave it out: with SQLite all stands beside the database")


@_rule("store.url", "store.insecure")
def _nobody_else_is_taken_for_the_database(config: Config) -> Iterator[Finding]:
    server = config.store.server
    if server is None or server.is_here or server.is_verified or config.store.insecure:
        return
    what = f"sslmode is {server.sslmode}: who clicked what could be read on the way, or changed"
    yield Finding(("store", "url"), what, f"?sslmode={VERIFIED}; insecure = true allows it")


@_rule("store.url", "store.passfile", "store.node")
def _sqlite_needs_neither_password_nor_name(config: Config) -> Iterator[Finding]:
    if config.store.engine == "sqlite":
        for key in ("passfile", "node"):
            if getattr(config.store, key) is not None:
                yield Finding(("store", key), "has no effect with SQLite", fatal=False)


@_rule("proxy.drain_timeout")
def _drain_fits_the_unit(config: Config) -> Iterator[Finding]:
    if config.proxy.drain_timeout > LONGEST_DRAIN_S:
        what = "is longer than systemd waits before it kills"
        hint = "raise TimeoutStopSec= of waypost-proxy.service too"
        yield Finding(("proxy", "drain_timeout"), what, hint, fatal=False)


@_rule("proxy.hostname")
def _hostname_is_complete(config: Config) -> Iterator[Finding]:
    name = config.proxy.hostname
    if name and "." not in name:
        what = f'"{name}" is not a full name: relays may refuse our EHLO'
        hint = 'proxy.hostname = "mail.example.com"'
        yield Finding(("proxy", "hostname"), what, hint, fatal=False)
