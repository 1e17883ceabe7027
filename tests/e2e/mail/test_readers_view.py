"""Readers see the same mail, and every click ends where the author sent it.

Real templates in a real browser, before and after rewriting; the tracker in between is real, too.
"""

import email
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from proxy.policy import Policy
from proxy.rewrite.planned import PlannedLink
from proxy.rewrite.planner import plan
from tests.corpus.material import Case, cases
from tests.support.clients.programs import need
from tests.support.readers.links import Links
from tests.support.readers.web import Reader, Web
from tracker.tokens import PATH, Link, mint

ALL = bool(os.environ.get("WAYPOST_READERS_VIEW_ALL"))
"""By default a few templates and links, for the time it takes; with this set, all of them."""

TEMPLATES = 5
CLICKS = 3

CHARSETS = {
    "utf-8": '<a href="http://one.example/ä?q=ö€&amp;r=%C3%A4#ü">x</a>',
    "iso-8859-1": '<a href="http://one.example/ä?q=ö&amp;copy=1&copy=2#ü">x</a>',
    "windows-1251": '<a href="http://one.example/ж?q=жÄ&#9731;#ж">x</a>',
    "shift_jis": "<a href='http://one.example/表?q=表 ソ\\#表'>x</a>",
    "euc-jp": "<a href='http://one.example/表?q=表ソ'>x</a>",
    "iso-2022-jp": "<a href='http://one.example/日?q=日 本'>x</a>",
    "gbk": "<a href='http://one.example/中?q=中文'>x</a>",
    "big5": "<a href='http://one.example/功?q=功能'>x</a>",
    "euc-kr": "<a href='http://one.example/한?q=한글'>x</a>",
    "utf-16": "<a href='http://one.example/中?q=中文'>x</a>",
    "koi8-r": "<a href=' \thttp://ünïcode.example:81/\nж?q=ж\r\n '>x</a>",
}


@dataclass
class Desk:
    """A reader, and the Waypost that the mail went through."""

    reader: Reader
    links: Links

    def rewritten(self, message: bytes) -> tuple[bytes, tuple[PlannedLink, ...]]:
        """Rewrite a message as the proxy does."""
        base_url = f"http://127.0.0.1:{self.links.stack.http}"
        made = plan(message, Policy(base_urls=(base_url,)))
        message_id = secrets.token_bytes(8)

        def tracked(link: PlannedLink) -> str:
            token = Link(message_id, 1, link.number, int(time.time()), link.destination)
            return base_url + PATH + mint(self.links.keyring, token)

        return made.render(tracked), made.links

    def opens(self, name: str, message: bytes) -> None:
        """Put the HTML of a message where the reader can open it."""
        parsed = email.message_from_bytes(message)
        html = parsed.get_payload(decode=True)
        assert isinstance(html, bytes)
        self.reader.web.pages[name] = (html, f"text/html; charset={parsed.get_content_charset()}")

    def compare(self, message: bytes, clicks: int | None) -> int:
        """Read a message before and after; give how many links were followed."""
        after, tracked = self.rewritten(message)
        self.opens("/before", message)
        self.opens("/after", after)
        assert self.reader.sees("/before") == self.reader.sees("/after")
        before, now = self.reader.read("/before"), self.reader.read("/after")
        assert len(before) == len(now)
        changed = [
            at for at, pair in enumerate(zip(before, now, strict=True)) if len(set(pair)) > 1
        ]
        assert bool(changed) == bool(tracked)
        for number in changed[:clicks]:
            assert self.reader.clicks("/before", number) == self.reader.clicks("/after", number)
        return len(changed[:clicks])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Run the tracker, the web and a browser."""
    need("chromium")
    folder = tmp_path_factory.mktemp("reader")
    links = Links.furnish(folder / "waypost")
    with (
        links.stack.serving("tracker"),
        Web().open() as web,
        web.browser(str(folder / "profile"), links.stack.http) as driver,
    ):
        yield Desk(Reader(driver, web), links)


def templates(corpus: Path) -> list[Case]:
    """Return templates with links, spread over their authors."""
    found = [case for case in cases(corpus / "html") if plan(case.message, Policy()).links]
    return found if ALL else found[:: max(1, len(found) // TEMPLATES)][:TEMPLATES]


@pytest.mark.corpus
@pytest.mark.timeout(3600 if ALL else 240)
def test_templates_look_the_same_and_lead_to_the_same_places(desk: Desk, corpus: Path) -> None:
    """The same pixels before and after; the same request and address bar for each click."""
    followed = sum(
        desk.compare(case.message, None if ALL else CLICKS) for case in templates(corpus)
    )
    assert followed > TEMPLATES


@pytest.mark.parametrize("charset", CHARSETS)
def test_links_in_any_charset_lead_to_the_same_place(desk: Desk, charset: str) -> None:
    """What a browser makes of octets in a charset is what the tracker redirects to."""
    head = f"From: a@example.com\r\nContent-Type: text/html; charset={charset}\r\n"
    html = CHARSETS[charset].encode(charset, "ignore")
    encoded = email.base64mime.body_encode(html, eol="\r\n")  # type: ignore[attr-defined]
    message = f"{head}Content-Transfer-Encoding: base64\r\n\r\n{encoded}".encode("ascii")
    assert desk.compare(message, None) == 1


def test_conditional_comments_and_odd_markup_look_the_same(desk: Desk) -> None:
    """Browsers see nothing of what only Outlook reads, and odd tags stay odd."""
    html = (
        "<!--[if mso]><v:roundrect href='http://one.example/'><center>x</center></v:roundrect><![endif]-->"
        "<![if !mso]><a href=http://one.example/?a&amp;b&copy=1>x</a><![endif]>"
        "<map name=m><area shape=default href='http://two.example/'></map><img usemap=#m alt=x>"
        "<svg width=9 height=9><a href='http://three.example/'><rect width=9 height=9 /></a></svg>"
        "<a title='a>b' HREF = http://four.example/ >x<p>y</a>z"
    )
    message = f"From: a@example.com\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    after, tracked = desk.rewritten(message.encode())
    assert len(tracked) == 5
    desk.opens("/before", message.encode())
    desk.opens("/after", after)
    assert desk.reader.sees("/before") == desk.reader.sees("/after")
