"""Links of one part: which are links at all, Outlook's twins, `+notrack`, literal changes."""

import dataclasses

import pytest

from proxy.links.charsets import HtmlView, view
from proxy.message.editing import Edit, splice
from proxy.policy import Policy, Skip, Untouched
from proxy.policy.decide import MessageFacts
from proxy.rewrite.candidates import FoundLink, in_html, in_text
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
    """One button, one decision."""
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
        link(URL, 'data-url-params="true" data-msys-unsubscribe="1"'),
        link(URL + "?reset_token=abcdef", 'data-url-params="true"'),
        link(URL + "?u={{user}}", 'data-url-params="true"'),
        f'<a class="untracked" data-url-params="true" href="{URL}&#35;top">x</a>',
    ],
)
def test_some_untracked_links_get_no_parameters_whatever_they_say(html):
    """Unsubscribe links, secrets, placeholders, and values that cannot be written into safely."""
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


UTF8 = "utf-8"
ADDING = MessageFacts(params=(("a", "b"), ("c", "d")))


def seen(text: str, charset: str = UTF8) -> HtmlView:
    """Return the view of a part."""
    made = view(text.encode(charset), charset)
    assert made is not None
    return made


def found(
    html: str, facts: MessageFacts | None = None, policy: Policy | None = None
) -> list[FoundLink]:
    """Return the links of an HTML document."""
    return list(in_html(seen(html), policy or Policy(), facts or MessageFacts()))


def text_found(
    text: str, params: dict[str, str] | None = None, **opted_out: Skip
) -> list[FoundLink]:
    """Return the links of a plain text; `opted_out` are URLs by the name of their host."""
    skips = {f"https://{name}.example/": skip for name, skip in opted_out.items()}
    return list(in_text(seen(text), params or {}, Policy(), MessageFacts(), skips))


def test_a_link_is_found_with_its_place():
    """Offsets are those of the value between the quotes."""
    html = f"<p>a</p><a href=' {URL}?a&amp;b '>Buy <b>now</b></a>"
    (each,) = found(html)
    view = seen(html)
    assert html[each.href.start : each.href.end] == f" {URL}?a&amp;b "
    assert (each.destination, each.literal(view)) == (f"{URL}?a&b", ())
    assert each.decision.skip is None


def test_only_outlooks_elements_are_vml():
    """They share the number of their anchor."""
    assert [each.is_vml for each in found(BUTTON.format(URL))] == [True, False]


@pytest.mark.parametrize(
    "href", ["https:/example.com/a", "http:example.com", "HTTPS:\\\\example.com"]
)
def test_a_link_with_other_slashes_is_listed(href):
    """Browsers open it, other programs do not."""
    (each,) = in_html(seen(link(href)), Policy(), MessageFacts())
    assert (each.decision.skip, each.destination) == (Skip.AMBIGUOUS, href)


def test_where_programs_would_differ_a_link_is_found_and_left_alone():
    """Octets that nobody labelled: each program guesses what they mean. It is told of, as it stands."""
    octets = b'<a href=" http://e.x/\xe9 ">x</a>'
    made = view(octets, None)
    assert made is not None
    (each,) = in_html(made, Policy(), MessageFacts())
    assert (each.decision.skip, each.destination) == (Skip.AMBIGUOUS, "http://e.x/\xe9")
    assert octets[each.href.start : each.href.end].strip() == b"http://e.x/\xe9"


@pytest.mark.parametrize(
    ("quote", "value", "written"),
    [
        ('"', f"{URL}", f"{URL}?a=b&amp;c=d"),
        ("'", f"{URL}?x=1#top", f"{URL}?x=1&amp;a=b&amp;c=d#top"),
        ("", f"{URL}", f"{URL}?a&#61;b&#38;c&#61;d"),
        ('"', f" {URL}\n", f" {URL}?a=b&amp;c=d\n"),
        ('"', f"{URL}?x&#x41;", f"{URL}?x&#x41;&amp;a=b&amp;c=d"),
    ],
)
def test_parameters_are_written_as_the_value_is_quoted(quote, value, written):
    """Before the fragment and what browsers trim; nothing else of the document changes."""
    html = f"<a class=untracked data-url-params=true href={quote}{value}{quote}>x</a>"
    (each,) = found(html, ADDING)
    assert splice(html.encode(), each.literal(seen(html))).decode() == html.replace(value, written)


@pytest.mark.parametrize("mark", ["+notrack", "+NoTrack"])
def test_notrack_is_one_edit_of_the_scheme(mark):
    """Whatever the case of the scheme."""
    html = f"<a href=' HTTPS{mark}://example.com/a'>x</a>"
    (each,) = found(html)
    assert (each.destination, each.decision.skip) == ("HTTPS://example.com/a", Skip.NOTRACK_SCHEME)
    assert (
        splice(html.encode(), each.literal(seen(html))) == b"<a href=' HTTPS://example.com/a'>x</a>"
    )


def test_another_opt_out_is_told_before_notrack():
    """What the author wrote in attributes comes first; the link leads somewhere all the same."""
    html = '<a class="untracked" href="https+notrack://example.com/a">x</a>'
    (each,) = found(html)
    assert each.decision.skip is Skip.UNTRACKED_CLASS
    assert b'href="https://example.com/a"' in splice(html.encode(), each.literal(seen(html)))


def test_what_leads_to_one_place_is_decided_once_unless_it_asks_for_something():
    """An image and its title; what one of them asks for in its attributes is its own."""
    policy = Policy()
    asked: list[str] = []
    object.__setattr__(policy, "traits", lambda url: asked.append(url) or Policy().traits(url))
    html = link(URL) * 2 + link(URL, 'class="untracked"') + link(URL)
    skips = [each.decision.skip for each in found(html, policy=policy)]
    assert skips == [None, None, Skip.UNTRACKED_CLASS, None]
    assert asked == [URL, URL]


def test_a_url_that_is_seen_on_one_link_of_two_counts_for_that_one():
    """Where visible URLs are left alone, each text is looked at."""
    html = link(URL) + link(URL, text=URL)
    skips = [each.decision.skip for each in found(html, policy=Policy(visible_urls="skip"))]
    assert skips == [None, Skip.VISIBLE_URL]


def test_urls_in_text_are_found_in_order_with_those_of_postal():
    """Each with its span."""
    text = "https+notrack://a.example/ then https://b.example/."
    links = text_found(text)
    assert [text[each.href.start : each.href.end] for each in links] == [
        "https+notrack://a.example/",
        "https://b.example/",
    ]
    assert links[0].literal(seen(text)) == [Edit(5, 13, b"")]
    assert [each.decision.skip for each in links] == [Skip.NOTRACK_SCHEME, None]


def test_notrack_in_text_is_nothing_without_postals_dialect():
    """No URL begins there that any program would open."""
    policy = Policy(dialects=frozenset())
    text = seen("https+notrack://a.example/ https://b.example/")
    links = list(in_text(text, {}, policy, MessageFacts(), {}))
    assert [each.destination for each in links] == ["https://b.example/"]


def test_what_html_opted_out_is_opted_out_in_text():
    """For the same reason."""
    links = text_found("https://a.example/ https://b.example/", a=Skip.CLICKTRACKING)
    assert [each.decision.skip for each in links] == [Skip.CLICKTRACKING, None]


@pytest.mark.parametrize(
    ("params", "links"),
    [
        ({}, 1),
        ({"format": "Flowed"}, 1),
        ({"format": "flowed", "delsp": "YES"}, 0),
        ({"delsp": "yes"}, 1),
    ],
)
def test_flowed_text_is_read_as_its_parameters_say(params, links):
    """RFC 3676: with delsp a space before a line end goes, and the URL with what follows is another."""
    assert len(text_found("https://a.example/ \r\nmore", params)) == links
