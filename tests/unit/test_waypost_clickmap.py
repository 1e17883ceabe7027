"""`waypost clickmap`, over real files and a real store."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.support.commands import run
from tests.support.mail import html_message, link
from tracker.events import Clicked, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.redirect.redirector import event_id
from tracker.spool.writer import Spool
from tracker.tokens import Keyring, Link, mint, tracked_url

SENT_S = 1_790_000_000
URL = "https://example.net/{}"
HTML = link(URL.format("a"), text="A") + link(URL.format("b"), text="B")


@pytest.fixture
def store(folder: Path) -> Path:
    """Return a folder whose store has a campaign of four deliveries, of which one was clicked."""
    spool = Spool.open(folder / "waypost.db.spool", "proxy")
    sent = [SentLink(n, URL.format(each), None, each.upper()) for n, each in enumerate("abc", 1)]
    to = tuple(Recipient(n, f"reader{n}@example.net") for n in range(1, 5))
    pending = MessagePending(
        f"{7:016x}", SENT_S, "example.com", "Spring sale", shared=False, recipients=to,
        links=tuple(sent), sent_s=SENT_S,
    )  # fmt: skip
    spool.append(pending)
    spool.append(MessageAccepted(pending.message_id, SENT_S, (1, 2, 3, 4), sent_s=SENT_S))
    for link_number, signals in ((1, ()), (1, ("head",)), (3, ())):
        at_s = SENT_S + 7200.0 * link_number
        spool.append(
            Clicked(
                event_id(at_s), at_s, pending.message_id, 1, link_number, SENT_S,
                sent[link_number - 1].url, "GET", not signals, (), None, "Browser/1", signals,
            )
        )  # fmt: skip
    spool.close()
    (folder / "mail.eml").write_bytes(html_message(HTML, "X-Track-Campaign: Spring sale"))
    return folder


def drawn(folder: Path, *arguments: object, stdin: str = "") -> BeautifulSoup:
    """Return the page that the command prints."""
    printed = run("clickmap", *arguments, "-c", folder / "waypost.toml", stdin=stdin)
    return BeautifulSoup(printed, "html.parser")


def test_each_link_has_people_their_share_and_machines(store: Path) -> None:
    """A link that nobody clicked has none of it."""
    (frame,) = drawn(store, "Spring sale", store / "mail.eml").find_all("template")
    links = BeautifulSoup(frame.decode_contents(), "html.parser").find_all("a")
    assert [each.get_text("|", strip=True) for each in links] == [
        "A|1 person · 25.0% · 1 machine click",
        "B|0 people · 0.0%",
    ]


def test_links_of_the_campaign_that_are_elsewhere_are_listed(store: Path) -> None:
    """Below those of the message."""
    text = drawn(store, "Spring sale", store / "mail.eml").get_text(" ")
    assert URL.format("c") in text.partition("not in this message")[2]
    assert URL.format("a") not in text.partition("not in this message")[2]


def test_the_message_may_come_from_standard_input_and_the_page_go_to_a_file(store: Path) -> None:
    """Nothing is printed then."""
    output = store / "map.html"
    content = (store / "mail.eml").read_text()
    arguments = ("clickmap", "Spring sale", "-", "-c", store / "waypost.toml", "-o", output)
    assert run(*arguments, stdin=content) == ""
    assert "1 person" in output.read_text()


def test_an_unknown_campaign_is_named_with_those_that_are_nearly_called_so(store: Path) -> None:
    """A page of noughts would look like an answer."""
    told = run(
        *("clickmap", "Spring sales", store / "mail.eml", "-c", store / "waypost.toml"), status=1
    )
    assert 'no campaign "Spring sales" is known; did you mean "Spring sale"?' in told


def test_a_message_of_another_campaign_says_so(store: Path) -> None:
    """Its links have what they did in the one that was asked about."""
    (store / "mail.eml").write_bytes(html_message(HTML, "X-Track-Campaign: Autumn"))
    text = drawn(store, "Spring sale", store / "mail.eml").get_text(" ")
    assert 'This message counts for another campaign, "Autumn"' in text


def test_a_message_as_somebody_received_it_is_drawn_as_well(store: Path) -> None:
    """What named its campaign is gone from its header, so nothing is said of that."""
    keyring = Keyring.load(store / "token.keys")
    held = Link(bytes(8), 1, 1, SENT_S, URL.format("a"))
    html = link(tracked_url("http://t.example.net", mint(keyring, held)), text="A")
    (store / "mail.eml").write_bytes(html_message(html))
    text = drawn(store, "Spring sale", store / "mail.eml").get_text(" ")
    assert "Somebody received this message" in text
    assert "another campaign" not in text
    assert URL.format("a") in text.partition("not in this message")[0]


def test_a_message_that_is_not_tracked_says_why(store: Path) -> None:
    """All links of the campaign are elsewhere then."""
    (store / "mail.eml").write_bytes(html_message(HTML, "X-Track-Links: off"))
    text = drawn(store, "Spring sale", store / "mail.eml").get_text(" ")
    assert "No link of this message is tracked: a header of the message switches" in text


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "no message"), (b"Subject: Hi\r\n\r\nHi\r\n", "no HTML")]
)
def test_what_cannot_be_drawn_ends_with_a_line(store: Path, content: bytes, why: str) -> None:
    """Which names the file."""
    (store / "mail.eml").write_bytes(content)
    arguments = ("clickmap", "Spring sale", store / "mail.eml", "-c", store / "waypost.toml")
    told = run(*arguments, status=1)
    assert "mail.eml: " in told
    assert why in told


def test_a_page_that_cannot_be_written_says_so(store: Path) -> None:
    """And why."""
    arguments = ("clickmap", "Spring sale", store / "mail.eml", "-c", store / "waypost.toml")
    told = run(*arguments, "-o", store / "missing" / "map.html", status=1)
    assert "No such file or directory" in told


def test_nothing_is_stored(store: Path) -> None:
    """Beside what the store has anyway."""
    run("report", "-c", store / "waypost.toml")
    before = {path.name for path in store.rglob("*")}
    drawn(store, "Spring sale", store / "mail.eml")
    assert {path.name for path in store.rglob("*")} == before
