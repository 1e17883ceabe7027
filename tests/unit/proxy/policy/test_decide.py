"""The decision about one link: the order of the rules, and what the author may lift."""

import pytest

from proxy.policy import Policy, Skip
from proxy.policy.decide import Decision, MessageFacts, decide
from proxy.policy.directives import LinkDirectives
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


def decided(
    url: str = URL,
    directives: LinkDirectives | None = None,
    *,
    facts: MessageFacts | None = None,
    text: str = "text",
    **policy: object,
) -> Decision:
    """Return the decision about one link."""
    asked = directives or LinkDirectives()
    return decide(Policy(**policy), facts or MessageFacts(), asked, url, lambda: text)


SECRET = URL + "?reset_token=abcdef"
OURS = "http://127.0.0.1:8080/c/x"
UNSUBSCRIBE = MessageFacts(unsubscribe=frozenset({URL, SECRET, OURS}))


@pytest.mark.parametrize(
    ("url", "directives", "facts", "reason"),
    [
        (OURS, LinkDirectives(Skip.NO_TRACK), UNSUBSCRIBE, Skip.NO_TRACK),
        (OURS, LinkDirectives(), UNSUBSCRIBE, Skip.LIST_UNSUBSCRIBE),
        (SECRET, LinkDirectives(Skip.APP_LINK, track=True), UNSUBSCRIBE, Skip.LIST_UNSUBSCRIBE),
        (OURS, LinkDirectives(Skip.APP_LINK), None, Skip.OWN_HOST),
        (SECRET, LinkDirectives(Skip.APP_LINK), None, Skip.APP_LINK),
        (SECRET, LinkDirectives(), None, Skip.SENSITIVE),
        (SECRET, LinkDirectives(track=True), None, None),
    ],
)
def test_of_several_reasons_the_first_in_order_is_told(url, directives, facts, reason):
    """What the author wrote, then facts, then caution."""
    assert decided(url, directives, facts=facts).skip is reason


def test_the_text_is_asked_for_only_where_it_matters():
    """It takes time to find; by default it decides nothing."""

    def text() -> str:
        raise AssertionError("nobody needs it")

    facts, wary = MessageFacts(), Policy(visible_urls="skip")
    assert decide(Policy(), facts, LinkDirectives(), URL, text).skip is None
    assert decide(wary, facts, LinkDirectives(Skip.NO_TRACK), URL, text).skip is Skip.NO_TRACK
    assert decide(wary, facts, LinkDirectives(track=True), URL, text).skip is None


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("https://example.com/a", True),
        (" <HTTP://example.com/a?b> ", True),
        ("www.example.com", True),
        ("example.com", True),
        ("shop.example.com/sale", True),
        ("e.g. example.com", False),
        ("Buy now", False),
        ("v1.2", False),
        ("news@example.com", False),
        ("", False),
    ],
)
def test_a_text_that_is_a_url_is_told_from_one_that_is_not(text, visible):
    """Mail programs warn of the first where it leads elsewhere than it says."""
    assert (decided(text=text, visible_urls="skip").skip is Skip.VISIBLE_URL) is visible


IDENTIFY = MessageFacts(identify=(("who", "x" * 20),))


@pytest.mark.parametrize(
    ("url", "directives", "octets"),
    [
        (URL, LinkDirectives(), len("?who=") + 20),
        (URL + "?a=1", LinkDirectives(), len("&who=") + 20),
        ("https://example.net/", LinkDirectives(), 0),
        (URL, LinkDirectives(Skip.NO_TRACK), 0),
        (SECRET, LinkDirectives(track=True), 0),
    ],
)
def test_who_clicked_is_told_to_named_hosts_of_tracked_links(url, directives, octets):
    """A URL with a secret learns nothing more, even where its author has it tracked."""
    told = decided(url, directives, facts=IDENTIFY, identify_hosts=frozenset({"example.com"}))
    assert told.id_octets == octets


@pytest.mark.parametrize(
    ("directives", "added"),
    [
        (LinkDirectives(), True),
        (LinkDirectives(params=True), True),
        (LinkDirectives(params=False), False),
        (LinkDirectives(Skip.NO_TRACK), False),
        (LinkDirectives(Skip.NO_TRACK, params=True), True),
        (LinkDirectives(Skip.UNSUBSCRIBE, params=True), False),
    ],
)
def test_parameters_are_for_tracked_links_and_those_that_ask(directives, added):
    """Never for links that unsubscribe."""
    decision = decided(directives=directives, facts=MessageFacts(params=(("a", "b"),)))
    assert decision.params == ("?a=b" if added else "")


def test_an_app_link_opens_its_app_only_where_phones_know_it():
    """Else it is left alone, as tracked it would open a browser."""
    app = LinkDirectives(Skip.APP_LINK, app=True)
    assert decided(directives=app).skip is Skip.APP_LINK
    known = decided(directives=app, app_links=True)
    assert (known.skip, known.app) == (None, True)
    assert decided(app_links=True).app is False


def test_what_the_relay_fills_in_is_left_to_it():
    """Tracked, every reader would arrive at the tag itself."""
    facts = MessageFacts(tags=("-id-",))
    assert decided(URL + "?u=-id-", facts=facts).skip is Skip.PLACEHOLDER
    assert (
        decided(URL + "?u=-id-", LinkDirectives(track=True), facts=facts).skip is Skip.PLACEHOLDER
    )
    assert decided(URL, facts=facts).skip is None


def test_parameters_are_for_the_hosts_that_are_named():
    """Without a list, for all."""
    facts = MessageFacts(params=(("a", "b"),))
    own = decided(facts=facts, url_params_hosts=frozenset({"example.com"}))
    assert own.params == "?a=b"
    other = decided(facts=facts, url_params_hosts=frozenset({"example.net"}))
    assert (other.params, other.skip) == ("", None)


@pytest.mark.parametrize(
    ("url", "listed"),
    [
        ("https://EXAMPLE.com:443/u?e=a%40b.test#top", True),
        ("https://example.com/u?e=a@b.test&oneclick=1", True),
        ("https://example.com/u?e=c@b.test", False),
        ("https://example.com/u", False),
        ("https://example.com/v?e=a@b.test", False),
        ("http://example.com/u?e=a@b.test", False),
    ],
)
def test_the_unsubscribe_link_is_known_in_any_spelling(url, listed):
    """A header and a body are often written by different programs."""
    facts = MessageFacts(unsubscribe=frozenset({"https://example.com/u?e=a@b.test"}))
    assert facts.unsubscribes(url) is listed


def test_escapes_do_not_hide_a_listed_url():
    """Its path stands in the destination only once these are read."""
    facts = MessageFacts(unsubscribe=frozenset({"https://example.com/leave/7"}))
    assert facts.unsubscribes("https://example.com/%6Ceave/7")
    assert not facts.unsubscribes("https://example.com/%6Ceave/8")
