"""`waypost demo`, which is what `make run` shows."""

import re
import shlex
import signal
import smtplib
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.support.clients.programs import WAYPOST, stop
from tracker.pages.rendering.page import NAVIGATION


def wait_for(log: Path, text: str, within_s: float = 100) -> str:
    """Return what the demo has printed, once it holds `text`."""
    deadline = time.monotonic() + within_s
    while text not in (printed := log.read_text()):
        assert time.monotonic() < deadline, printed
        time.sleep(0.1)
    return printed


@dataclass(frozen=True)
class Running:
    """A demo that runs, and what it has printed."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def printed(self) -> str:
        """What was printed so far."""
        return self.log.read_text()

    def send(self, recipient: str, html: str, header: dict[str, str] | None = None) -> None:
        """Send it a message, as any application would."""
        found = re.search(r"Point an application at 127\.0\.0\.1:(\d+)", self.printed)
        assert found
        message = EmailMessage()
        message["From"], message["To"] = "shop@example.com", recipient
        for name, value in (header or {}).items():
            message[name] = value
        message.set_content(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", int(found[1]), timeout=20) as client:
            client.send_message(message)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the demo, which ends well at Ctrl-C, and leaves nothing behind."""
    log = tmp_path_factory.mktemp("demo") / "demo.log"
    with log.open("w") as output:
        process = subprocess.Popen([WAYPOST, "demo"], stdout=output, stderr=subprocess.STDOUT)
    try:
        folder = re.search(r"/\S*/waypost-demo-\w+", wait_for(log, "Ctrl-C"))
        assert folder
        yield Running(process, log)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert not Path(folder[0]).exists()
    finally:
        stop(process)


def fetched(url: str) -> str:
    """Return a page."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        text: str = answer.read().decode()
    return text


def test_demo_ends_well_for_scripts_and_complains_of_nothing() -> None:
    """Exit status 0, and nothing on standard error."""
    once = subprocess.run(
        [WAYPOST, "demo", "--once"], capture_output=True, text=True, check=False, timeout=110
    )
    assert (once.returncode, once.stderr) == (0, "")
    assert "The same on the command line" in once.stdout


def test_the_address_of_the_page_is_printed_first(demo: Running) -> None:
    """All else is there."""
    assert re.match(r"Open http://127\.0\.0\.1:\d+/ in a browser", demo.printed)


def pages(origin: str) -> dict[str, str]:
    """Return a page of each kind that the first one leads to, however far, by its path."""
    found: dict[str, str] = {}
    kinds: set[tuple[str, ...]] = set()
    todo = ["/"]
    while todo:
        path = todo.pop(0)
        found[path] = fetched(origin + path)
        for href in re.findall(r'href="(/[^"?#]*)"', found[path]):
            kind = (*href.split("/")[1:2], str(href.count("/")))
            if kind not in kinds and "." not in href and not href.startswith(("/api", "/log")):
                kinds.add(kind)
                todo.append(href)
    return found


def test_every_page_is_full(demo: Running) -> None:
    """Whoever opens it finds campaigns, links, people, messages and clicks, and no empty place."""
    origin = re.search(r"http://127\.0\.0\.1:\d+", demo.printed)
    assert origin
    found = pages(origin[0])
    firsts = {path.split("/")[1] for path in found}
    assert {each.strip("/") for each, _ in NAVIGATION} | {"campaigns"} <= firsts
    assert "Weekly letter, week" in found["/"]
    for path, page in found.items():
        assert 'class="empty"' not in page, path
        assert page.count("<td") + page.count("<dd") > 2, path


def test_demo_shows_where_each_link_leads_and_that_its_mail_is_signed(demo: Running) -> None:
    """Tracked links are printed whole, with the destination that the author wrote."""
    assert len(re.findall(r" tracked: http://127\.0\.0\.1:\d+/c/[\w-]{40,}\n", demo.printed)) >= 5
    assert re.search(r"leads to http://localhost:\d+/orders/\d+\?ref=mail&copy=1\n", demo.printed)
    assert "account not tracked: untracked_class" in demo.printed
    assert demo.printed.count("its DKIM signature: valid") >= 2


def test_links_of_the_demo_lead_to_a_page_of_the_demo(demo: Running) -> None:
    """Nobody's site is asked; the click that this is has been counted on the way."""
    tracked = re.search(r" tracked: (http://\S+/c/\S+)", demo.printed)
    assert tracked
    assert "the page that the author of the mail linked to" in fetched(tracked[1])


def test_each_command_that_is_printed_can_be_pasted(demo: Running) -> None:
    """While the demo runs; each has an answer."""
    lines = [shlex.split(line) for line in re.findall(r"    (\S*waypost .* -c .*)", demo.printed)]
    assert {line[1] for line in lines} >= {"report", "clickers", "activity", "message", "explain"}
    for line in lines:
        ran = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
        assert (ran.returncode, ran.stderr) == (0, ""), line
        shown = Path(line[line.index("-o") + 1]).read_text() if "-o" in line else ran.stdout
        assert len(shown.splitlines()) > 2, line


def test_mail_that_one_sends_is_shown_with_each_link(demo: Running) -> None:
    """And with what became of it."""
    demo.send(
        "reader@example.net",
        '<a href="https://example.com/mine">Mine</a> <a data-track=false href="https://example.com/no">No</a>',
        {"Subject": "Mine [bold]"},
    )
    printed = wait_for(demo.log, "https://example.com/no not tracked: ")
    assert "Received: Mine [bold], to reader@example.net\n" in printed
    assert re.search(r"  Mine tracked: http://127\.0\.0\.1:\d+/c/", printed)


def test_mail_that_is_left_alone_says_why(demo: Running) -> None:
    """The header that asked for it is gone by then."""
    demo.send(
        "reader@example.net", '<a href="https://example.com/off">Off</a>', {"X-Track-Links": "off"}
    )
    printed = wait_for(demo.log, "https://example.com/off not tracked: tracking_off: ")
    assert "Off tracked: " not in printed


def test_a_refusal_can_be_tried(demo: Running) -> None:
    """The client hears the inbox's own words."""
    with pytest.raises(smtplib.SMTPDataError, match="Mailbox full"):
        demo.send("mailbox-full@example.net", "<a href='https://example.com/'>x</a>")
