"""Every key of `waypost.toml`: its type, its default and what it does.

Owns: the models, with the text below each key, from which the example file and
`docs/configuration.md` are generated; and which [[sender]] a domain belongs to. Frozen and strict;
an unknown key is an error. Does no I/O.
Does not own: how a single value is read (`values`), which values make no sense together
(`config.loading.rules`), or where in the file a problem is (`config.loading.load`).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ByteSize, ConfigDict, Field

from config.store_url import SQLITE, Engine, Server, StoreUrl, engine_of
from config.values import (
    Account,
    Address,
    AlsoAlone,
    BaseUrl,
    FilePath,
    HeaderName,
    HostName,
    ListenAddress,
    Many,
    NetworkRange,
    NodeName,
    Octets,
    Processes,
    Rate,
    Regex,
    Seconds,
    ServerName,
    ShortSeconds,
    WebhookUrl,
)

Copies = Literal["shared", "per-recipient"]
BareNewlines = Literal["reject", "normalise"]
RelayTls = Literal["required", "opportunistic", "implicit", "none"]
ClientInfoMode = Literal["none", "xforward", "xclient"]
Switch = Literal["on", "off"]
LongLines = Literal["keep", "reencode"]
VisibleUrls = Literal["track", "skip"]
CampaignFrom = Literal["template", "subject", "list-id", "none"]
Sign = Literal["rewritten", "always", "never"]
DkimAlgorithm = Literal["rsa-sha256", "ed25519-sha256"]
TokenScope = Literal["figures", "persons", "links"]
UserAgentPrivacy = Literal["full", "family", "none"]
IpPrivacy = Literal["truncate", "full", "none"]
ConsentLevel = Literal["full", "anonymous", "none"]
LogRecipients = Literal["full", "domain", "none"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["console", "json"]
ReferrerPolicy = Literal[
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
]
RelayProfile = Literal["default", "sendmail", "verbatim"]
Provider = Literal["postmark", "sendgrid", "mailgun", "ses", "sparkpost", "mandrill", "mailjet"]
Dialect = Literal[
    "customerio",
    "postmark",
    "sendgrid",
    "mailgun",
    "ses",
    "sparkpost",
    "mandrill",
    "mailjet",
    "postal",
    "mautic",
    "emailengine",
    "ahoy",
    "socketlabs",
    "messagegears",
    "keap",
    "greenarrow",
    "marketo",
    "campaignmonitor",
    "smtpeter",
    "unosend",
    "generic",
]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
ClickRule = Literal[
    "head",
    "prefetch",
    "robot-agent",
    "scanner-network",
    "probable-network",
    "cloud-network",
    "no-fetch-metadata",
    "stale-agent",
    "no-language",
    "no-html",
    "flood",
    "burst",
    "many-networks",
    "echo",
    "early",
    "early-pair",
    "all-links",
    "in-order",
    "company",
]
"""A rule by which clicks are judged; `tracker.judging.rules` says what each sees, and its points."""

Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[int, Field(ge=1)]
Points = Annotated[int, Field(ge=0, le=1000)]
Limit = Annotated[int, Field(ge=1, le=1000)]
Patience = Annotated[Seconds, Field(gt=0)]
StateFile = Callable[[str], Path]
"""What names the files of this machine by what they hold: `Config.store.file`."""
Parameter = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.~-]+$")]
"""The name of a URL parameter, which needs no escaping."""
RelayName = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9_.-]+$")]
LoginName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _example(toml: str) -> Any:  # noqa: ANN401 - pydantic declares no type for what Field gives
    return Field(examples=[toml])


def _table() -> Any:  # noqa: ANN401 - as above
    """Return the default of a table: one without keys, read by the validator that reads others."""
    return Field(default_factory=dict, validate_default=True)


class Table(BaseModel):
    """What all tables share: frozen, strict, no unknown keys.

    What they and their keys mean is in their docstrings (`config.reference.catalogue`).
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        serialize_by_alias=True,
        defer_build=True,  # the validator of all tables is made once, with that of Config
    )


class ProxyConfig(Table):
    """Where your applications hand in their mail."""

    listen: Many[ListenAddress] = (Address("127.0.0.1", 2525),)
    """Addresses to accept mail on, `"host:port"`. One that other machines can reach needs `tls_cert`
    (clients then log in over TLS with the relay's accounts) or `trusted_networks`. `"[::]:2525"` takes
    IPv4 too, unless another listener has that port for IPv4."""
    listen_tls: Many[ListenAddress] = ()
    """Addresses with TLS from the first octet (implicit TLS, the port of submissions, 465)."""
    hostname: Annotated[HostName | None, _example('"mail.example.com"')] = None
    """Our name in greetings, and in our EHLO to the relay. Unset: this machine's full name."""
    max_size: Annotated[Octets, Field(ge=65536)] = ByteSize(35_000_000)
    """The largest message that is accepted. The relay's own limit applies as well."""
    max_sessions: Positive = 500
    """Connections at the same time; further clients are answered 421 and may try again."""
    max_sessions_per_address: Positive = 50
    """Connections at the same time from one address, counted before TLS; an IPv6 network (/64) that
    is not trusted counts as one address. Mail servers of `xclient_networks` may have more."""
    copies: Copies = "shared"
    """`"shared"`: a message to several recipients stays one message, and nobody can tell which of
    them clicked. `"per-recipient"`: each recipient gets a copy with links of their own."""
    max_copies: Positive = 1000
    """With `copies = "per-recipient"`: the most recipients that one message may have."""
    workers: Processes = 1
    """Processes that share the listeners. One serves some hundred messages a second; `"auto"` has one for
    each core that we may use. Every limit holds for all of them together."""
    tls_cert: Annotated[FilePath | None, _example('"/etc/waypost/tls/fullchain.pem"')] = None
    """Certificate chain (PEM) for STARTTLS and `listen_tls`. Once renewed, it is in force within seconds;
    `waypost init --tls` makes one."""
    tls_key: Annotated[FilePath | None, _example('"/etc/waypost/tls/privkey.pem"')] = None
    """Private key (PEM) of `tls_cert`. Unset: it is in the same file."""
    trusted_networks: Annotated[Many[NetworkRange], _example('["192.0.2.0/24"]')] = ()
    """Networks whose clients may send without logging in. Their mail is tracked and signed, and so
    is mail from this machine and from everyone who logged in. Everybody else has to log in."""
    trust_loopback: bool = True
    """Whether programs on this machine may send without logging in, and have their mail tracked and
    signed. `false`: they are like anybody else, and log in or are in `trusted_networks`."""
    xclient_networks: Many[NetworkRange] = ()
    """Networks of mail servers that may name the real client with XCLIENT or XFORWARD (Postfix with
    us as its `smtpd_proxy_filter`). Whether mail may be sent and is tracked then depends on that
    client."""
    proxy_protocol_networks: Many[NetworkRange] = ()
    """Networks of load balancers that name the real client with the PROXY protocol (HAProxy)."""
    bare_newlines: BareNewlines = "reject"
    """What to do with a lone CR or LF that could smuggle a second message past a relay: refuse the
    message, or replace each of them by CRLF. With `"reject"` harmless ones pass unchanged, but not in
    mail of a sender with `sign = "always"`: it cannot be signed, and is refused."""
    add_missing: bool = True
    """Whether a message that Waypost changes or signs gets a Date and a Message-ID where it has none
    (RFC 6409 §8), as it would from most mail servers. No other message does."""
    idle_timeout: Patience = 300.0
    """How long a client may be silent (RFC 5321 §4.5.3.2 asks for at least 5 minutes)."""
    drain_timeout: Patience = 600.0
    """How long sessions may go on after the service was told to stop."""


class RelayConfig(Table):
    """The mail server that Waypost hands every message to.

    For several, write `[[relay]]` for each, with a `name`; docs/relays.md says which of them gets a
    message.
    """

    name: Annotated[RelayName | None, _example('"newsletter"')] = None
    """What the log calls it. Each of several needs one."""
    senders: Annotated[Many[HostName], _example('["news.example.com"]')] = ()
    """Of several relays: this one is for mail whose envelope sender is in one of these domains, or
    in a subdomain."""
    accounts: Annotated[Many[Account], _example('["newsletter@example.com", "192.0.2.0/24"]')] = ()
    """Of several relays: this one is for these clients, where the envelope sender does not tell: login
    names, networks of clients without a login, or `"loopback"`."""
    listeners: Annotated[Many[ListenAddress], _example('["127.0.0.1:2526"]')] = ()
    """Of several relays: this one is for what connects to these addresses of `[proxy] listen` and
    `listen_tls`, where neither sender nor account tells. Clients there log in to it."""
    host: ServerName = "127.0.0.1"
    """Name or address of the relay."""
    port: Port = 25
    """Its port: 25 or 587 with STARTTLS, 465 with `tls = "implicit"`."""
    fallback: Annotated[Many[ListenAddress], _example('["mx2.example.com:25"]')] = ()
    """More relays, `"host:port"`, tried in this order when the first cannot be reached, or is silent
    for some seconds. It is used again once it answers."""
    tls: RelayTls = "opportunistic"
    """`"required"`: STARTTLS or nothing. `"opportunistic"`: STARTTLS where offered.
    `"implicit"`: TLS from the first octet. `"none"`: never."""
    verify: bool = True
    """Whether the relay's certificate must be valid and carry its name."""
    ca_file: Annotated[FilePath | None, _example('"/etc/waypost/relay-ca.pem"')] = None
    """Certificates (PEM) to trust instead of this system's."""
    client_cert: Annotated[FilePath | None, _example('"/etc/waypost/tls/client.pem"')] = None
    """Certificate chain (PEM) to show to a relay that asks for one."""
    client_key: Annotated[FilePath | None, _example('"/etc/waypost/tls/client.key"')] = None
    """Private key (PEM) of `client_cert`. Unset: it is in the same file."""
    user: Annotated[LoginName | None, _example('"apikey"')] = None
    """Our own login at the relay, for clients that are trusted and did not log in themselves. It is
    sent over TLS with a certificate that verifies, or to this machine, and nowhere else."""
    password_file: Annotated[FilePath | None, _example('"/etc/waypost/relay.password"')] = None
    """File with the password of `user`, for its owner's eyes alone. It is read at each login."""
    token_command: Annotated[
        Many[str], _example('["/usr/local/bin/relay-token", "mail@example.com"]')
    ] = ()
    """Instead of a password: a program and its arguments that print an access token of `user`, for
    XOAUTH2. A token is used for five minutes."""
    provider: Annotated[Provider | None, _example('"postmark"')] = None
    """The sending service behind the relay. Messages tell it not to track a second time, and what it
    changes in them is taken into account when signing."""
    profile: RelayProfile = "default"
    """What the relay does to addresses in headers (docs/alterations.md): a message in which it would
    break our signature is left alone. `"default"`: what Postfix does for its own machine, and
    OpenSMTPD. `"sendmail"`: what Sendmail does. `"verbatim"`: nothing, as Exim, a Postfix on another
    machine and most sending services."""
    allow_plain_auth: bool = False
    """Whether passwords may be sent over an unencrypted connection to a relay on another machine."""
    client_info: ClientInfoMode = "none"
    """Whether your own relay is told who the real client is: `"xforward"`, for its log, or
    `"xclient"`, for all that it decides. It has to allow us that (Postfix:
    `smtpd_authorized_xforward_hosts`, `smtpd_authorized_xclient_hosts`)."""
    max_logins: Positive = 10
    """How many clients that have to log in may be logging in at the same time, each in a session with
    the relay (of all `workers`); others wait for up to half a minute. One network has at most
    half of them. Such a client gets no relay session before it logs in."""
    max_connections: Annotated[Positive | None, _example("20")] = None
    """The most sessions with this relay at the same time (of all `workers`). Clients wait for up
    to half a minute; a session that is idle and that no client logged in to makes room."""
    max_rate: Annotated[Rate | None, _example('"14/s"')] = None
    """The most messages that this relay gets in a second, minute (`"100/min"`), hour or day, evenly
    (each of several `workers` has an even share). Clients wait at MAIL for up to half a minute, and then hear 451."""
    connect_timeout: Patience = 30.0
    """How long connection, greeting and EHLO may take in all. A client waits for a few seconds at most
    where the relay was not slow before; then the call goes on without it."""
    command_timeout: Patience = 300.0
    """How long to wait for the reply to a command (RFC 5321 §4.5.3.2)."""
    data_timeout: Patience = 600.0
    """How long to wait for the reply to the final dot. A shorter time causes duplicates (RFC 1047)."""


class IdentifyConfig(Table):
    """Tell your own sites who clicked, by an opaque id in the destination.

    Off unless `param` is set, as it discloses identity to the destination. The id is the one that
    the application gave (`X-Track-Person`), else a keyed hash of the recipient's address; `waypost
    identify ID` tells who it is. It is added to tracked links in copies for one reader, and to links
    that `waypost link` makes for one person, but not if the reader did not agree to it. The secret is
    in the key file, and stays the same when keys are rotated.
    """

    param: Annotated[Parameter | None, _example('"wp_id"')] = None
    """Name of the parameter to add, like `"wp_id"`. A destination that has one of that name already
    keeps it."""
    hosts: Annotated[Many[HostName], _example('["www.example.com"]')] = ()
    """Destination hosts that get the id; subdomains are not included."""


class GroupConfig(Table):
    """Links that count as one in reports."""

    pattern: Annotated[Regex, _example("'/orders/[0-9]+'")]
    """Regular expression, searched for in the destination."""
    name: Annotated[str, Field(min_length=1), _example('"an order"')]
    """The group's name in reports."""


class TrackingConfig(Table):
    """Which links are tracked, and where tracked links lead first."""

    base_url: BaseUrl = "http://127.0.0.1:8080"
    """Where readers reach the tracker, scheme and host: tracked links begin with it. Keep this name
    for as long as links in delivered mail should work. Use https: browsers refuse http for domains
    on the HSTS list."""
    enabled: bool = True
    """`false` is final: nothing is tracked, whatever a sender, message or link says."""
    default: Switch = "on"
    """Whether a message is tracked that does not say so itself (`X-Track-Links`)."""
    plain_text: bool = False
    """Whether URLs in text/plain parts are tracked too (recipients see the long links)."""
    dialects: Many[Dialect] = DIALECTS
    """Sending services whose headers, attributes and classes are understood besides our own."""
    untracked_hosts: Annotated[Many[HostName], _example('["intranet.example.com"]')] = ()
    """Hosts whose links are never tracked, with all of their subdomains."""
    sensitive: Annotated[Many[Regex], _example("['/account/close']")] = ()
    """More destinations that are never tracked: regular expressions, searched for in the URL."""
    sensitive_builtin: bool = True
    """Whether links that look like password resets, magic links, one-time codes or pre-signed
    downloads are left alone."""
    visible_urls: VisibleUrls = "track"
    """What to do with a link whose text is itself a URL: mail programs may warn when text and
    target differ."""
    campaign_from: CampaignFrom = "template"
    """Where the campaign's name comes from in a message without `X-Track-Campaign`. `"template"` is
    the subject without what is the reader's (their name, order and customer numbers, dates and
    times), so that one mailing is one campaign; `"subject"` is the whole subject."""
    max_destination: Annotated[int, Field(ge=1, le=2048)] = 1300
    """The longest destination that is tracked, in octets; longer links are left as they are."""
    max_growth: Annotated[Octets | None, _example('"20kB"')] = None
    """The most that tracking may add to a message; one that would grow more is left as it is."""
    opens: bool = False
    """Whether tracked messages get a pixel that shows when they are opened. `false` is final; with
    `true` a message may still opt out (`X-Track-Opens: off`). Read docs/limits.md first."""
    long_lines: LongLines = "keep"
    """What to do with lines over 998 octets in 7bit and 8bit parts, in which no link can be tracked and
    which relays fold. `"reencode"`: a part in which a link is tracked then goes on as quoted-printable,
    which reads the same when decoded."""
    params_when_off: bool = False
    """Whether `url_params` are added to messages that are not tracked."""
    url_params: Annotated[
        dict[Parameter, str],
        _example('{utm_source = "mail", utm_campaign = "{campaign}"}'),
    ] = Field(default_factory=dict)
    """Parameters added to every tracked destination, as name = value; `{campaign}` in a value stands
    for the message's campaign."""
    url_params_hosts: Annotated[Many[HostName], _example('["www.example.com"]')] = ()
    """Destination hosts that get `url_params`; subdomains are not included. Empty: all do."""
    volatile_params: Annotated[Many[str], _example('["session"]')] = ()
    """More parameters that reports ignore when they tell links apart (session ids and the like)."""
    identify: IdentifyConfig = _table()
    """Tell your own sites who clicked."""
    group: Many[GroupConfig] = ()
    """Links that count as one in reports, by pattern; the first that matches is taken."""


class DkimConfig(Table):
    """A key to sign the sender's mail with."""

    selector: Annotated[HostName, _example('"waypost1"')]
    """The selector: the public key stands in DNS at `<selector>._domainkey.<domain>`."""
    algorithm: DkimAlgorithm = "rsa-sha256"
    """The algorithm, which must fit the key."""
    key_file: Annotated[FilePath, _example('"/etc/waypost/dkim.pem"')]
    """The private key (PEM). Nobody but its owner may be able to read it."""


class SenderConfig(Table):
    """A From-domain of yours. If there is at least one, mail from other domains is not tracked."""

    domain: Annotated[HostName, _example('"example.com"')]
    """The domain in From."""
    subdomains: bool = False
    """Whether this is for its subdomains too."""
    base_url: Annotated[BaseUrl | None, _example('"https://click.example.com"')] = None
    """The tracking host for this domain, instead of `[tracking] base_url`."""
    enabled: bool = True
    """`false` is final: nothing of this sender is tracked."""
    default: Annotated[Switch | None, _example('"off"')] = None
    """Like `[tracking] default`, for this sender alone."""
    sign: Sign = "rewritten"
    """`"rewritten"`: sign messages that tracking changed; if that fails, the original goes out.
    `"always"`: sign every message; one that cannot be signed is refused (550, with the cure), as is
    one without any From, and with 451 where signing fails by a fault of ours. `"never"`: leave signing
    to the relay."""
    accounts: Annotated[
        Many[Account] | None, _example('["newsletter@example.com", "loopback"]')
    ] = None
    """Who may send as this domain: login names, exactly as programs give them; for clients that did not
    log in, networks, or `"loopback"` for this machine. They must be trusted besides (`[proxy]
    trusted_networks`). A login that tells no name, as with DIGEST-MD5, is none of these. Mail of others
    passes unsigned and untracked; with `sign = "always"` it is refused (550). Not set: everybody whose
    mail is trusted."""
    dkim: Many[DkimConfig] = ()
    """Keys to sign with: one signature for each. Without keys, rewritten mail goes out unsigned."""


class WellKnownConfig(Table):
    """Files that phones look for on a tracking host, so that links in mail open your app.

    On a host that has one, links marked as app links (`universal="true"`, `data-msys-sublink`) are
    tracked under `/c/app/…`; elsewhere they are left alone. The app asks `/resolve?url=…` for the
    destination of a link.
    """

    host: Annotated[HostName | None, _example('"click.example.com"')] = None
    """The tracking host. Unset: all of them."""
    apple_app_site_association: Annotated[
        FilePath | None, _example('"/etc/waypost/apple-app-site-association"')
    ] = None
    """File (JSON) for iOS, whose `components` or `paths` should name `/c/app/*`."""
    assetlinks: Annotated[FilePath | None, _example('"/etc/waypost/assetlinks.json"')] = None
    """File (JSON) for Android."""


class TrackerConfig(Table):
    """Where readers' clicks arrive."""

    listen: Many[ListenAddress] = (Address("127.0.0.1", 8080),)
    """Addresses for readers: plain HTTP, behind a web server that has a certificate, or HTTPS with
    `tls_cert`."""
    workers: Processes = 1
    """Processes that answer readers at these addresses. One answers several thousand clicks a second; `"auto"` has
    one for each core that we may use. Every limit holds for all of them together."""
    tls_cert: Annotated[FilePath | None, _example('"/etc/waypost/tls/fullchain.pem"')] = None
    """Certificate chain (PEM) for `listen`; all of its addresses then speak HTTPS. Read again at
    SIGHUP."""
    tls_key: Annotated[FilePath | None, _example('"/etc/waypost/tls/privkey.pem"')] = None
    """Private key (PEM) of `tls_cert`. Unset: it is in the same file."""
    admin_listen: Many[ListenAddress] = (Address("127.0.0.1", 8081),)
    """Addresses for you: dashboard, API and metrics. One that other machines can reach needs
    `admin_password_file`."""
    admin_password_file: Annotated[FilePath | None, _example('"/etc/waypost/admin.password"')] = (
        None
    )
    """File with the password of the admin listener, or with a hash of it that `waypost password` makes
    (Argon2id). If set, every address of it asks for it, and looks at ten wrong ones a minute from one
    client."""
    trusted_proxies: Annotated[Many[NetworkRange], _example('["127.0.0.1"]')] = ()
    """Networks of web servers in front of us whose X-Forwarded-For and X-Forwarded-Proto (or
    Forwarded) are believed."""
    login_header: Annotated[HeaderName | None, _example('"Remote-User"')] = None
    """The header in which a web server of `trusted_proxies` says who logged in there (single sign-on). It
    counts from their addresses alone, and needs `admin_password_file` besides."""
    login_header_scopes: Annotated[Many[TokenScope], _example('["figures"]')] = (
        "figures",
        "persons",
        "links",
    )
    """What those may see and do whom `login_header` names: `"figures"`, `"persons"` and `"links"`, as
    those of a token (docs/access.md)."""
    well_known: Many[WellKnownConfig] = ()
    """Files that phones look for on a tracking host."""
    pass_query: Annotated[Many[Parameter], _example('["gclid"]')] = ()
    """Parameters of a click on a short link that go along to its destination, like those that an
    advertising network adds. A destination that has one of that name keeps its own, and one that
    somebody signed takes none."""
    referrer_policy: ReferrerPolicy = "no-referrer"
    """What destinations are told of the page that a reader comes from (`Referrer-Policy`). With
    `"unsafe-url"` that may be the tracked link itself."""


class ClicksConfig(Table):
    """Which clicks are taken for people's, and which for machines' (docs/machines.md).

    Rules give a click points. Everybody is served alike, whatever the points.
    """

    threshold: Limit = 100
    """From how many points on a click is a machine's."""
    doubtful: Limit = 50
    """From how many points on a click that is taken for a person's is marked as doubtful. As high as
    `threshold`: none is."""
    points: Annotated[dict[ClickRule, Points], _example("{no-language = 30, all-links = 0}")] = (
        Field(default_factory=dict)
    )
    """Points of rules that shall have others than docs/machines.md says, as rule = points:
    the most that the rule gives. 0 switches it off."""
    networks: Annotated[FilePath | None, _example('"/etc/waypost/networks.txt"')] = None
    """File with networks of mail filters, besides those that Waypost knows: on each line
    `NETWORK scanner LABEL` (nobody but a filter is there), `NETWORK probable LABEL` (people too, behind
    browser isolation), `NETWORK cloud LABEL` (machines of many, few people) or `NETWORK none` (forget what Waypost knows of it); `#` begins a comment. Of two
    networks around an address the smaller counts, and yours takes the place of all that Waypost knows
    inside of it. Read at the start and at SIGHUP; in force for new clicks."""


class StoreConfig(Table):
    """Where messages and clicks are kept."""

    url: Annotated[StoreUrl, Field(validate_default=True)] = "sqlite:///waypost.db"
    """The database. On one machine a file of SQLite, `sqlite:////abs/path`; a relative path starts from
    the folder of this file. For several machines one PostgreSQL (15 or newer), `postgresql://USER@HOST/DATABASE`
    as libpq takes it, which needs the library psycopg (docs/scale.md)."""
    state: Annotated[FilePath | None, _example('"/var/lib/waypost"')] = None
    """The folder of what is this machine's own: events that wait to be counted, and the files of
    decisions, consents and short links. Keep it on a local disk. With SQLite it is the folder of the
    database, with PostgreSQL it has to be given."""
    node: Annotated[NodeName | None, _example('"tracker-1"')] = None
    """What this machine is called among those that share a PostgreSQL. Unset: the name of the machine."""
    passfile: Annotated[FilePath | None, _example('"/etc/waypost/pgpass"')] = None
    """File with the password of PostgreSQL, a line `HOST:PORT:DATABASE:USER:PASSWORD` as libpq's
    `.pgpass` has it, for its owner's eyes alone. A systemd credential called `pgpass` is found without
    this key. In `url` a password is an error where others may read this file."""
    hold: Annotated[Seconds, Field(ge=0)] = 3600.0
    """How long events are kept here after PostgreSQL has them. They are counted again where a standby that
    lacks them takes its place: give more than a standby may lag. With SQLite nothing is kept."""
    insecure: bool = False
    """Whether a PostgreSQL on another host may be reached without `sslmode=verify-full`: whoever is on the
    way can read who clicked what then, or be the database."""

    @property
    def engine(self) -> Engine:
        """What kind of database it is."""
        return engine_of(self.url)

    @property
    def server(self) -> Server | None:
        """What the URL says of a PostgreSQL; None for a file of SQLite."""
        return None if self.engine == "sqlite" else Server.of(self.url)

    @property
    def path(self) -> Path:
        """The database file of SQLite. With PostgreSQL there is none of this name."""
        if self.engine == "sqlite":
            return Path(self.url.removeprefix(SQLITE))
        return (self.state or Path()) / "waypost.db"

    def file(self, name: str) -> Path:
        """Return a file, or a folder, of this machine that goes with the store: `waypost.db.NAME`.

        It is called alike with both engines, so that a machine keeps its files when its store moves.
        """
        return self.path.with_name(f"{self.path.name}.{name}")

    @property
    def spool_dir(self) -> Path:
        """The folder of the spool segments."""
        return self.file("spool")


class PrivacyConfig(Table):
    """What is kept about readers, and how long."""

    ip: IpPrivacy = "truncate"
    """What is kept of readers' addresses: with `"truncate"` the network (/24, /48), with `"full"` the
    whole address, with `"none"` nothing, but that for two days it can be told of clicks of one day
    whether they came from one network. Of SMTP clients it says nothing: the log names those that
    fail to log in, or are refused, whatever it is."""
    log_recipients: LogRecipients = "full"
    """What the log says of recipients: with `"full"` their addresses, with `"domain"` what follows
    the @, with `"none"` only how many they are. The log is not erased by `waypost forget`."""
    user_agent: UserAgentPrivacy = "full"
    """What is kept of the user agent of a click, once the click was judged: with `"full"` all of it, with
    `"family"` browser and system without versions (`Firefox on Linux`), with `"none"` nothing. Of the other
    two, the store can tell for two days whether the agents of two clicks of one day are the same. In force
    for clicks that are counted from then on."""
    heed_gpc: bool = False
    """Whether a reader's `Sec-GPC: 1` (Global Privacy Control) or `DNT: 1` is heeded: once such a click was
    judged, nothing of it is kept but sums. It counts for its campaign, link, day and hour, and its
    delivery as clicked, so that the click rate stays right; it is no person's, and neither exported
    nor told to webhooks."""
    consent: ConsentLevel = "full"
    """What is taken for agreed to by whoever never said, neither by `waypost consent` nor in the message's
    header `X-Track-Person-Consent`: with `"full"` clicks count as that person's, with `"anonymous"` without a
    person, with `"none"` their mail is not tracked at all. Links for nobody in particular are tracked all
    the same. In force with the next message."""
    retention: Patience = 730 * 86400.0
    """How long messages and single clicks are kept. Totals stay, and links go on working; a click
    that comes later is counted, and nothing else of it is kept."""
    details: Annotated[Seconds, Field(ge=0)] = 90 * 86400.0
    """How long it is kept what became of each message, also of mail left untouched: its sender,
    Subject and Message-ID, the relay's queue id and reply, the client and its account; and from where
    its clicks came: network, user agent, and what their requests showed. Figures need none of it, and
    what a click was taken for stays. With `"0s"` nothing of a message is written down, and a click
    keeps it for a day, in which further ones may change what it is taken for."""


class WebhookConfig(Table):
    """A URL of yours that is told of clicks, each signed (docs/webhooks.md).

    What it is told names persons, unless they did not agree to that. `waypost webhook` lists what waits.
    """

    url: Annotated[WebhookUrl, _example('"https://hooks.example.com/clicks"')]
    """Where to; https, or http to this machine. Redirects are not followed."""
    name: Annotated[RelayName | None, _example('"crm"')] = None
    """What lists, log and metrics call it, and what stays if the URL changes. Unset: its host."""
    secret_file: Annotated[FilePath, _example('"/etc/waypost/crm.secret"')]
    """File with the secret that signs, `whsec_` and the base64 of 24 to 64 octets, for its owner's eyes
    alone. While one secret takes the place of another, the file holds both, a line each, and both sign.
    It is read again for each delivery."""
    campaigns: Many[Annotated[str, Field(min_length=1)]] = ()
    """Campaigns whose clicks are told, by name. Empty: all."""
    machines: bool = False
    """Whether clicks of machines are told, too. With `false`, a click that is taken for a machine's is
    told once it is taken for a person's."""
    settle: ShortSeconds = 15.0
    """How long after it was counted a click is told. Further clicks may show meanwhile that it was a
    machine's."""
    private: bool = False
    """Whether the host may have an address of a private network, as 10.0.0.0/8. It is looked at where
    the connection is made."""

    @property
    def called(self) -> str:
        """What the webhook is called: its name, else its host and port."""
        return self.name or urlsplit(self.url).netloc.lower()


class StreamConfig(Table):
    """A URL of yours that is sent every event, as lines of JSON: messages, clicks, opens (docs/stream.md).

    It is a second reader of the spool, and at least once what [[webhook]] is not: all there is, as it comes.
    What it is sent names persons.
    """

    url: Annotated[WebhookUrl | None, _example('"https://vector.example.com/waypost"')] = None
    """Where to; https, or http to this machine. Redirects are not followed. Unset: nowhere."""
    headers_file: Annotated[FilePath | None, _example('"/etc/waypost/stream.headers"')] = None
    """File with header fields of each request, as `Authorization: Bearer …`, a line each, for its owner's
    eyes alone. It is read again for each request."""
    secret_file: Annotated[FilePath | None, _example('"/etc/waypost/stream.secret"')] = None
    """File with the secret that signs each request, as that of a [[webhook]]. Unset: they are not signed."""
    private: bool = False
    """Whether the host may have an address of a private network, as 10.0.0.0/8. It is looked at where
    the connection is made."""
    hold: Annotated[Seconds, Field(ge=0)] = 86400.0
    """How long events that were counted wait in the spool for `url` to take them. After that they are
    deleted there, and only the store has them; the log says how much that was."""
    keep: Annotated[Seconds, Field(ge=0)] = 0.0
    """How long events that were counted stay in the spool whoever has them by then, for
    `waypost export --follow`."""
    room: Octets = ByteSize(1_000_000_000)
    """How much of the spool `hold` and `keep` may take together. Beyond it the oldest go."""

    @property
    def is_read(self) -> bool:
        """Whether events are wanted after they were counted."""
        return self.url is not None or self.keep > 0


class KeysConfig(Table):
    """The keys that tracked links are encrypted with."""

    file: Annotated[FilePath | None, _example('"/etc/waypost/token.keys"')] = None
    """The key file that `waypost init` wrote. Lose it, and every link in delivered mail is dead:
    keep a copy in a safe place."""


class LogConfig(Table):
    """What is written to standard error."""

    level: LogLevel = "info"
    """The lowest level that is written."""
    format: LogFormat = "console"
    """`"console"` for people, `"json"` for machines."""


def _array_of_one(value: object) -> object:
    """Read `[relay]`, and an array of none, like one `[[relay]]`."""
    if value in ([], ()):
        return (RelayConfig(),)
    return (value,) if isinstance(value, dict | RelayConfig) else value


class Config(Table):
    """All of `waypost.toml`."""

    proxy: ProxyConfig = _table()
    relays: Annotated[Many[RelayConfig], BeforeValidator(_array_of_one), AlsoAlone()] = Field(
        default=(), validate_default=True, alias="relay"
    )
    tracking: TrackingConfig = _table()
    sender: Many[SenderConfig] = ()
    tracker: TrackerConfig = _table()
    clicks: ClicksConfig = _table()
    store: StoreConfig = _table()
    privacy: PrivacyConfig = _table()
    webhook: Many[WebhookConfig] = ()
    stream: StreamConfig = _table()
    keys: KeysConfig = _table()
    log: LogConfig = _table()

    def takes_ipv4(self, listener: Address) -> bool:
        """Return whether a listener for all of IPv6 takes IPv4 too: if no other has its port."""
        mail = (*self.proxy.listen, *self.proxy.listen_tls)
        others = (*mail, *self.tracker.listen, *self.tracker.admin_listen)
        taken = any(":" not in other.host and listener.port == other.port != 0 for other in others)
        return listener.host == "::" and not taken

    @property
    def relay(self) -> RelayConfig:
        """The relay for mail that nothing else says of, the first; most often the only one."""
        return self.relays[0]

    @property
    def base_urls(self) -> tuple[str, ...]:
        """Everything that tracked links begin with, that of `[tracking]` first."""
        own = (sender.base_url for sender in self.sender if sender.base_url is not None)
        return tuple(dict.fromkeys((self.tracking.base_url, *own)))

    @property
    def tracking_hosts(self) -> tuple[str, ...]:
        """The names of the hosts that readers of tracked links ask."""
        return tuple(dict.fromkeys(urlsplit(url).hostname or "" for url in self.base_urls))


class HasSubdomains(Protocol):
    """A [[sender]], or an object made from one."""

    @property
    def subdomains(self) -> bool:
        """Whether it is for its subdomains too."""


S = TypeVar("S", bound=HasSubdomains)


def closest(domain: str, senders: Mapping[str, S]) -> S | None:
    """Return the sender that a domain belongs to, the closest of several; all in lower case."""
    if domain in senders:
        return senders[domain]
    while "." in domain:
        domain = domain.partition(".")[2]
        found = senders.get(domain)
        if found and found.subdomains:
            return found
    return None
