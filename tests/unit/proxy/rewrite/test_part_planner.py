"""Part by part: numbers of links, reasons of parts, what the octets allow, and limits."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.editing import Skip as PartSkip
from proxy.message.editing import parse
from proxy.policy import Policy, Skip, Untouched
from proxy.rewrite.part_planner import MAX_LINKS, Numbers
from proxy.rewrite.planner import plan, plan_message
from tests.support.checks.growth import is_linear
from tests.support.mail import decoded, html_message, html_part, link, multipart, text_part
from tests.support.plans import (
    BUTTON,
    PARAMS,
    PLAIN,
    TRACKED,
    URL,
    reasons,
)


def test_a_link_tells_what_people_see():
    """The text of the anchor and the part are known to reports."""
    (tracked,) = plan(html_message(link(URL, text="<b>Buy</b> now")), Policy()).links
    assert (tracked.text, tracked.part, tracked.number) == ("Buy now", "1", 1)


def test_the_same_link_twice_is_two_links():
    """Where in a message people click matters."""
    made = plan(html_message(link(URL) + link(URL)), Policy())
    assert [each.number for each in made.links] == [1, 2]


def test_a_button_and_its_twin_for_outlook_share_a_number():
    """The reader sees one button, whichever program shows it."""
    html = link("https://example.com/b") + BUTTON.format(URL) + link(URL)
    assert [each.number for each in plan(html_message(html), Policy()).links] == [1, 2, 2, 3]


def test_the_twin_may_stand_second():
    """Some templates have Outlook's button after the other."""
    html = f'<a href="{URL}">Buy</a><!--[if mso]><v:rect href="{URL}"></v:rect><![endif]-->' + link(
        URL
    )
    assert [each.number for each in plan(html_message(html), Policy()).links] == [1, 1, 2]


def test_buttons_for_outlook_alone_have_their_own_numbers():
    """A destination that only Outlook shows is counted by itself."""
    html = f'<!--[if mso]><v:rect href="{URL}"></v:rect><![endif]-->' + link(URL + "2") + link(URL)
    assert [each.number for each in plan(html_message(html), Policy()).links] == [1, 2, 3]


def test_links_of_several_parts_are_numbered_through():
    """Each HTML part is planned; paths tell them apart."""
    part = b"Content-Type: text/html\r\n\r\n" + link(URL).encode()
    made = plan(multipart("mixed", part, part), Policy())
    assert [(each.part, each.number) for each in made.links] == [("1", 1), ("2", 2)]


def test_time_to_remember_opt_outs_is_linear():
    """Each part of plain text asks what its author opted out before it."""
    part = b"\r\n" + b"http://e.x/\r\n" * 20

    def planned(parts: int) -> None:
        plan_message(parse(multipart("mixed", *[part] * parts)), PLAIN, Untouched.SIGNED)

    assert is_linear(planned, 400)


def test_the_size_of_app_links_is_foreseen():
    """Their path is longer by four octets."""
    message = html_message(link(URL, 'universal="true"'))
    policy = Policy(app_links=True, url_octets=100)
    assert plan(message, policy).links[0].url_octets == 104


def test_a_line_never_grows_past_998_octets():
    """In 8-bit bodies the line decides, link by link; other encodings have no such limit."""
    html = (
        "x" * 700 + link(URL).strip() + link(URL).strip() + link(URL).strip() + "\r\n" + link(URL)
    )
    policy = Policy(url_octets=150)
    assert reasons(html_message(html), policy) == [None, Skip.LONG_LINE, Skip.LONG_LINE, None]
    assert reasons(html_message(html, encoding="base64"), policy) == [None] * 4
    rendered = plan(html_message(html), policy).render(lambda _: "http://t.test/" + "x" * 136)
    assert max(map(len, rendered.split(b"\r\n"))) <= 998


def test_malformed_quoted_printable_around_a_link_leaves_it_alone():
    """Nobody knows what a reader would see there."""
    message = (
        html_message(b"", encoding="quoted-printable") + b'<a href=3D"https://e.test/=ZZ">x</a>\r\n'
    )
    assert reasons(message) == [Skip.MALFORMED_ENCODING]


def test_what_is_malformed_around_one_link_is_no_reason_for_another():
    """Nor for the pixel, which is asked about after the links and may stand before them."""
    message = (
        html_message(b"", encoding="quoted-printable")
        + b'<body><a href=3D"https://e.test/1">x</a>\r\n</body>\r\n'
        + b'<a href=3D"https://e.test/=ZZ">x</a>\r\n<a href=3D"https://e.test/3">x</a>\r\n'
        + b'<a href=3D"https://e.test/4">x</a>\r\n'
    )
    assert reasons(message) == [None, Skip.MALFORMED_ENCODING, None, None]
    made = plan(message, Policy(opens=True))
    assert made.has_pixel
    assert [each.destination for each in made.links] == [f"https://e.test/{n}" for n in (1, 3, 4)]


def test_part_reasons_have_the_same_names():
    """What forbids touching a part is told by each of its links."""
    assert {each.value for each in PartSkip} <= {each.value for each in Skip}


@pytest.mark.parametrize("charset", ["utf-7", "x-unknown"])
def test_links_in_a_charset_that_nobody_can_write_are_left_alone_and_told(charset):
    """Octets that are ASCII there may mean something else."""
    message = html_message((link(URL) + "<p>a+b~</p>").encode(), charset=charset)
    assert reasons(message) == [Skip.CHARSET]


def test_links_of_an_attachment_are_left_alone_and_told():
    """A file is not the message."""
    part = b"Content-Type: text/html\r\n\r\n" + link(URL).encode()
    file = b"Content-Disposition: attachment\r\n" + part
    assert reasons(multipart("mixed", part, file)) == [None, Skip.ATTACHMENT]


def test_there_is_a_limit_to_the_links_of_a_message():
    """Beyond it links are left alone; time is bounded."""
    found = reasons(html_message("<a href=http://e.x/>" * (MAX_LINKS + 2), encoding="base64"))
    assert found.count(None) == MAX_LINKS
    assert found[-2:] == [Skip.TOO_MANY_LINKS] * 2


def test_a_links_own_opt_out_is_told_before_the_messages():
    """Precedence: final off, per-link off, message header."""
    html = link(URL, 'class="untracked"') + link(URL)
    assert reasons(html_message(html, "X-Track-Links: off")) == [
        Skip.UNTRACKED_CLASS,
        Untouched.TRACKING_OFF,
    ]
    assert reasons(html_message(html), Policy(enabled=False)) == [Untouched.DISABLED] * 2


def test_parameters_of_untracked_messages_need_a_switch():
    """`params_when_off` adds them without tracking."""
    message = html_message(link(URL), "X-Track-Links: off")
    assert plan(message, PARAMS).render(lambda _: TRACKED) is message
    made = plan(message, dataclasses.replace(PARAMS, params_when_off=True))
    assert decoded(made.render(lambda _: TRACKED)).startswith(f'<a href="{URL}?utm_source'.encode())
    assert (made.untouched, made.links) == (None, ())
    assert [each.reason for each in made.skipped] == [Untouched.TRACKING_OFF]


def test_parameters_are_added_where_tracking_is_disabled():
    """To what may be changed at all; without the switch nothing is."""
    message = html_message(link(URL))
    off = dataclasses.replace(PARAMS, enabled=False)
    assert plan(message, off).render(lambda _: TRACKED) is message
    made = plan(message, dataclasses.replace(off, params_when_off=True))
    assert decoded(made.render(lambda _: TRACKED)).startswith(f'<a href="{URL}?utm_source'.encode())
    assert [each.reason for each in made.skipped] == [Untouched.DISABLED]
    sealed = html_message(link(URL), "ARC-Seal: i=1")
    adding = dataclasses.replace(off, params_when_off=True)
    assert plan(sealed, adding).render(lambda _: TRACKED) is sealed


def test_plain_text_is_tracked_only_where_asked_for():
    """Readers of plain text see the long links."""
    message = multipart("alternative", text_part(f"See {URL}."), html_part(link(URL)))
    assert [each.part for each in plan(message, Policy()).links] == ["2"]
    made = plan(message, PLAIN)
    assert [(each.part, each.number) for each in made.links] == [("2", 1), ("1", 2)]
    rendered = made.render(lambda _: TRACKED)
    assert rendered == message.replace(URL.encode(), TRACKED.encode())


CLEARSIGNED = (
    "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nSee {}\r\n"
    "-----BEGIN PGP SIGNATURE-----\r\n\r\niQEz\r\n-----END PGP SIGNATURE-----\r\n"
)


@pytest.mark.parametrize("headers", ["", "X-Track-Links: off\r\n"])
def test_text_that_is_signed_with_openpgp_is_left_alone(headers):
    """Not an octet of it changes, whatever is wanted: neither links nor parameters."""
    parts = (text_part(CLEARSIGNED.format(URL)), html_part(CLEARSIGNED.format(link(URL))))
    message = multipart("alternative", *parts, headers=headers)
    policy = dataclasses.replace(PARAMS, plain_text=True, params_when_off=True)
    made = plan(message, policy)
    assert made.render(lambda _: TRACKED) is message
    if not headers:
        assert {each.reason for each in made.skipped} == {Skip.SIGNED}


def test_parameters_of_untracked_messages_spare_attached_parts():
    """`params_when_off` adds none to what may not be touched at all."""
    attached = b"Content-Disposition: attachment\r\n" + html_part(link(URL))
    message = multipart("mixed", attached, headers="X-Track-Links: off\r\n")
    policy = dataclasses.replace(PARAMS, params_when_off=True)
    assert plan(message, policy).render(lambda _: TRACKED) is message


def test_tags_that_a_header_names_are_left_to_the_relay():
    """Elsewhere in the message links are tracked."""
    html = link(URL + "?id=-id-") + link(URL)
    message = html_message(html, 'X-SMTPAPI: {"sub": {"-id-": ["1", "2"]}}')
    assert reasons(message) == [Skip.PLACEHOLDER, None]


def test_an_opt_out_in_html_holds_in_plain_text():
    """The author cannot mark a link there; other rules hold as everywhere."""
    text = f"{URL} https://example.com/b {URL}?reset_token=abcdef"
    html = link(URL, "clicktracking=off") + link("https://example.com/b")
    made = plan(multipart("alternative", text_part(text), html_part(html)), PLAIN)
    reasons = [(each.part, each.reason) for each in made.skipped]
    assert reasons == [("2", Skip.CLICKTRACKING), ("1", Skip.CLICKTRACKING), ("1", Skip.SENSITIVE)]


@pytest.mark.parametrize(
    ("headers", "parts"),
    [
        ("X-PM-TrackLinks: TextOnly\r\n", ["1"]),
        ("X-PM-TrackLinks: HtmlOnly\r\n", ["2"]),
        ("X-PM-TrackLinks: None\r\n", []),
        ("", ["2", "1"]),
    ],
)
def test_a_header_can_choose_the_kind_of_part(headers, parts):
    """As Postmark, Mailgun and Mandrill know it."""
    message = multipart("alternative", text_part(URL), html_part(link(URL)), headers=headers)
    assert [each.part for each in plan(message, PLAIN).links] == parts


def test_text_only_switches_html_off():
    """Postmark and Mandrill know tracking of the text part alone."""
    made = plan(html_message(link(URL), "X-PM-TrackLinks: TextOnly"), PLAIN)
    assert [each.reason for each in made.skipped] == [Untouched.TRACKING_OFF]


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.booleans())))
def test_numbers_begin_with_one_and_leave_none_out(elements):
    """An anchor never has the number of another anchor; only Outlook's elements share one."""
    numbers = Numbers()
    given_out = [(url, is_vml, numbers.give(url, is_vml=is_vml)) for url, is_vml in elements]
    anchors = [number for _, is_vml, number in given_out if not is_vml]
    assert len(set(anchors)) == len(anchors)
    numbered = {number for _, _, number in given_out}
    assert numbered == set(range(1, len(numbered) + 1))
    for each in anchors:
        assert len({url for url, _, number in given_out if number == each}) == 1


SHOP = "https://www.example.com/collections/products/category/newsletter?id={}"
"""What compresses well."""


def test_a_line_has_room_for_what_its_links_will_be_not_for_the_worst_case() -> None:
    """As many links as fit with tokens as they are; of them the message shows the longest."""
    line = "".join(f'<a href="{SHOP.format(number)}">x</a> ' for number in range(9))
    made = plan(html_message(line, encoding="7bit"), Policy())
    worst = Policy().worst_octets(len(SHOP))
    assert len(made.links) > 998 // (worst + 20)
    assert {each.reason for each in made.skipped} <= {Skip.LONG_LINE}
    assert all(each.url_octets < worst for each in made.links)
    longest = made.render(lambda each: "x" * each.url_octets)
    assert max(map(len, longest.split(b"\r\n"))) <= 998
    with pytest.raises(ValueError, match="long_line"):
        made.render(lambda each: "x" * (each.url_octets + 40))


def test_a_policy_that_names_the_worst_case_is_held_to_it() -> None:
    """Whoever says how long URLs become may need them all."""
    line = "".join(f'<a href="{SHOP.format(number)}">x</a> ' for number in range(6))
    made = plan(html_message(line, encoding="7bit"), Policy(url_octets=300))
    assert len(made.links) == 2
    assert {each.url_octets for each in made.links} == {300}
