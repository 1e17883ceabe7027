"""The reader arrives where a browser would have gone from the original href."""

import json
import operator
import re
from random import Random

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.links import urls as module
from proxy.links.urls import destination, is_part_of, path_of, same_place
from proxy.message.work_budget import BudgetExceeded, limit
from tracker.urls.hosts import host


def browser(url: str) -> str | None:
    """Return what a browser makes of an URL, by Ada's parser; None if it opens nothing."""
    try:
        return str(ada_url.URL(url).href)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("http://x.example/", "http://x.example/"),
        ("  \x00\n\x1fhttp://x.example/ \t", "http://x.example/"),
        ("ht\ntp:\t//x.ex\rample/a\nb", "http://x.example/ab"),
        ("HTTPS://X.Example/%7Ea?&#", "HTTPS://X.Example/%7Ea?&#"),
        ("http://x.example/a b?c d#e f", "http://x.example/a%20b?c%20d#e%20f"),
        ("http://x.example/ä?ö#ü", "http://x.example/%C3%A4?%C3%B6#%C3%BC"),
        ("http://x.example/\x7f\x01", "http://x.example/%7F"),
        ('http://x.example/{{a}}|"<>`^\\', 'http://x.example/{{a}}|"<>`^\\'),
        ("http://ä.example:80/", "http://xn--4ca.example:80/"),
        ("http://faß.example/", "http://xn--fa-hia.example/"),
        ("http://日本。example", "http://xn--wgv71a.example"),
        ("http://ü:ö@x.example/", "http://%C3%BC:%C3%B6@x.example/"),
        ("http://x.example\\ä", "http://x.example\\%C3%A4"),
        ("http:///x.example/ä", "http:///x.example/%C3%A4"),
        ("http://x.example/?a?ä#b#ü", "http://x.example/?a?%C3%A4#b#%C3%BC"),
    ],
)  # fmt: skip
def test_a_destination_is_the_value_made_safe(value, url):
    """Nothing is normalised but what cannot travel."""
    assert destination(value) == url


@pytest.mark.parametrize(
    "value",
    ["", "x", "//x.example/", "/x", "#x", "mailto:a@x.example", "javascript:http://x/", "tel:1",
     "http:x.example", "http:/x.example", "http:\\\\x.example", "https", "httpss://x.example/",
     "https+notrack://x.example/", "http ://x.example/", "\xa0http://x.example/", "http://a b/",
     "http://ä b.example/", "http://😀.example/", "http://ä\u200b.example:x/", "cid:http://x/",
     "http://", "https:///", "http://?x", "http://#x", "http://\\", "http:// "],
)  # fmt: skip
def test_other_schemes_and_dead_links_have_no_destination(value):
    """What is no http(s) URL, or opens nothing, is left alone."""
    assert destination(value) is None


@pytest.mark.parametrize(
    ("charset", "value", "url"),
    [
        ("cp1252", "http://x/ä?ä€☃#ä", "http://x/%C3%A4?%E4%80%26%239731%3B#%C3%A4"),
        ("cp1251", "http://x/?ж", "http://x/?%E6"),
        ("cp932", "http://x/?表 ソ", "http://x/?%95\\%20%83\\"),
        ("gbk", "http://x/?中", "http://x/?%D6%D0"),
        ("cp950", "http://x/?功", "http://x/?%A5\\"),
        ("iso2022_jp", "http://x/?日 本x", "http://x/?%1B$BF|%1B(B%20%1B$BK\\%1B(Bx"),
        ("iso2022_jp", "http://x/?ァ", "http://x/?%1B$B%!%1B(B"),
        ("utf-8", "http://x/\ufffd?\ufffd", "http://x/%EF%BF%BD?%EF%BF%BD"),
    ],
)
def test_a_query_is_written_in_the_charset_of_the_document(charset, value, url):
    """Path and fragment are UTF-8, the query what a browser would send."""
    assert destination(value, charset) == url


@pytest.mark.parametrize(
    ("charset", "value"),
    [
        ("ascii", "http://x/ä"),
        ("cp932", "http://x/?😀"),
        ("cp1252", "http://x/?\ufffd"),
        ("cp1252", "http://x/?\x81"),
        ("cp1252", "http://x/\ufffd"),
        ("gb18030", "http://x/\ue5e5"),
        ("cp950", "http://x/?Д"),
        ("cp932", "http://x/?〜"),
        ("cp932", "http://x/?\N{SMALL ROMAN NUMERAL ONE}"),
        ("euc_jp", "http://x/〜"),
        ("euc_jp", "http://x/?ä"),
        ("koi8-u", "http://x/╬"),
        ("no-such-codec", "http://x/?ä"),
    ],
)
def test_where_clients_differ_there_is_no_destination(charset, value):
    """What one client would open differently from another stays with the author's href."""
    assert destination(value, charset) is None


@pytest.mark.corpus
def test_the_cases_of_the_url_standard(corpus):
    """For each http(s) case of WHATWG's, destination and input parse to the same URL."""
    folder = corpus / "url" / "ada-url+ada" / "tests" / "wpt"
    tracked = 0
    for case in json.loads((folder / "urltestdata.json").read_text("utf-8")):
        if isinstance(case, dict) and (url := destination(case["input"])):
            tracked += 1
            assert browser(url) == browser(case["input"]), case
            assert host(url) or browser(url) is None
    assert tracked > 100


@pytest.mark.corpus
def test_naughty_strings_in_every_place_of_an_url(corpus):
    """As path, query, fragment, user or host, no string leads elsewhere."""
    file = corpus / "url" / "minimaxir+big-list-of-naughty-strings" / "blns.json"
    shapes = ["{}", "http://x/{}", "http://x/?{}", "http://x/#{}", "http://{}/", "http://{}@x/"]
    for text in json.loads(file.read_text("utf-8")):
        for shape in shapes:
            value = shape.format(text)
            if url := destination(value):
                assert browser(url) == browser(value), value


@given(st.text(), st.sampled_from(["http://{}/", "http://x/{}", "https://x/?{}", "http://x#{}", "{}", "HTTP://{}@x"]))  # fmt: skip
def test_any_text_leads_where_a_browser_goes(text, shape):
    """Whatever an author writes, the destination is printable ASCII and the same URL."""
    value = shape.format(text)
    if url := destination(value):
        assert all("\x21" <= character <= "\x7e" for character in url)
        assert browser(url) == browser(value)
        assert destination(url) == url


@given(st.text(alphabet=st.characters(min_codepoint=0x80, max_codepoint=0xFFFF, exclude_categories=["Cs"]), min_size=1, max_size=8))  # fmt: skip
def test_international_hosts_are_those_of_browsers(name):
    """A host in punycode is the one that a browser asks, or there is no destination.

    A parser of an older Unicode opens nothing for the newest characters.
    """
    value = f"http://{name}.example/"
    if url := destination(value):
        assert browser(value) in {browser(url), None}


def test_each_character_of_a_url_that_is_not_ascii_is_work():
    """Browsers write it in the document's charset, which takes a look at each."""
    with limit(500), pytest.raises(BudgetExceeded):
        destination("http://x/?" + "ä" * 500, "cp1252")
    with limit(0):
        destination("http://x/?" + "a" * 500, "cp1252")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("HTTPS://A.test:443", "https://a.test/"),
        ("http://a.test:80/%7eann/?", "http://a.test/~ann/"),
        ("https://a.test/x%2fy?a=%c3%a4+b#c", "https://a.test/x%2Fy?a=%C3%A4%20b"),
        ("https://a.test:8443/x", "https://a.test:8443/x"),
    ],
)
def test_places_are_compared_whatever_the_spelling(url, place):
    """What is escaped without need, default ports and fragments make no difference."""
    assert same_place(url) == place
    assert same_place(place) == place


def test_a_usual_url_is_its_own_place(monkeypatch):
    """As it would be without a pattern for those."""
    random = Random(15)
    pieces = [
        "a",
        "B",
        "9",
        ".",
        "-",
        "_",
        "~",
        "%7E",
        "%",
        "+",
        ";",
        ":",
        ":80",
        "@",
        "!",
        "/",
        "=",
        "&",
        "?",
        "#",
    ]
    urls = [
        random.choice(["https://a.test/", "http://a-b.c.test/", "https://a.test", "HTTPS://a.test/", "https://A.test/", "https:/"])
        + "".join(random.choices(pieces[: random.choice([6, 6, len(pieces)])], k=random.randrange(6)))
        + random.choice(["", "?", "?a=b", "?a=%41&b", "?a&", "#f"])
        for _ in range(6000)
    ]  # fmt: skip
    places = list(map(same_place, urls))
    monkeypatch.setattr(module, "_USUAL_PLACE", re.compile("(?!)"))
    assert list(map(same_place, urls)) == places
    assert sum(map(operator.eq, urls, places)) > 500


@given(
    st.tuples(
        st.sampled_from(["http://", "HTTPS:\\\\", "https:/"]),
        st.text("a.:@80", max_size=6),
        st.text("aB/\\;+.", max_size=6),
        st.text("?#=&a/", max_size=6),
    )
)
def test_a_url_without_escapes_holds_the_path_of_its_place(pieces: tuple[str, ...]) -> None:
    """So one that does not leads elsewhere."""
    url = "".join(pieces)
    assert path_of(same_place(url)) in url


@pytest.mark.parametrize(
    ("one", "other", "part"),
    [
        ("https://a.test/?u=1bbf5b37", "https://a.test/?u=1bbf5b37&jo=1", True),
        ("https://a.test/?u=1bbf5b37&jo=1", "https://a.test/?u=1bbf5b37", True),
        ("https://a.test/?u=1bbf5b37&x=2", "https://a.test/?u=1bbf5b37&jo=1", False),
        ("https://a.test/?p=1", "https://a.test/?p=1&jo=1", False),
        ("https://a.test/", "https://a.test/?u=1bbf5b37", False),
        ("https://a.test/b?u=1bbf5b37", "https://a.test/?u=1bbf5b37", False),
    ],
)
def test_a_place_may_have_more_parameters_than_another(one, other, part):
    """But not others in their stead, and they have to share some."""
    assert is_part_of(one, other) is part
