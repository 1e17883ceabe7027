"""What a URL is like by itself: sensitive, ours, or of a host to leave alone."""

import pytest

from proxy.policy import Policy, Skip
from proxy.policy.traits import REMEMBERED, Traits, UrlRules
from tests.support.mail import html_message, link
from tests.support.plans import URL, reasons
from tracker.urls.hosts import own_hosts
from tracker.urls.secrets.rules import Caution


def test_own_patterns_add_to_what_is_sensitive():
    """The built-in rules can be switched off, the operator's own remain."""
    policy = Policy(sensitive=("/intern/",), sensitive_builtin=False)
    html = link(URL + "/intern/x") + link(URL + "?reset_token=abcdef")
    assert reasons(html_message(html), policy) == [Skip.SENSITIVE, None]


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://t.example.com/c/x", True),
        ("http://T.EXAMPLE.COM", True),
        ("https://t.example.com:443/", True),
        ("https://t.example.com:8443/", False),
        ("https://t.example.com.evil.test/", False),
        ("https://example.com/t/c/x", True),
        ("https://example.com/tea", False),
    ],
)
def test_links_to_a_tracking_host_of_ours_are_left_alone(url, own):
    """Compared as browsers do: host without case, default ports, the base URL's path."""
    policy = Policy(base_urls=("https://t.example.com", "https://example.com/t"))
    assert (reasons(html_message(link(url)), policy) == [Skip.OWN_HOST]) is own


@pytest.mark.parametrize(
    ("host", "untracked"),
    [
        ("example.com", True),
        ("www.EXAMPLE.com.", True),
        ("notexample.com", False),
        ("example.co", False),
    ],
)
def test_untracked_hosts_include_subdomains(host, untracked):
    """A bank that is left alone is left alone with all its hosts."""
    policy = Policy(untracked_hosts=("example.com",))
    assert (reasons(html_message(link(f"https://{host}/"))) == [None]) is True
    assert (
        reasons(html_message(link(f"https://{host}/")), policy) == [Skip.UNTRACKED_HOST]
    ) is untracked


RULES = UrlRules(
    max_destination=100,
    own_hosts=own_hosts(("https://t.example.net",)),
    untracked_hosts=("bank.example",),
    sensitive=Caution.of(("/close",), builtin=True),
    groups=(),
    volatile=frozenset({"uid"}),
)


@pytest.mark.parametrize(
    ("url", "traits"),
    [
        ("https://example.com/a?uid=7", Traits(None, sensitive=False, group="https://example.com/a")),
        ("https://t.example.net/c/x", Traits(Skip.OWN_HOST, sensitive=False, group="https://t.example.net/c/x")),
        ("https://www.bank.example/", Traits(Skip.UNTRACKED_HOST, sensitive=False, group="https://www.bank.example/")),
        ("https://example.com/{{x}}", Traits(Skip.PLACEHOLDER, sensitive=False, group="https://example.com/{{x}}")),
        ("https://t.example.net/{{x}}", Traits(Skip.OWN_HOST, sensitive=False, group="https://t.example.net/{{x}}")),
        ("https://example.com/close", Traits(None, sensitive=True, group="https://example.com/close")),
        ("https://bank.example/close", Traits(Skip.UNTRACKED_HOST, sensitive=True, group="https://bank.example/close")),
    ],
)  # fmt: skip
def test_a_url_has_traits_of_its_own(url, traits):
    """Why it is never tracked, whether it is sensitive, and its name in reports."""
    assert RULES.traits(url) == traits


def test_a_url_that_is_too_long_is_looked_at_no_further():
    """Its name in reports is the URL as it stands."""
    url = "https://t.example.net/close?uid=" + "x" * 100
    assert RULES.traits(url) == Traits(Skip.OVER_LONG, sensitive=False, group=url)
    assert RULES.traits(url[:100]).skip is Skip.OWN_HOST


def test_traits_are_remembered():
    """The next message holds the same links; what is remembered is bounded."""
    traits = RULES.remembering()
    first = traits(URL)
    assert traits(URL) is first
    assert traits.cache_info().maxsize == REMEMBERED
    assert RULES.remembering() is not traits
