"""`waypost demo`: the whole thing, in a temporary folder, with a built-in inbox as the relay.

Owns: the sample messages, the inbox, and what the demo prints.
Does not own: serving (`waypost_serve`), or what becomes of the mail (`proxy`) and the clicks
(`tracker`).
"""

import asyncio
import contextlib
import email
import http.client
import re
import signal
import smtplib
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click
import dkim
import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session
from bs4 import BeautifulSoup

from config.cli.console import Console, cell
from config.keys import dkim_keys, token_keys
from config.loading.load import load
from config.schema import Config
from config.telemetry import observe
from tracker.cli import printing
from tracker.cli.common import current_store, keyring_of
from tracker.minting.lookup import token_in
from tracker.reports import summary
from tracker.tokens import Keyring, read
from waypost_serve import run_together

DOMAIN = "example.com"
SELECTOR = "waypost1"
READY_WITHIN_S = 20.0
INBOX_LOOK_EVERY_S = 0.5
TRACKED = re.compile(r"/c/[A-Za-z0-9_-]+$")

CONFIG = """\
[proxy]
listen = ["127.0.0.1:{smtp}"]
[relay]
host = "127.0.0.1"
port = {inbox}
tls = "none"
[tracking]
base_url = "http://127.0.0.1:{http}"
[tracker]
listen = ["127.0.0.1:{http}"]
admin_listen = ["127.0.0.1:{admin}"]
[store]
url = "sqlite:///{folder}/waypost.db"
[keys]
file = "{folder}/token.keys"
[log]
level = "warning"
[[sender]]
domain = "{domain}"
[[sender.dkim]]
selector = "{selector}"
key_file = "{folder}/dkim.pem"
[clicks.points]
early = 0  # who tries the demo clicks at once
"""

RECEIPT = """\
<p>Thank you for your order.</p>
<p><a href="https://shop.example.com/orders/1042?ref=mail&amp;copy=1">Your order</a> is on its way.
<a href="https://shop.example.com/help#returns">Returns</a> are free.
<a class="untracked" href="https://shop.example.com/account">Your account</a> is not tracked,
and neither is <a href="mailto:shop@example.com">our address</a>.</p>
"""

NEWSLETTER = """\
<h1>New this week</h1>
<p><a href="https://www.example.com/news/une-journ%C3%A9e?utm_source=mail">Read the article</a></p>
<p><a href="https://www.example.com/sale">À ne pas manquer: the sale</a></p>
"""


@dataclass
class Inbox:
    """The relay of the demo: takes every message, and keeps it in memory."""

    messages: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep what came, as it came."""
        self.messages.append(bytes(envelope.original_content or b""))
        return "250 2.0.0 In the inbox"


def sample(subject: str, to: str, html: str, transfer_encoding: str) -> EmailMessage:
    """Build a multipart message as an application would."""
    message = EmailMessage()
    message["From"] = f"shop@{DOMAIN}"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=DOMAIN)
    message.set_content("This message is best read as HTML.\n")
    message.add_alternative(html, subtype="html", cte=transfer_encoding)
    return message


def samples() -> list[EmailMessage]:
    """Return the two messages that the demo sends itself."""
    return [
        sample("Your order 1042", "customer@example.net", RECEIPT, "quoted-printable"),
        sample("New this week", "subscriber@example.org", NEWSLETTER, "base64"),
    ]


def free_port(preferred: int) -> int:
    """Return `preferred` if nobody listens there, else any free port of the loopback."""
    for port in (preferred, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise click.ClickException("no free port on 127.0.0.1")


def set_up(folder: Path, inbox_port: int) -> Config:
    """Write keys and a configuration into `folder`, as `waypost init` would; return the latter."""
    token_keys.write_token_keys(folder / "token.keys", [token_keys.new_token_key()])
    dkim_keys.write_dkim_key(folder / "dkim.pem")
    text = CONFIG.format(
        folder=folder,
        domain=DOMAIN,
        selector=SELECTOR,
        inbox=inbox_port,
        smtp=free_port(2525),
        http=free_port(8080),
        admin=free_port(8081),
    )
    (folder / "waypost.toml").write_text(text)
    return load(folder / "waypost.toml")


@contextlib.asynccontextmanager
async def listening(inbox: Inbox) -> AsyncIterator[int]:
    """Serve `inbox` over SMTP while the block runs; yields its port on the loopback."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(inbox, hostname="inbox.demo.test", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def running(config: Config, stop: asyncio.Event) -> AsyncIterator[None]:
    """Serve proxy and tracker until the block ends, or `stop` is set."""
    ready = asyncio.Event()
    serving = asyncio.create_task(run_together(config, stop=stop, on_ready=ready.set))
    starting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait(
            {serving, starting}, timeout=READY_WITHIN_S, return_when=asyncio.FIRST_COMPLETED
        )
        if serving.done():
            await serving
        if not ready.is_set():
            raise click.ClickException(f"Waypost did not come up within {READY_WITHIN_S:.0f} s")
        yield
    finally:
        stop.set()
        starting.cancel()
        await serving


def send(config: Config, message: EmailMessage) -> None:
    """Hand a message to the proxy, as any application would."""
    address = config.proxy.listen[0]
    with smtplib.SMTP(address.host, address.port) as client:
        client.send_message(message)


def tracked_links(content: bytes) -> list[tuple[str, str]]:
    """Return (text, href) of each tracked link of a received message."""
    message = email.message_from_bytes(content, policy=policy.default)
    body = message.get_body(("html",))
    html = str(body.get_content()) if body is not None else ""
    anchors = BeautifulSoup(html, "html.parser").find_all("a", href=TRACKED)
    return [(anchor.get_text(" ", strip=True), str(anchor["href"])) for anchor in anchors]


BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html",
    "Accept-Language": "en",
}
"""What a reader's browser sends: without it, a click is taken for a machine's."""


def click_link(url: str) -> str:
    """Request a tracked link; return where the reader would go next."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", parts.path, headers=BROWSER)
        return connection.getresponse().headers["Location"]


def show_received(console: Console, content: bytes, record: str, keyring: Keyring) -> None:
    """Print what came out of the proxy: signature, links, and where these lead.

    The first is clicked. Who clicks them all at once would be taken for a mail filter.
    """
    message = email.message_from_bytes(content, policy=policy.default)
    valid = dkim.verify(content, dnsfunc=lambda *_args, **_kwargs: record.encode())
    say = partial(console.print, highlight=False, soft_wrap=True)
    say()
    say(cell(str(message["Subject"]), "bold"), cell(f"to {message['To']}"), sep=", ")
    say(f"  its DKIM signature is {'valid' if valid else '[red]not valid[/red]'}")
    for number, (text, href) in enumerate(tracked_links(content)):
        say(" ", cell(text, "bold"), cell(href))
        if number == 0:
            say("    clicked; it leads to", cell(click_link(href)))
        else:
            say("    leads to", cell(read(keyring, token_in(href)).destination))


async def show(console: Console, config: Config, inbox: Inbox, folder: Path) -> None:
    """Send the samples, click what they hold, print the report."""
    for message in samples():
        await asyncio.to_thread(send, config, message)
    record = dkim_keys.dkim_record((folder / "dkim.pem").read_bytes())
    keyring = keyring_of(config)
    for content in inbox.messages:
        await asyncio.to_thread(show_received, console, content, record, keyring)
    console.print()
    await asyncio.to_thread(show_report, console, config)


def show_report(console: Console, config: Config) -> None:
    """Print the tables of `waypost report`."""
    with current_store(config) as db:
        printing.tables(summary.report(db), console)


async def stay(console: Console, config: Config, inbox: Inbox, stop: asyncio.Event) -> None:
    """Print what to point an application at, and each message that arrives, until `stop`."""
    console.print(
        f"\nPoint an application at [bold]{config.proxy.listen[0]}[/bold] (SMTP, no password), with "
        f"a sender of [bold]{DOMAIN}[/bold].\nIts mail ends here, in a built-in inbox; its links "
        "work until you press Ctrl-C."
    )
    shown = len(inbox.messages)
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), INBOX_LOOK_EVERY_S)
        for content in inbox.messages[shown:]:
            show_arrival(console, content)
        shown = len(inbox.messages)


def show_arrival(console: Console, content: bytes) -> None:
    """Print one message that somebody sent to the demo, and its tracked links."""
    message = email.message_from_bytes(content, policy=policy.default)
    say = partial(console.print, highlight=False, soft_wrap=True)
    say("\n[bold]Received:[/bold]", cell(str(message["Subject"])))
    for text, href in tracked_links(content):
        say(" ", cell(f"{text}:"), cell(href))


async def run(*, once: bool) -> None:
    """Run the demo in a folder that is removed afterwards; until Ctrl-C, unless `once`."""
    console, inbox, stop = Console(), Inbox(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="waypost-demo-") as name:
        folder = Path(name)
        async with listening(inbox) as inbox_port:
            config = set_up(folder, inbox_port)
            observe.configure(config.log.level, config.log.format)
            async with running(config, stop):
                await show(console, config, inbox, folder)
                if not once:
                    await stay(console, config, inbox, stop)


@click.command()
@click.option("--once", is_flag=True, help="End after the sample messages, for scripts.")
def demo(*, once: bool) -> None:
    """Show the whole thing: a temporary Waypost that sends itself mail."""
    uvloop.run(run(once=once))
