"""Plans: which links of a message are tracked, which are not and why, what changes."""

import dataclasses
import json
import re
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.message.editing import Edit, decode, parse, splice
from proxy.message.editing import Skip as PartSkip
from proxy.policy import Policy, Signing, Skip, Untouched
from proxy.rewrite.part_planner import MAX_LINKS
from proxy.rewrite.planner import plan
from tests.support.checks.growth import is_linear
from tests.support.mail import HEAD, html_message, link, multipart

URL = "https://example.com/a"
TRACKED = "https://track.example.net/c/0123456789abcdef"
PARAMS = Policy(url_params=(("utm_source", "mail"), ("utm_campaign", "{campaign}")))
ENCODINGS = ["7bit", "8bit", "quoted-printable", "base64"]


def reasons(message: bytes, policy: Policy | None = None) -> list[str | None]:
    """Give for each link, in order, None for tracked or the reason why not."""
    made = plan(message, policy or Policy())
    assert made.failure is None
    found = sorted([*made.links, *made.skipped], key=lambda each: each.order)
    return [getattr(each, "reason", None) for each in found]


def decoded(message: bytes) -> bytes:
    """Give the decoded octets of the last part."""
    parsed = parse(message)
    return decode(parsed, parsed.parts[-1]).octets


# --- what is tracked


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_only_the_value_of_the_href_changes(encoding):
    """All other octets of the decoded part stay, in every transfer encoding."""
    html = f'<p>A <a class="x"  href = "{URL}?a=1&amp;b=2" >B</a> &copy; =3D end</p>' + "x " * 60
    message = html_message(html, encoding=encoding)
    made = plan(message, Policy())
    rendered = made.render(lambda _: TRACKED)
    assert [each.destination for each in made.links] == [f"{URL}?a=1&b=2"]
    assert decoded(rendered) == decoded(message).replace(
        f"{URL}?a=1&amp;b=2".encode(), TRACKED.encode()
    )
    head = message.index(b"\r\n\r\n")
    assert rendered[:head] == message[:head]


def test_a_link_tells_what_people_see():
    """The text of the anchor and the part are known to reports."""
    (tracked,) = plan(html_message(link(URL, text="<b>Buy</b> now")), Policy()).links
    assert (tracked.text, tracked.part, tracked.number) == ("Buy now", "1", 1)


def test_the_same_link_twice_is_two_links():
    """Where in a message people click matters."""
    made = plan(html_message(link(URL) + link(URL)), Policy())
    assert [each.number for each in made.links] == [1, 2]


BUTTON = (
    '<!--[if mso]><v:roundrect href="{0}"><center>Buy</center></v:roundrect><![endif]-->'
    '<!--[if !mso]><!--><a href="{0}">Buy</a><!--<![endif]-->'
)


def test_a_button_and_its_twin_for_outlook_share_a_number():
    """The reader sees one button, whichever program shows it."""
    html = link("https://example.com/b") + BUTTON.format(URL) + link(URL)
    assert [each.number for each in plan(html_message(html), Policy()).links] == [1, 2, 2, 3]


def test_the_twin_of_an_opted_out_button_is_opted_out():
    """One button, one wish."""
    button = BUTTON.format(URL).replace("<a ", '<a class="untracked" ')
    assert reasons(html_message(button)) == [Skip.UNTRACKED_CLASS, Skip.UNTRACKED_CLASS]


def test_a_destination_tracked_elsewhere_keeps_its_twin():
    """Only where every anchor to the destination opted out, the twin does."""
    button = BUTTON.format(URL)
    other = link(URL, 'class="untracked"')
    assert reasons(html_message(button + other)) == [None, None, Skip.UNTRACKED_CLASS]


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


@pytest.mark.parametrize(
    "url",
    ["mailto:a@example.com", "tel:+123", "cid:1", "data:text/html,x", "javascript:x()", "#top",
     "/relative", "page.html", "//example.com/x", "ftp://example.com/", "{{url}}", ""],
)  # fmt: skip
def test_other_schemes_are_no_links(url):
    """Only http and https are links at all."""
    made = plan(html_message(link(url)), Policy())
    assert (made.untouched, made.links, made.skipped) == (Untouched.NO_LINKS, (), ())


def test_links_of_several_parts_are_numbered_through():
    """Each HTML part is planned; paths tell them apart."""
    part = b"Content-Type: text/html\r\n\r\n" + link(URL).encode()
    made = plan(multipart("mixed", part, part), Policy())
    assert [(each.part, each.number) for each in made.links] == [("1", 1), ("2", 2)]


# --- rendering


def test_nothing_to_do_gives_the_original_object():
    """Byte-identity costs nothing."""
    message = html_message("<p>No links</p>")
    assert plan(message, Policy()).render(lambda _: TRACKED) is message


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("value", [f"{URL}?a=1&amp;copy=2", f" {URL}?q=é\n", "HTTPS://Example.com"])
def test_rendering_each_destination_gives_the_original(encoding, value):
    """However it was written: a reader would arrive at the same place."""
    message = html_message(link(value), encoding=encoding)
    made = plan(message, Policy())
    assert len(made.links) == 1
    assert made.render(lambda each: each.destination) == message


def test_a_destination_with_parameters_is_written_out():
    """The original leads elsewhere."""
    made = plan(html_message(link(URL)), PARAMS)
    assert f"{URL}?utm_source=mail".encode() in made.render(lambda each: each.destination)


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [
        *(
            (each, charset)
            for each in ENCODINGS
            for charset in ("utf-8", "iso-8859-1", "shift_jis")
        ),
        ("base64", "utf-16"),
    ],
)
def test_rendering_each_original_value_gives_the_original(encoding, charset):
    """Undoing the change gives back every octet."""
    html = f"<p>text</p>{link(URL + '?a=1&amp;b=2')}<a href='{URL}'>2</a><a href={URL}>3</a>"
    message = html_message(html.encode(charset), encoding=encoding, charset=charset)
    made = plan(message, Policy())
    assert len(made.links) == 3
    assert made.render(lambda each: each.original) == message


def test_edits_are_the_only_places_that_change():
    """Every octet between two edits stands in the outcome, in order."""
    message = html_message(link(URL) * 3 + "<p>" + "text " * 50, encoding="quoted-printable")
    made = plan(message, Policy())
    rest, at = made.render(lambda _: TRACKED), 0
    assert len(made.edits) == 3
    for edit in (*made.edits, Edit(len(message), len(message), b"")):
        before, kept, rest = rest.partition(message[at : edit.start])
        assert kept
        assert len(before) < 100
        at = edit.end


HOSTILE = st.lists(
    st.sampled_from(
        [b'<a href="http://e.x/', b'">', b"'", b"<!--", b"-->", b"<![if !mso]>", b"&amp;", b"=3D",
         b"=\r\n", b"\r\n", b"\r", b"\0", b"--b", b"Content-Type: text/html\r\n", b"From: a@b.c\r\n",
         b"Content-Type: multipart/mixed; boundary=b\r\n", b"X-Track-Links: off\r\n",
         b"Content-Transfer-Encoding: quoted-printable\r\n", b"<a href=https://e.x/ class=untracked>",
         b"Content-Transfer-Encoding: base64\r\n", b"<v:rect href='https://e.x/'>", b"\xff", b"x"]
    ),
    max_size=40,
).map(b"".join)  # fmt: skip


@given(st.one_of(st.binary(max_size=400), HOSTILE))
@example(html_message(link(URL), encoding="quoted-printable"))
def test_no_octets_make_a_plan_fail(message):
    """A plan is made of anything; undone, it is the original, and it is made again alike."""
    made = plan(message, Policy())
    assert made.failure is None
    assert made.render(lambda each: each.original) == message
    assert plan(message, Policy()) == made
    if made.untouched is not None:
        assert made.render(lambda _: TRACKED) is message
    assert len(splice(message, made.edits)) >= len(message) * (not made.edits)


@given(st.lists(st.sampled_from([link(URL), link("http://e.x/?a=b&amp;c"), "é &lt; text\r\n", "=20 "])),
       st.sampled_from(ENCODINGS))  # fmt: skip
def test_undoing_the_hrefs_in_the_decoded_part_gives_the_original_html(pieces, encoding):
    """Promise 2, over documents of many shapes."""
    message = html_message("".join(pieces), encoding=encoding)
    made = plan(message, Policy())
    rendered = made.render(lambda each: f"https://t.test/c/{each.number:04}")
    back = decoded(rendered)
    for each in made.links:
        back = back.replace(b"https://t.test/c/%04d" % each.number, each.original.encode("latin-1"))
    assert back == decoded(message)


def test_a_fault_of_ours_leaves_the_message_untouched(monkeypatch):
    """`plan` never raises; the cause is kept for the log."""
    monkeypatch.setattr("proxy.rewrite.planner.plan_message", lambda *_: 1 / 0)
    made = plan(b"x", Policy())
    assert made.untouched == Untouched.PLAN_FAILED
    assert isinstance(made.failure, ZeroDivisionError)


FAMILIES = {
    "links": lambda n: link(URL) * (n // 50),
    "classes": lambda n: link(URL, 'class="' + "a " * (n // 2) + '"'),
    "parameters": lambda n: link(URL + "?" + "a=b&" * (n // 4)),
    "references": lambda n: link(URL + "?" + "&amp;" * (n // 5)),
    "buttons": lambda n: (
        '<!--[if mso]><v:rect href="http://e.x/"></v:rect><![endif]-->' * (n // 64)
    ),
}
HEADER_FAMILIES = {
    "campaign": lambda n: "X-Track-Campaign: " + "=?utf-8?q?a?= " * (n // 14),
    "unsubscribe": lambda n: "List-Unsubscribe: " + "<http://e.x/>," * (n // 14),
    "json": lambda n: "X-SMTPAPI: " + '{"a":' * (n // 5),
    "from": lambda n: "From: " + "a@" * (n // 2),
}


@pytest.mark.parametrize("family", [*FAMILIES, *HEADER_FAMILIES])
def test_time_grows_with_the_size_alone(family):
    """Whatever of a message is hostile."""
    policy = dataclasses.replace(PARAMS, plain_text=True)

    def planned(octets: int) -> None:
        if family in FAMILIES:
            message = html_message(FAMILIES[family](octets), encoding="base64")
        else:
            message = html_message(link(URL), HEADER_FAMILIES[family](octets))
        plan(message, policy)

    assert is_linear(planned, 20_000)


def test_time_to_remember_opt_outs_is_linear():
    """Each part of plain text asks what its author opted out before it."""
    part = b"\r\n" + b"http://e.x/\r\n" * 20
    policy = Policy(plain_text=True, veto=Untouched.SIGNED)
    assert is_linear(lambda n: plan(multipart("mixed", *[part] * n), policy), 400)


# --- why a message is left alone

KEY_OF_EXAMPLE_COM = Signing(signs=True, domains=frozenset({"example.com"}))
DKIM = "DKIM-Signature: v=1; a=rsa-sha256; d={}; s=s; h=from; bh=AA==; b=AA=="
PKCS7 = HEAD + "Content-Type: application/pkcs7-mime; smime-type={}\r\n\r\nAAAA\r\n"

UNTOUCHED = {
    Untouched.DISABLED: (html_message(link(URL)), Policy(enabled=False)),
    Untouched.OFF_BY_DEFAULT: (html_message(link(URL)), Policy(default=False)),
    Untouched.TRACKING_OFF: (html_message(link(URL), "X-Track-Links: off"), Policy()),
    Untouched.CONSENT_NONE: (html_message(link(URL), "X-Track-Person-Consent: none"), Policy()),
    Untouched.NO_FROM: (html_message(link(URL), head="To: a@example.org\r\n"), Policy()),
    Untouched.SEVERAL_FROM: (html_message(link(URL), "From: x@example.net"), Policy()),
    Untouched.REPORT: (multipart("report", b"Content-Type: text/html\r\n\r\n" + link(URL).encode()), Policy()),
    Untouched.SIGNED: (multipart("signed", b"Content-Type: text/html\r\n\r\n" + link(URL).encode()), Policy()),
    Untouched.ENCRYPTED: (multipart("encrypted", b"Content-Type: text/html\r\n\r\n" + link(URL).encode()), Policy()),
    Untouched.ARC_SEALED: (html_message(link(URL), "ARC-Seal: i=1; a=rsa-sha256; d=x.test"), Policy()),
    Untouched.FOREIGN_SIGNATURE: (html_message(link(URL), DKIM.format("example.com")), Policy()),
    Untouched.RELAY_WOULD_ALTER: (
        html_message(link(URL), head="From: a@example.com\r\n"),
        Policy(signing=KEY_OF_EXAMPLE_COM),
    ),
    Untouched.MALFORMED: (b"no header at all\r\n" + html_message(link(URL)), Policy()),
    Untouched.MAX_GROWTH: (html_message(link(URL)), Policy(max_growth=10)),
    Untouched.NO_LINKS: (html_message("text"), Policy()),
    Untouched.ALL_SKIPPED: (html_message(link(URL, 'class="untracked"')), Policy()),
    Untouched.UNKNOWN_SENDER: (html_message(link(URL)), Policy(veto=Untouched.UNKNOWN_SENDER)),
}  # fmt: skip


@pytest.mark.parametrize("reason", UNTOUCHED)
def test_a_message_is_left_alone(reason):
    """Each reason by its name; no octet changes, and links are told all the same."""
    message, policy = UNTOUCHED[reason]
    made = plan(message, policy)
    assert made.untouched == reason
    assert made.links == ()
    assert made.render(lambda _: TRACKED) is message
    if reason not in {Untouched.NO_LINKS, Untouched.MALFORMED}:
        assert [each.destination for each in made.skipped] == [URL]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("signed-data", Untouched.SIGNED), ("enveloped-data", Untouched.ENCRYPTED)],
)
def test_opaque_smime_is_left_alone(kind, reason):
    """S/MIME without multipart says in a parameter what it is."""
    assert plan(PKCS7.format(kind).encode(), Policy()).untouched == reason


@pytest.mark.parametrize(
    "senders",
    [
        "a@example.com, b@example.com",
        "a@example.com <b@example.net>",
        "x: a@example.com, b@example.com;",
    ],
)
def test_several_addresses_in_from_are_several_senders(senders):
    """Nobody could say whose mail it is; some versions of Python read no address in odd ones."""
    message = html_message(link(URL), head=f"From: {senders}\r\n")
    assert plan(message, Policy()).untouched in {Untouched.SEVERAL_FROM, Untouched.NO_FROM}


@pytest.mark.parametrize(
    "value", ["(a" * 3000, "a" * 20_000 + "@example.com", "nobody", "<>", "a@", "", "(no address)"]
)
def test_a_from_that_names_no_domain_is_as_none(value):
    """However odd it is."""
    made = plan(html_message(link(URL), head=f"From: {value}\r\n"), Policy())
    assert (made.untouched, made.failure) == (Untouched.NO_FROM, None)


def test_a_message_signed_with_our_own_key_may_change():
    """The signature is made anew."""
    message = html_message(link(URL), DKIM.format("example.com"))
    assert plan(message, Policy(signing=KEY_OF_EXAMPLE_COM)).untouched is None


def test_one_foreign_signature_among_ours_is_enough():
    """What another domain signed stays whole."""
    message = html_message(link(URL), DKIM.format("example.com"), DKIM.format("example.net"))
    made = plan(message, Policy(signing=KEY_OF_EXAMPLE_COM))
    assert made.untouched == Untouched.FOREIGN_SIGNATURE


@pytest.mark.parametrize(
    "message",
    [
        html_message(link(URL), head=HEAD.replace("Date", "X-Date")),
        html_message(link(URL), head=HEAD.replace("Message-ID", "X-Message-ID")),
        html_message(link(URL), head=HEAD.replace("reader@example.org", "reader")),
        html_message(link(URL) + "x" * 999),
    ],
)
def test_what_the_relay_would_alter_is_not_signed_into_breakage(message):
    """Without a signature of ours at stake, the same messages are tracked."""
    assert (
        plan(message, Policy(signing=KEY_OF_EXAMPLE_COM)).untouched == Untouched.RELAY_WOULD_ALTER
    )
    assert plan(message, Policy()).untouched is None


def test_8bit_needs_a_relay_with_8bitmime_to_be_signed():
    """A relay that has to re-encode the body breaks the signature."""
    message = html_message(link(URL, text="é"))
    seven = dataclasses.replace(KEY_OF_EXAMPLE_COM, relay_8bitmime=False)
    assert plan(message, Policy(signing=KEY_OF_EXAMPLE_COM)).untouched is None
    assert plan(message, Policy(signing=seven)).untouched == Untouched.RELAY_WOULD_ALTER


# --- why a link is left alone

LONG = URL + "/" + "x" * 1300

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


def test_the_size_of_app_links_is_foreseen():
    """Their path is longer by four octets."""
    message = html_message(link(URL, 'universal="true"'))
    policy = Policy(app_links=True, url_octets=100)
    assert plan(message, policy).links[0].url_octets == 104


@pytest.mark.parametrize(("enable", "reason"), [(1, None), (0, Untouched.TRACKING_OFF)])
def test_json_headers_in_encoded_words_are_understood(enable, reason):
    """Python's email library writes a long value without spaces so."""
    api = {"x": "y" * 90, "filters": {"clicktrack": {"settings": {"enable": enable}}}}
    message = EmailMessage()
    message["From"] = "a@example.com"
    message["X-SMTPAPI"] = json.dumps({**api, "category": "spring"}, separators=(",", ":"))
    message.set_content(link(URL), subtype="html")
    assert b"=?utf-8?" in message.as_bytes()
    made = plan(message.as_bytes(), Policy())
    assert (made.untouched, made.campaign, made.asked.odd) == (reason, "spring", ())


def test_the_list_unsubscribe_url_is_left_alone():
    """Whatever its spelling in HTML, one click must go on unsubscribing."""
    header = "List-Unsubscribe: <mailto:u@example.com>,\r\n <https://example.com/u?a=1&b=2>"
    html = link("https://example.com/u?a=1&amp;b=2") + link("https://example.com/u?a=1")
    assert reasons(html_message(html, header)) == [Skip.LIST_UNSUBSCRIBE, None]


@pytest.mark.parametrize(
    "header",
    [
        "List-Unsubscribe: https://example.com/u?a=1",
        "List-Unsubscribe: <mailto:u@example.com>, <HTTPS://Example.COM/u?a=1>",
        "List-Unsubscribe: =?utf-8?q?=3Chttps=3A//example=2Ecom?=\r\n =?utf-8?q?/u=3Fa=3D1=3E?=",
    ],
)
def test_the_list_unsubscribe_url_is_known_however_it_is_written(header):
    """Without brackets, in capitals, or in encoded words, as libraries fold long ones."""
    html = link("https://example.com/u?a=1") + link("https://example.com/U?a=1")
    assert reasons(html_message(html, header)) == [Skip.LIST_UNSUBSCRIBE, None]


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


def test_part_reasons_have_the_same_names():
    """What forbids touching a part is told by each of its links."""
    assert {each.value for each in PartSkip} <= {each.value for each in Skip}


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


# --- switches


@pytest.mark.parametrize("value", ["on", "YES", "true", "1"])
def test_a_message_can_switch_tracking_on(value):
    """Where the default is off."""
    assert plan(html_message(link(URL), f"X-Track-Links: {value}"), Policy(default=False)).links


@pytest.mark.parametrize("value", ["off", "No", "false", "0", "", "maybe", "on off"])
def test_a_message_can_switch_tracking_off(value):
    """Whatever is no clear yes counts as off."""
    made = plan(html_message(link(URL), f"X-Track-Links: {value}"), Policy())
    assert made.untouched == Untouched.TRACKING_OFF
    clear = value.lower() in {"off", "no", "false", "0"}
    assert made.asked.odd == (() if clear else ("x-track-links",))


def test_of_several_headers_off_wins():
    """The order does not matter, nor whose header it is."""
    for pair in (("X-Track-Links: on", "X-Track-Links: off"), ("X-Track-Links: on", "X-AMP: skip")):
        for headers in (pair, pair[::-1]):
            assert (
                plan(html_message(link(URL), *headers), Policy()).untouched
                == Untouched.TRACKING_OFF
            )


def test_a_final_off_cannot_be_lifted():
    """`enabled = false` beats the message's header."""
    made = plan(html_message(link(URL), "X-Track-Links: on"), Policy(enabled=False))
    assert made.untouched == Untouched.DISABLED


def test_a_links_own_opt_out_is_told_before_the_messages():
    """Precedence: final off, per-link off, message header."""
    html = link(URL, 'class="untracked"') + link(URL)
    assert reasons(html_message(html, "X-Track-Links: off")) == [
        Skip.UNTRACKED_CLASS,
        Untouched.TRACKING_OFF,
    ]
    assert reasons(html_message(html), Policy(enabled=False)) == [Untouched.DISABLED] * 2


# --- campaigns


@pytest.mark.parametrize(
    ("headers", "policy", "campaign"),
    [
        ((), Policy(), "Spring"),
        (("X-Track-Campaign: =?utf-8?b?R3LDvMOfZQ==?=  &\r\n more",), Policy(), "Grüße & more"),
        (("X-Track-Campaign:",), Policy(), "Spring"),
        (("X-PM-Tag: tag", "X-Track-Campaign: own"), Policy(), "own"),
        (("X-PM-Tag: tag",), Policy(), "tag"),
        (("X-PM-Tag: tag",), Policy(dialects=frozenset()), "Spring"),
        (("List-Id: News of ours <news.example.com>",), Policy(campaign_from="list-id"), "news.example.com"),
        ((), Policy(campaign_from="list-id"), None),
        ((), Policy(campaign_from="none"), None),
        (("X-Track-Campaign: x",), Policy(campaign_from="none"), "x"),
    ],
)  # fmt: skip
def test_a_message_has_a_campaign(headers, policy, campaign):
    """Our header, those of others, else what the configuration points at."""
    assert plan(html_message(link(URL), *headers), policy).campaign == campaign


@pytest.mark.parametrize(
    "subject", ["=?utf-8?b?####?=", "=?nonsense?q?x?=", "\x01 \x7f", "x" * 9000]
)
def test_odd_subjects_make_no_trouble(subject):
    """A campaign is one short line, or nothing."""
    made = plan(
        html_message(link(URL), head=f"From: a@example.com\r\nSubject: {subject}\r\n"), Policy()
    )
    assert made.failure is None
    assert re.fullmatch(r"[^\x00-\x1f\x7f]{0,200}", made.campaign or "")


# --- groups, URL parameters


def test_a_link_has_a_name_in_reports():
    """The author's, else the URL less what varies from reader to reader."""
    html = link(URL + "?p=1&uid=7") + link(URL, 'data-link-group="call  to\naction"')
    made = plan(html_message(html), Policy())
    assert [each.group for each in made.links] == [URL + "?p=1", "call to action"]


ADDED = "utm_source=mail&utm_campaign=Spring"


def destinations(message: bytes, policy: Policy = PARAMS) -> list[str]:
    """Give where tracked links lead."""
    return [each.destination for each in plan(message, policy).links]


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


def test_a_message_can_do_without_parameters():
    """X-Track-URL-Params stops parameters, not tracking."""
    assert destinations(html_message(link(URL), "X-Track-URL-Params: off")) == [URL]
    assert destinations(html_message(link(URL), "X-Track-URL-Params: on")) == [f"{URL}?{ADDED}"]


def test_a_destination_that_would_become_too_long_goes_without():
    """Being tracked matters more than its parameters."""
    url = URL + "/" + "x" * 1270
    assert destinations(html_message(link(url), encoding="base64")) == [url]


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


def test_parameters_of_untracked_messages_need_a_switch():
    """`params_when_off` adds them without tracking."""
    message = html_message(link(URL), "X-Track-Links: off")
    assert plan(message, PARAMS).render(lambda _: TRACKED) is message
    made = plan(message, dataclasses.replace(PARAMS, params_when_off=True))
    assert decoded(made.render(lambda _: TRACKED)).startswith(f'<a href="{URL}?utm_source'.encode())
    assert (made.untouched, made.links) == (None, ())
    assert [each.reason for each in made.skipped] == [Untouched.TRACKING_OFF]


# --- +notrack


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


# --- plain text

PLAIN = Policy(plain_text=True)


def text_part(text: str, parameters: str = "") -> bytes:
    """Give a text/plain part."""
    return f"Content-Type: text/plain; charset=utf-8{parameters}\r\n\r\n{text}\r\n".encode()


def html_part(html: str) -> bytes:
    """Give a text/html part."""
    return b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()


def test_plain_text_is_tracked_only_where_asked_for():
    """Readers of plain text see the long links."""
    message = multipart("alternative", text_part(f"See {URL}."), html_part(link(URL)))
    assert [each.part for each in plan(message, Policy()).links] == ["2"]
    made = plan(message, PLAIN)
    assert [(each.part, each.number) for each in made.links] == [("2", 1), ("1", 2)]
    rendered = made.render(lambda _: TRACKED)
    assert rendered == message.replace(URL.encode(), TRACKED.encode())


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


def test_a_url_in_plain_text_is_visible_by_nature():
    """`visible_urls` is about anchors."""
    message = multipart("mixed", text_part(URL))
    assert plan(message, dataclasses.replace(PLAIN, visible_urls="skip")).links


def test_flowed_text_that_is_joined_is_left_alone():
    """A URL that readers see joined with the next line is not what stands there."""
    message = multipart("mixed", text_part(f"{URL} \r\nmore", "; format=flowed; delsp=yes"))
    assert plan(message, PLAIN).links == ()


# --- consent


def test_consent_is_read():
    """The strictest of several counts, and what nobody defined counts as none."""
    for values, consent in {
        ("full",): "full",
        ("anonymous", "full"): "anonymous",
        ("?",): "none",
    }.items():
        headers = [f"X-Track-Person-Consent: {value}" for value in values]
        assert plan(html_message(link(URL), *headers), Policy()).asked.consent == consent
