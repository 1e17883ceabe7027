"""Has an earlier version make an installation, to be kept as `tests/e2e/operations/earlier/NAME`.

    git archive --prefix=earlier/ COMMIT | tar x -C /tmp
    python -m tests.support.earlier_making COMMIT /tmp/earlier NAME

Not run by tests: what it made is.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import smtplib
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller

from tests.support.clients.programs import free_port, wait_until_listening
from tests.support.earlier_installations import FACTS, FOLDER, STORE, Facts, fields
from tests.support.readers.readers import follow, tracked
from tests.support.stack import CONFIG, Mailbox, Stack
from tests.support.waiting import until

RUN = "import waypost; waypost.main()"
SHORT = "https://example.net/short"


@dataclass
class Making:
    """A version at work: its `code`, and the installation that comes to be."""

    code: Path
    stack: Stack
    mailbox: Mailbox
    links: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str | Path) -> str:
        """Run one of its commands; return what it printed."""
        command = [sys.executable, "-c", RUN, *map(str, arguments)]
        return subprocess.run(
            command,
            env=self.env(),
            cwd=self.stack.folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def env(self) -> dict[str, str]:
        """Return the environment in which its code is found."""
        return {**os.environ, "PYTHONPATH": str(self.code)}

    @contextlib.contextmanager
    def serving(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run `waypost serve`, and everything that it starts, until it is killed at the end."""
        command = [sys.executable, "-c", RUN, "serve", "-c", str(self.stack.config)]
        with self.stack.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                env=self.env(),
                cwd=self.stack.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait_until_listening(self.stack.smtp, process)
            wait_until_listening(self.stack.http, process)
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def send_and_click(self, number: int) -> None:
        """Send a message with two links to somebody, and click the first."""
        mail = EmailMessage()
        mail["From"], mail["To"] = "shop@example.com", f"reader{number}@example.net"
        mail["Subject"], mail["X-Track-Campaign"] = f"News {number}", "news"
        mail["Date"], mail["Message-ID"] = formatdate(), f"<{number}@shop.example>"
        destinations = [f"https://example.net/{number}/{each}?a=1&b=2" for each in ("one", "two")]
        anchors = "".join(f'<a href="{each.replace("&", "&amp;")}">go</a>' for each in destinations)
        mail.set_content(f"<p>{anchors}</p>", subtype="html")
        with smtplib.SMTP("127.0.0.1", self.stack.smtp) as client:
            client.send_message(mail)
        urls = tracked(html_of(self.mailbox.wait_for(number)[-1]))
        self.links |= {urlsplit(url).path: to for url, to in zip(urls, destinations, strict=True)}
        assert follow(urls[0]) == destinations[0]

    def counted(self) -> tuple[int, int]:
        """Return how many messages and clicks its report has."""
        totals = json.loads(self.run("report", "-c", self.stack.config, "--json"))["totals"]
        return totals["messages"], totals["clicks"]["all"]


def html_of(content: bytes) -> bytes:
    """Return the body of a message, decoded."""
    body = message_from_bytes(content).get_payload(decode=True)
    assert isinstance(body, bytes)
    return body


def make(commit: str, code: Path, name: str) -> None:
    """Have the version in `code` make the installation `name`."""
    with tempfile.TemporaryDirectory() as place:
        making = Making(code, Stack(Path(place) / "waypost", relay=free_port()), Mailbox())
        making.stack.folder.mkdir()
        relay = Controller(making.mailbox, hostname="127.0.0.1", port=making.stack.relay)
        relay.start()
        try:
            found = live(making, commit)
        finally:
            relay.stop()
        keep(making.stack, found, FOLDER / name)


def live(making: Making, commit: str) -> Facts:
    """Live through what is told above; return what is known of it."""
    stack = making.stack
    making.run("init", stack.folder / "made", "--domain", "example.com")
    for each in ("token.keys", "dkim.pem"):
        (stack.folder / "made" / each).rename(stack.folder / each)
    shutil.rmtree(stack.folder / "made")
    stack.config.write_text(CONFIG.format_map({**fields(stack), "proxy": "", "tracking": ""}))
    with contextlib.ExitStack() as until_killed, making.serving():
        making.send_and_click(1)
        making.send_and_click(2)
        until(lambda: making.counted() == (2, 2))
        withdrawn = tuple(making.links)[:2]  # of the first message
        url = f"http://127.0.0.1:{stack.http}{withdrawn[0]}"
        making.run("revoke", "message", url, "-c", stack.config)
        short = making.run("link", SHORT, "--short", "-c", stack.config).strip()
        making.run("consent", "reader2@example.net", "none", "-c", stack.config)
        time.sleep(2)  # the services read what was said, and write their copies
        other = sqlite3.connect(stack.database, isolation_level=None)
        until_killed.callback(other.close)
        other.execute("BEGIN EXCLUSIVE")
        making.send_and_click(3)
    return Facts(
        commit=commit,
        links=making.links,
        withdrawn=withdrawn,
        short=urlsplit(short).path,
        short_leads_to=SHORT,
        messages=4,  # a short link is one
        clicks=3,
        without_consent="reader2@example.net",
    )


def keep(stack: Stack, found: Facts, folder: Path) -> None:
    """Keep an installation as text."""
    folder.mkdir(parents=True)
    text = CONFIG.replace("{proxy}\n", "").replace("{tracking}\n", "")
    (folder / stack.config.name).write_text(text)
    (folder / FACTS).write_text(json.dumps(asdict(found), indent=1) + "\n")
    (folder / f"{STORE}.sql").write_text(dumped(stack.database))
    kept = [stack.folder / "token.keys"]
    kept += [each for each in stack.folder.glob(f"{STORE}.*") if is_kept(each)]
    kept += (stack.folder / f"{STORE}.spool").glob("*.log")
    for each in kept:
        place = folder / each.relative_to(stack.folder)
        place.parent.mkdir(exist_ok=True)
        shutil.copyfile(each, place)


def is_kept(path: Path) -> bool:
    """Return whether a file beside the store tells what somebody said, and is no copy."""
    return path.is_file() and path.suffix.lstrip(".") in {
        "overrides",
        "consents",
        "shortlinks",
        "known",
    }


def dumped(database: Path) -> str:
    """Return a store as SQL, with the marks of its header."""
    with contextlib.closing(sqlite3.connect(database)) as conn:
        marks = ("application_id", "user_version")
        values = [(each, conn.execute(f"PRAGMA {each}").fetchone()[0]) for each in marks]
        return "".join(
            [
                *(f"{line}\n" for line in conn.iterdump()),
                *(f"PRAGMA {k} = {v};\n" for k, v in values),
            ]
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("code", type=Path)
    parser.add_argument("name")
    asked = parser.parse_args()
    make(asked.commit, asked.code.resolve(), asked.name)
