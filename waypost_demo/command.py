"""`waypost demo`: the whole thing, in a temporary folder, with a built-in inbox as the relay.

Owns: the command, the order in which things happen, and live mail: what the demo sends itself, and what
others send to it.
Does not own: serving (`waypost_serve`), or the weeks before (`waypost_demo.history`).
"""

import asyncio
import contextlib
import http.client
import signal
import smtplib
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click
import uvloop

from config.cli.console import Console, cell
from config.schema import Config
from config.telemetry import observe
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.tokens import Keyring
from waypost_demo import commands, history, mailings, readers, received, site
from waypost_demo.inbox import Inbox, listening
from waypost_demo.links import tracked_links
from waypost_demo.mailings import Mailing
from waypost_demo.set_up import SHOP_DOMAIN, Demo, free_port, set_up
from waypost_serve import begin, opened, run_together

READY_WITHIN_S = 20.0
INBOX_LOOK_EVERY_S = 0.5
ANONYMOUS = readers.everybody()[4]
"""The reader whose clicks shall count without a name."""


@contextlib.asynccontextmanager
async def running(config: Config, stop: asyncio.Event) -> AsyncIterator[None]:
    """Serve proxy and tracker until the block ends, or `stop` is set."""
    ready = asyncio.Event()
    begun = begin(config, *opened(config))
    serving = asyncio.create_task(run_together(begun, stop=stop, on_ready=ready.set))
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


def samples(url: str) -> list[Mailing]:
    """Return the messages that the demo sends through its own proxy."""
    everybody, now = readers.everybody(), history.now()
    number = history.FIRST_ORDER + history.ORDERS
    return [
        mailings.order(url, everybody[6], now, number),
        mailings.invitation(url, everybody[13], now),
    ]


def send(config: Config, mailing: Mailing) -> None:
    """Hand a message to the proxy, as any application would."""
    address = config.proxy.listen[0]
    with smtplib.SMTP(address.host, address.port) as client:
        client.sendmail(mailing.sender, mailing.recipient, mailing.content)


def click_link(url: str) -> str:
    """Request a tracked link, as a reader's browser does; return where the reader would go next."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", parts.path, headers=readers.browser(readers.BROWSERS[4]))
        return connection.getresponse().headers["Location"]


async def show_past(demo: Demo, console: Console) -> None:
    """Write down the weeks before, and say how much that is."""
    files.record(demo.config.store.file, ANONYMOUS.address, Consent.ANONYMOUS)
    written = await asyncio.to_thread(history.write, demo, history.now())
    console.print(
        f"\n{history.WEEKS} weeks of mail are behind it: {written.messages} messages of "
        f"{len(written.campaigns)} campaigns to {len(written.readers)} readers at "
        f"{len(readers.DOMAINS)} domains, and {written.clicks} clicks, of people and of mail filters.",
        highlight=False,
        soft_wrap=True,
    )


async def show_live(demo: Demo, console: Console, inbox: Inbox, keyring: Keyring) -> None:
    """Send messages through the proxy, and show what comes out of it."""
    for number, mailing in enumerate(samples(demo.site), 1):
        (demo.folder / f"sent-{number}.eml").write_bytes(mailing.content)
        await asyncio.to_thread(send, demo.config, mailing)
    letter = mailings.letter(demo.site, readers.everybody()[2], history.last_nine(history.now()))
    (demo.folder / commands.LETTER).write_bytes(letter.content)
    for message in list(inbox.messages):
        await asyncio.to_thread(received.show, demo, console, message, keyring)


async def click_live(console: Console, inbox: Inbox) -> None:
    """Click the first link of each message that the demo sent itself.

    Who clicks them all at once would be taken for a mail filter.
    """
    console.print()
    for message in inbox.messages[: len(samples(""))]:
        text, href = tracked_links(message.content)[0]
        destination = await asyncio.to_thread(click_link, href)
        console.print(
            "Clicked", cell(text, "bold"), "which led to", cell(destination), soft_wrap=True
        )


async def stay(
    demo: Demo, console: Console, inbox: Inbox, keyring: Keyring, stop: asyncio.Event
) -> None:
    """Print what to point an application at, and each message that arrives, until `stop`."""
    console.print(
        f"\nPoint an application at [bold]{demo.config.proxy.listen[0]}[/bold] (SMTP, no password), "
        f"with a sender of [bold]{SHOP_DOMAIN}[/bold].\nIts mail ends here, in a built-in inbox, and "
        "is shown with each link; its links work until you press Ctrl-C.",
        highlight=False,
        soft_wrap=True,
    )
    shown = len(inbox.messages)
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), INBOX_LOOK_EVERY_S)
        arrived = inbox.messages[shown:]
        for message in arrived:
            await asyncio.to_thread(received.show, demo, console, message, keyring)
        shown += len(arrived)


async def run(*, once: bool) -> None:
    """Run the demo in a folder that is removed afterwards; until Ctrl-C, unless `once`."""
    console, inbox, stop = Console(), Inbox(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with (
        tempfile.TemporaryDirectory(prefix="waypost-demo-") as name,
        site.serving(free_port(8082)) as url,
    ):
        async with listening(inbox) as inbox_port:
            demo = set_up(Path(name), inbox_port, url)
            observe.configure(demo.config.log.level, demo.config.log.format)
            async with running(demo.config, stop):
                await _show(demo, console, inbox, stop, once=once)


async def _show(
    demo: Demo, console: Console, inbox: Inbox, stop: asyncio.Event, *, once: bool
) -> None:
    """Show the demo that runs, the address of its page first."""
    keyring = Keyring.load(demo.folder / "token.keys")
    say = partial(console.print, highlight=False, soft_wrap=True)
    say(f"Open [bold]{demo.page}[/bold] in a browser: all that follows is there.")
    await show_live(demo, console, inbox, keyring)  # first, so that the store knows what day it is
    await show_past(demo, console)
    await click_live(console, inbox)  # last, as the page shows what was counted last first
    say("\nThe same on the command line, while the demo runs:")
    for line, about in commands.lines(demo, inbox.messages):
        say(cell(f"  {about}:"))
        say(cell(f"    {line}", "bold"))
    if not once:
        await stay(demo, console, inbox, keyring, stop)


@click.command()
@click.option("--once", is_flag=True, help="End once everything was shown, for scripts.")
def demo(*, once: bool) -> None:
    """Show the whole thing: a temporary Waypost with weeks of mail, its page, and your own mail."""
    uvloop.run(run(once=once))
