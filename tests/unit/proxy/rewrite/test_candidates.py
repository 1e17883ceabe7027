"""Links of one part: which are links at all, Outlook's twins, `+notrack`, literal changes."""

import dataclasses

import pytest

from proxy.policy import Policy, Skip, Untouched
from proxy.rewrite.planner import plan
from tests.support.mail import decoded, html_message, link, multipart, text_part
from tests.support.plans import (
    ADDED,
    BUTTON,
    ENCODINGS,
    PARAMS,
    PLAIN,
    TRACKED,
    URL,
    reasons,
)


def test_the_twin_of_an_opted_out_button_is_opted_out():
    """One button, one wish."""
    button = BUTTON.format(URL).replace("<a ", '<a class="untracked" ')
    assert reasons(html_message(button)) == [Skip.UNTRACKED_CLASS, Skip.UNTRACKED_CLASS]


def test_a_destination_tracked_elsewhere_keeps_its_twin():
    """Only where every anchor to the destination opted out, the twin does."""
    button = BUTTON.format(URL)
    other = link(URL, 'class="untracked"')
    assert reasons(html_message(button + other)) == [None, None, Skip.UNTRACKED_CLASS]


@pytest.mark.parametrize(
    "url",
    ["mailto:a@example.com", "tel:+123", "cid:1", "data:text/html,x", "javascript:x()", "#top",
     "/relative", "page.html", "//example.com/x", "ftp://example.com/", "{{url}}", ""],
)  # fmt: skip
def test_other_schemes_are_no_links(url):
    """Only http and https are links at all."""
    made = plan(html_message(link(url)), Policy())
    assert (made.untouched, made.links, made.skipped) == (Untouched.NO_LINKS, (), ())


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_untracked_link_gets_parameters_only_if_it_says_so(encoding):
    """They are written into the href as it stands, not an octet of it is disturbed."""
    html = (
        f'<a class="untracked" data-url-params="true" href=" {URL}?a=1&amp;copy=2#top ">1</a>'
        f'<a class="untracked" href="{URL}">2</a>'
    )
    message = html_message(html, encoding=encoding)
    made = plan(message, PARAMS)
    added = ADDED.replace("&", "&amp;")
    expected = html.replace("copy=2#top", f"copy=2&amp;{added}#top").encode()
    assert decoded(made.render(lambda _: TRACKED)).rstrip() == expected
    assert (made.untouched, made.links) == (None, ())


@pytest.mark.parametrize(
    "html",
    [
        link(URL, 'class="untracked" data-url-params="true" data-msys-unsubscribe="1"'),
        link(URL + "?reset_token=abcdef", 'data-url-params="true"'),
        link(URL + "?u={{user}}", 'data-url-params="true"'),
        f'<a class="untracked" data-url-params="true" href="{URL}&#35;top">x</a>',
    ],
)
def test_some_untracked_links_get_no_parameters_whatever_they_say(html):
    """Unsubscribe links, secrets, placeholders, and values that cannot be written into safely."""
    if "untracked" in html and "unsubscribe" in html:
        html = html.replace('class="untracked"', "")
    message = html_message(html)
    assert plan(message, PARAMS).render(lambda _: TRACKED) is message


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_notrack_is_taken_out_of_the_scheme(encoding):
    """The reader gets the plain link."""
    message = html_message(link("https+notrack://example.com/a"), encoding=encoding)
    made = plan(message, Policy())
    assert decoded(made.render(lambda _: TRACKED)).startswith(b'<a href="https://example.com/a"')
    assert [each.destination for each in made.skipped] == [URL]


def test_notrack_is_taken_out_of_plain_text_too():
    """Where plain text may be changed at all."""
    text = f"{URL}, https+notrack://example.com/b. and xhttps+notrack://example.com/c"
    message = multipart("mixed", text_part(text))
    made = plan(message, PLAIN)
    assert [(each.destination, each.reason) for each in made.skipped] == [
        ("https://example.com/b", Skip.NOTRACK_SCHEME)
    ]
    rendered = made.render(lambda _: TRACKED)
    assert f"{TRACKED}, https://example.com/b. and xhttps+".encode() in rendered
    assert plan(message, Policy()).render(lambda _: TRACKED) is message


def test_notrack_means_nothing_without_postals_dialect():
    """It is an unknown scheme then."""
    message = html_message(link("https+notrack://example.com/a"))
    assert plan(message, Policy(dialects=frozenset())).untouched == Untouched.NO_LINKS


def test_a_url_in_plain_text_is_visible_by_nature():
    """`visible_urls` is about anchors."""
    message = multipart("mixed", text_part(URL))
    assert plan(message, dataclasses.replace(PLAIN, visible_urls="skip")).links


def test_flowed_text_that_is_joined_is_left_alone():
    """A URL that readers see joined with the next line is not what stands there."""
    message = multipart("mixed", text_part(f"{URL} \r\nmore", "; format=flowed; delsp=yes"))
    assert plan(message, PLAIN).links == ()
