"""Fuzz links, charsets and destinations: `python tests/fuzz/fuzz_html.py [CORPUS …]`.

The first octet of an input chooses the charset label, the rest is the document. Spans must lie in
order, edits must go there and back, destinations must be stable; where the document is short UTF-8
without elements that only a tree builder drops, the links must be those of html5lib.
`make fuzz` runs this for a while; libFuzzer's own options are understood.
"""

import contextlib
import re
import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import atheris
import html5lib
from html5lib.constants import DataLossWarning

with atheris.instrument_imports(include=["proxy"]):
    from proxy.links.charsets import view
    from proxy.links.html import Href, links
    from proxy.links.labels import label
    from proxy.links.urls import destination
    from proxy.message.editing import Edit, splice
    from tracker.urls.hosts import host

LABELS = [
    "utf-8",
    None,
    "utf-16",
    "utf-32le",
    "iso-2022-jp",
    "shift_jis",
    "gbk",
    "windows-1252",
    "x",
]
COMPARED_OCTETS = 2_000
TREE_BUILDER = re.compile(
    r"<(?:select|frameset|template)|<!--\[if|<v:|<(?:svg|math).*</(?!svg|math)",
    re.IGNORECASE | re.DOTALL,
)
"""Where links depend on which elements are open; what we do without is said in `foreign`."""

NEW = b"https://t.example/c/A"
SEEDS = [
    '\0<a href="http://x.example/?a&amp;b&copy=1">x</a><area href=//x>',
    "\0<!--[if mso]><v:rect href='http://x/'></v:rect><![endif]--><![if !mso]><a href=http://y>",
    "\0<script><!--<script></script>--></script><style></style><title></title><svg><title><a href=x>",
    "\0<math><mi><a href=x></mi></math><svg><![CDATA[<a href=x>]]><p><textarea></textarea>",
    '\4<a href="\x1b$BF|\x1b(B">',
    "\2" + "<a href='http://ä/'>".encode("utf-16").decode("latin-1"),
]


def check(octets: bytes) -> None:
    """Hold one input against what must be true."""
    html = octets[1:]
    seen = view(html, LABELS[octets[0] % len(LABELS)] if octets else None)
    if seen is None:
        return
    found = links(seen.html, seen.charset)
    in_order(seen.html, found)
    for href in found:
        assert len(label(seen.html, href, seen.charset)) <= 200
        if url := destination(href.value, seen.url_charset):
            assert all("!" <= character <= "~" for character in url)
            assert destination(url) == url
            host(url)
    edits = [Edit(href.start, href.end, NEW) for href in found]
    changed = splice(seen.html, edits)
    again = links(changed, seen.charset)
    assert [each.value.encode() for each in again] == [NEW] * len(found)
    back = [
        Edit(new.start, new.end, seen.html[old.start : old.end])
        for old, new in zip(found, again, strict=True)
    ]
    assert splice(changed, back) == seen.html
    written = splice(html, seen.edits(edits))
    reread = view(written, LABELS[octets[0] % len(LABELS)] if octets else None)
    assert reread is not None
    assert [each.value.encode() for each in links(reread.html, reread.charset)] == [NEW] * len(
        found
    )
    if seen.charset == "utf-8" and len(html) < COMPARED_OCTETS:
        compare(seen.html.decode("utf-8", "replace"))


def in_order(html: bytes, found: list[Href]) -> None:
    """See that values lie in the document, one after the other."""
    at = 0
    for href in found:
        assert at < href.start < href.end < href.content_start <= len(html)
        at = href.end


def compare(text: str) -> None:
    """See that html5lib finds the same."""
    if TREE_BUILDER.search(text) or "\ufeff" in text[:1] or "\0" in text:
        return  # html5lib ends a comment that begins with NUL too early
    with warnings.catch_warnings(), contextlib.suppress(AssertionError, IndexError, KeyError):
        warnings.simplefilter("ignore", DataLossWarning)
        tree = html5lib.parse(text)
        expected = {
            node.attrib["href"]
            for node in tree.iter()
            if isinstance(node.tag, str) and node.tag.rpartition("}")[2] in {"a", "area"}
            if node.attrib.get("href")
        }
        ours = {href.value for href in links(text.encode("utf-8"))}
        if ours != expected:
            raise RuntimeError(f"ours {ours}, html5lib {expected}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(SEEDS):
            Path(folder, str(number)).write_bytes(seed.encode("latin-1"))
        seeds = ",".join(str(path) for path in sorted(Path(folder).iterdir()))
        atheris.Setup([*sys.argv, f"-seed_inputs={seeds}"], check)
        atheris.Fuzz()
