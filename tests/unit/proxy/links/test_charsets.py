"""Markup is found in any charset in which it can be told safely, and edits go back."""

import codecs

import pytest
import webencodings
from hypothesis import given
from hypothesis import strategies as st

from proxy.links.charsets import HtmlView, view
from proxy.links.html import links
from proxy.message.editing import Change, Edit, splice

TEXT = '<p class="日本">語 😀 <a href="http://x.example/日?q=本&amp;r">語 ¥ ~</a> 語 <a href=x>'
PLAIN = b'<a href="http://x.example/">x</a>'


def replaced(octets: bytes, seen: HtmlView, value: bytes) -> bytes:
    """Put `value` in the place of the first href."""
    href = links(seen.html, seen.charset)[0]
    return splice(octets, seen.edits([Edit(href.start, href.end, value)]))


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf-8", "utf-8"),
        ("UTF8", "utf-8"),
        (' "utf-8"; ', "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"),
        ("utf-16", "utf-16-be"),
        ("utf-16be", "utf-16-be"),
        ("UTF-16LE", "utf-16-le"),
        ("utf-32", "utf-32"),
        ("utf-32", "utf-32-be"),
        ("utf-32le", "utf-32-le"),
        (None, "utf-16"),
        ("shift_jis", "cp932"),
        ("x-sjis", "cp932"),
        ("euc-jp", "euc_jp"),
        ("iso-2022-jp", "iso2022_jp"),
        ("gb2312", "gbk"),
        ("gb18030", "gb18030"),
        ("big5", "big5"),
        ("ks_c_5601-1987", "cp949"),
        ("koi8-r", "koi8-r"),
        ("windows-1251", "cp1251"),
        ("iso-8859-1", "cp1252"),
        ("cp850", "cp850"),
        ("mac-roman", "mac-roman"),
    ],
)
def test_a_value_is_replaced_and_nothing_else(label, codec):
    """After the splice the text is the same in its own charset, but for the value."""
    text = TEXT.encode(codec, "ignore").decode(codec)
    octets = text.encode(codec)
    seen = view(octets, label)
    assert seen is not None
    value = links(seen.html, seen.charset)[0].value
    assert value == text.split('"')[3].replace("&amp;", "&")
    new = b"https://t.example/c/AAAA"
    expected = text.replace(text.split('"')[3], new.decode())
    assert replaced(octets, seen, new).decode(codec) == expected


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-32", "cp932", "iso2022_jp", "gb18030"])
def test_putting_the_value_back_changes_nothing(codec):
    """An edit by what stands there already gives the very octets."""
    octets = TEXT.encode(codec, "ignore")
    seen = view(octets, {"cp932": "shift_jis", "iso2022_jp": "iso-2022-jp"}.get(codec, codec))
    assert seen is not None
    href = links(seen.html, seen.charset)[0]
    assert replaced(octets, seen, seen.html[href.start : href.end]) == octets


@pytest.mark.parametrize(
    ("label", "octets"),
    [
        ("utf-7", b'<a href="http://x/?a+AD0-b">'),
        ("unicode-1-1-utf-7", b'<a href="http://x/?a+AD0-b">'),
        ("hz-gb-2312", b"~{<a href=x>~}"),
        ("iso-2022-kr", b"\x1b$)C<a href=x>"),
        ("x-unknown", "<a href='http://x/ä'>".encode()),
        ("cp037", PLAIN.decode().encode("cp037")),
        ("unicode_escape", b"<a href='\\x41'>" + b"\xe9"),
        ("rot13", PLAIN + b"\xe9"),
        ("iso-2022-jp", b"\x1b$B<a href=x>\x1b(B"),
        ("iso-2022-jp", b"\x1b$B$\x1b(B<a href=x>"),
        ("iso-2022-jp", b"\x1b$)C<a href=x>"),
        ("iso-2022-jp", b"\xff<a href=x>"),
        ("us-ascii", b"\x1b$B<a href=x>\x1b(B"),
        ("utf-16", b"<\0a\0 "),
        ("utf-16le", "<a>\ud800".encode("utf-16-le", "surrogatepass")),
        ("utf-8", codecs.BOM_UTF16_LE + "<a href=x>".encode("utf-16-le")),
    ],
)
def test_where_markup_cannot_be_told_nothing_is_seen(label, octets):
    """What might be read otherwise by some client is left alone."""
    assert view(octets, label) is None


@pytest.mark.parametrize("label", ["x-unknown", "utf-7", "hz", "", "charset", "iso-2022-kr", "\0"])
def test_plain_ascii_is_seen_under_any_label(label):
    """Octets that mean the same in every charset that has ASCII are safe."""
    assert view(PLAIN, label) == HtmlView(
        PLAIN, *(("utf-8", "ascii") if not label else ("ascii", "ascii"))
    )


@pytest.mark.parametrize("label", [None, "us-ascii", "ASCII"])
def test_undeclared_octets_are_read_but_not_written(label):
    """Where clients guess at 8-bit octets, texts are readable, and URLs with them ambiguous."""
    for octets, codec in (("ä".encode(), "utf-8"), (b"\xe4", "cp1252")):
        seen = view(b"<a href='http://x/'>" + octets, label)
        assert seen is not None
        assert (seen.charset, seen.url_charset) == (codec, "ascii")


@pytest.mark.parametrize("label", ["utf-8", "iso-8859-1", None, "x-unknown", "utf-16"])
def test_the_mark_of_utf_8_goes_before_any_label(label):
    """As browsers read it (WHATWG Encoding §6.1)."""
    octets = codecs.BOM_UTF8 + "<a href='http://x/ä'>".encode()
    assert view(octets, label) == HtmlView(octets, "utf-8", "utf-8")


@pytest.mark.parametrize("label", ["utf_16_le", "utf_16_be", "utf_32_be"])
def test_names_of_pythons_for_wide_charsets_are_understood(label):
    """Where the web's table lacks them."""
    seen = view(PLAIN.decode("ascii").encode(label), label)
    assert seen is not None
    assert seen.html == PLAIN


def test_escape_sequences_are_put_back():
    """A value between two modes of ISO-2022-JP leaves the text after it in its own."""
    octets = b'\x1b(J\\<a href="\x1b$BF|\x1b(Bx">\x1b$BK\\\x1b(B<a href="y\x1b(J">~</a>'
    seen = view(octets, "iso-2022-jp")
    assert seen is not None
    edits = [Edit(href.start, href.end, b"new") for href in links(seen.html, seen.charset)]
    assert splice(octets, seen.edits(edits)) == (
        b'\x1b(J\\<a href="\x1b(Bnew">\x1b$BK\\\x1b(B<a href="new\x1b(J">~</a>'
    )


@pytest.mark.parametrize(("codec", "width"), [("utf-8", 1), ("utf-16", 2), ("utf-32", 4)])
def test_changes_are_as_wide_as_the_edits(codec, width):
    """The octets that a change is judged by are those that its edit will have."""
    octets = TEXT.encode(codec)
    seen = view(octets, codec)
    assert seen is not None
    (edit,) = seen.edits([Edit(40, 45, b"abc")]) if width == 1 else seen.edits([_first(seen)])
    (change,) = seen.changes([Change(40, 45, 3)] if width == 1 else [Change(*_first(seen)[:2], 3)])
    assert (change.start, change.end, change.octets) == (edit.start, edit.end, 3 * width)


def _first(seen: HtmlView) -> Edit:
    href = links(seen.html, seen.charset)[0]
    return Edit(href.start, href.end, b"abc")


def test_an_edit_that_cannot_be_placed_is_refused():
    """An edit in the middle of characters that have no place of their own raises."""
    seen = view("語語<a href=x>".encode("utf-16"), "utf-16")
    assert seen is not None
    with pytest.raises(ValueError, match="no ASCII character"):
        seen.edits([Edit(0, 3, b"x")])


@pytest.mark.parametrize(
    ("label", "before", "codec"),
    [
        ("utf-16", codecs.BOM_UTF16_LE, "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
        ("utf-32", codecs.BOM_UTF32_BE, "utf-32-be"),
        ("iso-2022-jp", b"", "iso2022_jp"),
        ("iso-2022-jp", b"\x1b(B", "iso2022_jp"),
    ],
)
def test_an_edit_at_the_very_start_stays_there(label, before, codec):
    """Whatever stands behind it: a text may begin with a URL."""
    for text in ("http://x/", "http://x/ 日本語", "http://x/ 語 日 y 本 z"):
        octets = before + text.encode(codec)
        seen = view(octets, label)
        assert seen is not None
        new = splice(octets, seen.edits([Edit(0, 5, b"https:")]))
        assert new == before + text.replace("http:", "https:").encode(codec)


@pytest.mark.parametrize("name", sorted(set(webencodings.LABELS.values())))
def test_second_octets_are_never_markup(name):
    """In no charset that is read as it stands can markup be part of another character."""
    octets = bytes(range(0x20, 0x7F)) + b"<a href='http://x/'>"
    seen = view(octets, name)
    if seen is None or seen.runs:
        return
    for lead in range(0x80, 0x100):
        for markup in b"<>\"'=&/ \t\r\n;#":
            text = (bytes([lead, markup]) + b" x").decode(seen.charset, "replace")
            assert chr(markup) in text[:2], (name, lead, markup)


@given(st.binary(), st.one_of(st.none(), st.text(), st.sampled_from(sorted(webencodings.LABELS)), st.sampled_from(["utf-32", "cp500", "utf-7", "idna", "punycode", "mbcs", "oem", "undefined", "zlib"])))  # fmt: skip
def test_any_octets_under_any_label_are_seen_or_not(octets, label):
    """No label and no octets raise; what is seen has its way back."""
    seen = view(octets, label)
    if seen is None:
        return
    found = links(seen.html, seen.charset)
    same = [Edit(href.start, href.end, seen.html[href.start : href.end]) for href in found]
    assert splice(octets, seen.edits(same)) == octets
    splice(octets, seen.edits([Edit(href.start, href.end, b"x") for href in found]))


@given(
    st.lists(st.sampled_from(["<a href='", "'>", "ä", "日", "😀", " ", "x", '<p title="', '">', "&#65;"])),
    st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]),
)  # fmt: skip
def test_wide_charsets_go_there_and_back(pieces, codec):
    """Replacing every value in octets is replacing it in the text."""
    text = "".join(pieces)
    seen = view(text.encode(codec), codec)
    assert seen is not None
    hrefs = links(seen.html, seen.charset)
    edits = [Edit(href.start, href.end, b"new") for href in hrefs]
    html = splice(seen.html, edits)
    assert splice(text.encode(codec), seen.edits(edits)).decode(codec) == html.decode()
