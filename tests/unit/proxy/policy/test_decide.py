"""The decision about one link: the order of the rules, and what the author may lift."""

import pytest

from proxy.policy import Policy, Skip
from proxy.rewrite.planner import plan
from tests.support.mail import html_message, link
from tests.support.plans import ADDED, LONG, URL, destinations, reasons

SKIPS = {
    Skip.UNTRACKED_CLASS: (link(URL, 'class="btn UnTracked"'), Policy()),
    Skip.DATA_TRACK: (link(URL, 'data-track="false"'), Policy()),
    Skip.OWN_HOST: (link("http://127.0.0.1:8080/c/AAAA"), Policy()),
    Skip.UNTRACKED_HOST: (link(URL), Policy(untracked_hosts=("example.com",))),
    Skip.PLACEHOLDER: (link(URL + "?u={{user}}"), Policy()),
    Skip.SENSITIVE: (link(URL + "?reset_token=abcdef"), Policy()),
    Skip.VISIBLE_URL: (link(URL, text="www.example.com"), Policy(visible_urls="skip")),
    Skip.APP_LINK: (link(URL, 'universal="true"'), Policy()),
    Skip.UNSUBSCRIBE: (link(URL, 'data-msys-unsubscribe="1"'), Policy()),
    Skip.OVER_LONG: (link(LONG), Policy()),
    Skip.NOTRACK_SCHEME: (link("https+notrack://example.com/a"), Policy()),
}


@pytest.mark.parametrize("reason", SKIPS)
def test_a_link_is_left_alone(reason):
    """Each reason by its name; the link beside it is tracked."""
    html, policy = SKIPS[reason]
    assert reasons(html_message(html + link("https://example.org/")), policy) == [reason, None]


def test_an_app_link_is_tracked_where_phones_know_the_app():
    """Under a path that opens it; caution holds all the same."""
    html = link(URL, 'universal="true"') + link(URL + "/b", 'data-msys-sublink="x"') + link(URL)
    policy = Policy(app_links=True)
    assert [each.app for each in plan(html_message(html), policy).links] == [True, True, False]
    untracked = link(URL, 'universal="true" class="untracked"')
    sensitive = link(URL + "?reset_token=abcdef", 'universal="true"')
    reasoned = reasons(html_message(untracked + sensitive), policy)
    assert reasoned == [Skip.UNTRACKED_CLASS, Skip.SENSITIVE]


@pytest.mark.parametrize(
    ("html", "lifted"),
    [
        (link(URL + "?reset_token=abcdef", 'data-track="true"'), True),
        (link(URL, 'data-track="true"', text=URL), True),
        (link(URL, 'data-track="true" universal="true"'), True),
        (link(URL, 'data-track="true" class="untracked"'), False),
        (link("http://127.0.0.1:8080/c/x", 'data-track="true"'), False),
        (link(LONG, 'data-track="true"'), False),
    ],
)
def test_data_track_true_lifts_only_soft_reasons(html, lifted):
    """Caution gives way to the author, facts and other wishes of the author do not."""
    (reason,) = reasons(html_message(html), Policy(visible_urls="skip"))
    assert (reason is None) is lifted


def test_a_link_has_a_name_in_reports():
    """The author's, else the URL less what varies from reader to reader."""
    html = link(URL + "?p=1&uid=7") + link(URL, 'data-link-group="call  to\naction"')
    made = plan(html_message(html), Policy())
    assert [each.group for each in made.links] == [URL + "?p=1", "call to action"]


def test_parameters_are_added_to_tracked_destinations():
    """The part stays as it is but for the tracked link."""
    assert destinations(html_message(link(URL + "?a=1#top"))) == [f"{URL}?a=1&{ADDED}#top"]


@pytest.mark.parametrize(
    "html",
    [
        link(URL, 'data-url-params="false"'),
        link(URL, 'class="disable-url-params"'),
        link(URL + "?X-Amz-Signature=0", 'data-track="true"'),
        link(URL + "?sig=00ff&x=1"),
    ],
)
def test_some_links_get_no_parameters(html):
    """Where the author says so, and never on signed URLs."""
    (destination,) = destinations(html_message(html))
    assert "utm" not in destination


def test_a_destination_that_would_become_too_long_goes_without():
    """Being tracked matters more than its parameters."""
    url = URL + "/" + "x" * 1270
    assert destinations(html_message(link(url), encoding="base64")) == [url]
