"""What a URL is like by itself: sensitive, ours, or of a host to leave alone."""

import pytest

from proxy.policy import Policy, Skip
from tests.support.mail import html_message, link
from tests.support.plans import URL, reasons


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
