"""Policies: what the configuration says of one sender, and what is derived from it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.keys.token_keys import new_token_key
from config.schema import (
    Config,
    GroupConfig,
    IdentifyConfig,
    SenderConfig,
    TrackerConfig,
    TrackingConfig,
    WellKnownConfig,
)
from proxy.policy import Policy, Signing, Skip
from tracker.tokens import MESSAGE_ID_OCTETS, Keyring, Link, mint, tracked_url

KEYRING = Keyring([new_token_key()])


def of(sender: SenderConfig | None = None, **tracking: object) -> Policy:
    """Return the policy of a sender under these keys of [tracking]."""
    config = Config(tracking=TrackingConfig(**tracking), sender=(sender,) if sender else ())
    return Policy.from_config(config, sender)


def test_a_policy_without_arguments_is_the_default_of_the_configuration():
    """Outside checks build one so."""
    assert Policy() == Policy.from_config(Config())


@pytest.mark.parametrize(
    ("workspace", "sender", "default"),
    [("on", None, True), ("off", None, False), ("on", "off", False), ("off", "on", True)],
)
def test_the_default_of_a_sender_goes_before_that_of_all(workspace, sender, default):
    """Where a sender has none, that of [tracking] holds."""
    policy = of(SenderConfig(domain="example.com", default=sender), default=workspace)
    assert policy.default is default


@pytest.mark.parametrize(
    ("workspace", "sender", "enabled"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_what_is_off_for_all_or_for_a_sender_is_off(workspace, sender, enabled):
    """No sender can switch on what [tracking] switched off for good."""
    policy = of(SenderConfig(domain="example.com", enabled=sender), enabled=workspace)
    assert policy.enabled is enabled


def test_the_tracking_host_of_a_sender_comes_first():
    """Its links begin with it; the other hosts of ours are known all the same."""
    sender = SenderConfig(domain="example.com", base_url="https://go.example.com")
    policy = of(sender, base_url="https://t.example.net")
    assert policy.base_urls == ("https://go.example.com", "https://t.example.net")
    assert policy.traits("https://t.example.net/c/x").skip is Skip.OWN_HOST


@pytest.mark.parametrize(
    ("host", "opens"), [(None, True), ("t.example.net", True), ("go.example.net", False)]
)
def test_links_open_apps_where_the_tracking_host_says_so(host, opens):
    """An entry without a host is for every host."""
    well_known = (WellKnownConfig(host=host, assetlinks=Path("a.json")),)
    config = Config(
        tracking=TrackingConfig(base_url="https://t.example.net"),
        tracker=TrackerConfig(well_known=well_known),
    )
    assert Policy.from_config(config).app_links is opens


def test_every_key_of_tracking_reaches_the_policy():
    """Under the same name, where there is one."""
    tracking = {
        "plain_text": True,
        "dialects": ("postmark",),
        "untracked_hosts": ("bank.example",),
        "sensitive": ("/close",),
        "sensitive_builtin": False,
        "visible_urls": "skip",
        "campaign_from": "list-id",
        "max_destination": 900,
        "max_growth": 5000,
        "params_when_off": True,
        "opens": True,
    }
    policy = of(**tracking)
    tracking["dialects"] = frozenset({"postmark"})
    assert {name: getattr(policy, name) for name in tracking} == tracking


def test_tables_of_tracking_reach_the_policy():
    """URL parameters in order, who is told of a person, and names by pattern."""
    config = Config(
        tracking=TrackingConfig(
            url_params={"utm_source": "mail", "utm_medium": "email"},
            identify=IdentifyConfig(param="who", hosts=("shop.example.com",)),
            group=(GroupConfig(pattern="/sale/", name="Sale"),),
        )
    )
    policy = Policy.from_config(config, signing=Signing(signs=True))
    assert policy.url_params == (("utm_source", "mail"), ("utm_medium", "email"))
    assert (policy.identify_param, policy.identify_hosts) == ("who", {"shop.example.com"})
    assert policy.traits("https://example.com/sale/7").group == "Sale"
    assert policy.signing.signs


@given(st.text("abc/?=&%~", max_size=300), st.integers(0, 2**20), st.integers(1, 10_000))
def test_no_tracked_url_is_longer_than_foreseen(rest, recipient, number):
    """Room in lines and limits is judged by the worst case."""
    policy = Policy(base_urls=("https://t.example.net/track/",))
    destination = f"https://example.com/{rest}"
    link = Link(b"m" * MESSAGE_ID_OCTETS, recipient, number, 1_795_000_000, destination)
    url = tracked_url(policy.base_urls[0], mint(KEYRING, link))
    assert len(url) <= policy.worst_octets(len(destination))


def test_the_size_of_a_tracked_url_can_be_given():
    """As a number, or as a function of the destination's."""
    assert Policy(url_octets=150).worst_octets(1000) == 150
    assert Policy(url_octets=lambda octets: octets + 20).worst_octets(1000) == 1020


def test_only_the_dialects_of_a_policy_count():
    """Our own names always do."""
    rules = Policy(dialects=frozenset()).rules
    assert rules.directives({"clicktracking": "off"}).skip is None
    assert rules.directives({"data-track": "false"}).skip is Skip.DATA_TRACK
