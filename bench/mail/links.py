"""Milliseconds to find the links of an HTML document: ours against BeautifulSoup and html5lib.

Templates of a folder (`python -m bench.mail.links DIR`), else a newsletter made up here, each brought
to 100 KB by repetition of its body. Rounds alternate, and the best of each counts: the ratio says
more than the times.
"""

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import html5lib
from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

from proxy.links.html import links

OCTETS = 102_400
ROUNDS = 5
TEMPLATES = 5
ROW = (
    b'<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="left" '
    b'style="padding:0 24px;font-family:Arial,sans-serif;font-size:16px"><p style="margin:0">A row '
    b"of a newsletter, with as much text as people put up with.</p></td></tr></table>\r\n"
)
LINK = (
    b'<a href="https://www.example.com/products/1?ref=mail&amp;page=1" target="_blank" '
    b'style="color:#ffffff;text-decoration:none;padding:12px 24px">A product</a>\r\n'
)
BLOCK = (
    b'<!--[if mso]><table role="presentation"><tr><td><![endif]-->'
    + 3 * (3 * ROW + LINK)
    + b"<!--[if mso]></td></tr></table><![endif]-->\r\n"
)
_BODY = re.compile(rb"<body[^>]*>(.*)</body>", re.IGNORECASE | re.DOTALL)


def grown(html: bytes) -> bytes:
    """Repeat the body until the document has its size."""
    body = _BODY.search(html)
    inside = body[1] if body else html
    return (html + inside * (OCTETS // len(inside) + 1))[:OCTETS]


def documents(arguments: list[str]) -> dict[str, bytes]:
    """Return the documents to read, by name."""
    if not arguments:
        return {"made up": grown(BLOCK)}
    files = [
        path for path in sorted(Path(arguments[0]).rglob("*.html")) if path.stat().st_size > 9_999
    ]
    chosen = files[:: max(1, len(files) // TEMPLATES)][:TEMPLATES]
    return {path.name: grown(path.read_bytes()) for path in chosen}


READERS: dict[str, Callable[[bytes], object]] = {
    "ours": links,
    "lexbor": lambda html: LexborHTMLParser(html).css("a[href],area[href]"),
    "BeautifulSoup": lambda html: BeautifulSoup(html, "html.parser").find_all(["a", "area"]),
    "html5lib": html5lib.parse,
}


def once_ms(work: Callable[[bytes], object], html: bytes) -> float:
    """Time one reading."""
    begun = time.perf_counter()
    work(html)
    return (time.perf_counter() - begun) * 1e3


def main(arguments: list[str]) -> None:
    """Print the table."""
    print(f"{'document':32}{'links':>6}" + "".join(f"{name + ' ms':>18}" for name in READERS))
    for name, html in documents(arguments).items():
        best = dict.fromkeys(READERS, float("inf"))
        for _ in range(ROUNDS):
            for reader, work in READERS.items():
                best[reader] = min(best[reader], once_ms(work, html))
        figures = "".join(f"{figure:18.2f}" for figure in best.values())
        print(f"{name[:31]:32}{len(links(html)):6}{figures}")


if __name__ == "__main__":
    main(sys.argv[1:])
