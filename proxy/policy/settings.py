"""The policy of one sender: everything that the operator decided about tracking, as a value.

Owns: the policy's fields and defaults, and how it is made from the configuration.
Does not own: what the fields mean to a link (`directives`) or a message
(`headers`, `proxy.rewrite.eligibility`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Literal, Self
from urllib.parse import urlsplit

from config.schema import DIALECTS, CampaignFrom, Config, RelayProfile, SenderConfig
from proxy.policy.directives import LinkRules, link_rules
from proxy.policy.traits import Traits, UrlRules
from tracker.tokens import url_octets as tracked_url_octets
from tracker.tokens import url_octets_to
from tracker.urls.hosts import base_urls, own_hosts
from tracker.urls.naming import VOLATILE_PARAMS, GroupPattern, patterns_of, volatile_of
from tracker.urls.params import Params
from tracker.urls.secrets.rules import Caution

DEFAULT_BASE_URL = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Signing:
    """What has to be known of our signing before a message is changed.

    `signs`: whether we sign what we change; if not, the relay may alter the message as it likes.
    `domains`: those whose DKIM signatures we can replace by our own, with `subdomains` those of
    their subdomains too. `relay_8bitmime`: whether the relay takes 8-bit bodies as they are,
    `relay_profile` what it does to addresses.
    """

    signs: bool = False
    domains: frozenset[str] = frozenset()
    subdomains: bool = False
    relay_8bitmime: bool = True
    relay_profile: RelayProfile = "default"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is tracked for one sender. `Policy()` holds the defaults of the configuration.

    `url_octets` is how long a tracked URL may become: a number of octets, or a function from the
    octets of the destination; None: as tokens have it, which `octets_to` then tells more closely, of
    one destination and the greatest number of a link. `base_urls` are all of our tracking hosts, the sender's first.
    `reencodes`: parts with long lines go on as quoted-printable. `app_links`: phones know the sender's tracking host as one whose links open an app.
    """

    enabled: bool = True
    default: bool = True
    plain_text: bool = False
    dialects: frozenset[str] = frozenset(DIALECTS)
    base_urls: tuple[str, ...] = (DEFAULT_BASE_URL,)
    untracked_hosts: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    sensitive_builtin: bool = True
    visible_urls: Literal["track", "skip"] = "track"
    campaign_from: CampaignFrom = "template"
    max_destination: int = 1300
    max_growth: int | None = None
    reencodes: bool = False
    params_when_off: bool = False
    app_links: bool = False
    opens: bool = False
    url_params: Params = ()
    url_params_hosts: frozenset[str] = frozenset()
    identify_param: str | None = None
    identify_hosts: frozenset[str] = frozenset()
    volatile_params: frozenset[str] = VOLATILE_PARAMS
    groups: tuple[GroupPattern, ...] = ()
    signing: Signing = Signing()
    url_octets: int | Callable[[int], int] | None = None

    worst_octets: Callable[[int], int] = field(init=False, repr=False, compare=False)
    octets_to: Callable[[str, int], int] | None = field(init=False, repr=False, compare=False)
    rules: LinkRules = field(init=False, repr=False, compare=False)
    traits: Callable[[str], Traits] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        derive = partial(object.__setattr__, self)
        derive("worst_octets", _worst(self.url_octets, self.base_urls))
        derive(
            "octets_to",
            partial(url_octets_to, self.base_urls[0]) if self.url_octets is None else None,
        )
        derive("rules", link_rules(self.dialects))
        urls = UrlRules(
            max_destination=self.max_destination,
            own_hosts=own_hosts(self.base_urls),
            untracked_hosts=tuple(host.lower() for host in self.untracked_hosts),
            sensitive=Caution.of(self.sensitive, builtin=self.sensitive_builtin),
            groups=self.groups,
            volatile=self.volatile_params,
        )
        derive("traits", urls.remembering())

    @classmethod
    def from_config(
        cls,
        config: Config,
        sender: SenderConfig | None = None,
        *,
        signing: Signing | None = None,
    ) -> Self:
        """Return the policy for mail of `sender`, or for all mail where none is configured."""
        tracking = config.tracking
        default = tracking.default if sender is None or not sender.default else sender.default
        return cls(
            enabled=tracking.enabled and (sender is None or sender.enabled),
            default=default == "on",
            plain_text=tracking.plain_text,
            dialects=frozenset(tracking.dialects),
            base_urls=base_urls(config, sender),
            untracked_hosts=tracking.untracked_hosts,
            sensitive=tracking.sensitive,
            sensitive_builtin=tracking.sensitive_builtin,
            visible_urls=tracking.visible_urls,
            campaign_from=tracking.campaign_from,
            max_destination=tracking.max_destination,
            max_growth=tracking.max_growth,
            reencodes=tracking.long_lines == "reencode",
            params_when_off=tracking.params_when_off,
            opens=tracking.opens,
            app_links=_opens_apps(config, base_urls(config, sender)[0]),
            url_params=tuple(tracking.url_params.items()),
            url_params_hosts=frozenset(tracking.url_params_hosts),
            identify_param=tracking.identify.param,
            identify_hosts=frozenset(tracking.identify.hosts),
            volatile_params=volatile_of(config),
            groups=patterns_of(config),
            signing=signing or Signing(),
        )


def _opens_apps(config: Config, base_url: str) -> bool:
    """Whether this tracking host tells phones which app opens its links."""
    name = urlsplit(base_url).hostname
    return any(each.host in (None, name) for each in config.tracker.well_known)


def _worst(
    octets: int | Callable[[int], int] | None, hosts: tuple[str, ...]
) -> Callable[[int], int]:
    """Return a function from the octets of a destination to those of its longest tracked URL."""
    if octets is None:
        return lru_cache(partial(tracked_url_octets, hosts[0]))
    if isinstance(octets, int):
        worst = octets
        return lambda _: worst
    return octets
