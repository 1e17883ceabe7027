"""What a client hears for everything that a relay may do, at every step: docs/relay.md comes from here.

`python -m tests.support.checks.fidelity` writes the page, from real sessions between a client, the proxy and
a scripted relay; a test plays them again and compares. What differs from the relay itself follows, as
`differences` lists it.
"""

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path

import structlog
from structlog.testing import capture_logs

from config.telemetry.observe import DELIVERY_IN_DOUBT
from proxy.smtp.replies import Reply
from tests.support.checks.differences import DIFFERENCES
from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.repository import DOCS
from tests.support.session_fixtures import Proxy, StartProxy, proxies

PAGE = DOCS / "relay.md"
WORDS = b"4.9.9 words of the relay's"
MESSAGE = b"From: a@example.com\r\n\r\nbody\r\n"
PATIENCE_S = 0.3
TIMEOUTS = dict.fromkeys(("connect_timeout", "command_timeout", "data_timeout"), f"{PATIENCE_S}s")

STEPS = ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT", "RSET")
BEHAVIOURS = {
    "says 2xx": Step(b"259 " + WORDS + b"\r\n"),
    "says 3xx": Step(b"359 " + WORDS + b"\r\n"),
    "says 4xx": Step(b"459 " + WORDS + b"\r\n"),
    "says 5xx": Step(b"559 " + WORDS + b"\r\n"),
    "says 421 and closes": Step(b"421 " + WORDS + b"\r\n", then="close"),
    "says what is no reply": Step(b"no reply of RFC 5321\r\n"),
    "breaks off amid a reply": Step(b"250-" + WORDS + b"\r\n25", then="close"),
    "closes": Step(then="close"),
    "closes its half": Step(then="half-close"),
    "resets the connection": Step(then="reset"),
    "says nothing in time": Step(delay_s=3 * PATIENCE_S),
}
HEAD = """\
# What a client hears of its relay

Each cell is a real session, played by `tests/support/checks/fidelity.py` against a relay that does what the row
says at the step of the column, every time it comes there. `as it came`: the relay's own words, all
lines of them. Everything else is a reply of ours, and the client keeps its mail (RFC 5321 §4.5.4.1). A
relay session that was lost before the message went out is replaced once, unnoticed, if the next one
holds; here none does.

`(twice?)`: the relay may have taken the message, so that the next try delivers it twice
(RFC 1047); the log says `delivery_in_doubt`. In all other cells nothing is delivered but where the relay
said 2xx at the dot. RSET changes nothing at a relay that has gone, so the client hears 250.

DATA is answered 354 by us; what the relay says to its own DATA arrives at the client's dot. A 2xx to a
greeting or EHLO (other than 220 and 250) is as good as none.

"""

ELSE = """
## What differs from the relay itself

Dialogues are said to a Postfix, and to the same Postfix through Waypost
(`tests/e2e/session/test_like_its_relay.py`): in order and out of order, in groups and in pieces, as many programs
are used to. Codes, enhanced codes, their number, whether the session goes on, and the mail that comes of
it are the same, but for these:

"""
BEYOND = """
Beyond replies:

- EHLO offers PIPELINING, STARTTLS where Waypost has a certificate, and of what the relay offers 8BITMIME,
  SMTPUTF8, DSN, ENHANCEDSTATUSCODES, DELIVERBY, FUTURERELEASE, MT-PRIORITY, LIMITS, AUTH without
  mechanisms that look at the connection, and SIZE, less what tracking may add. Nothing else, such as
  CHUNKING. After STARTTLS, EHLO is due again (RFC 3207 §4.2).
- The relay's client is Waypost: its `Received` names Waypost, with ESMTP also where HELO was said, and its
  rules for names, addresses and rates of clients meet Waypost. Whoever is not trusted has to log in.
- When the relay ends the session of a client that has logged in, the client hears 421 4.4.1 at its next
  command but QUIT, or once it is silent for a second, and its session ends. Who has not logged in notices
  nothing: the next command gets a fresh relay session. While a client takes its time over a message, the
  relay hears NOOP once a minute.
- After three logins that the relay refused, a session hears 421 4.7.0 at its next command but QUIT, or once
  it is silent for a second; so does the next login of an address of which ten were refused within a
  minute, in whichever sessions. The relay is not asked then ([operations.md](operations.md#passwords-that-are-tried)).
"""


async def heard(step: str, client: Dialogue) -> Reply:
    """Bring a session to `step`, and give the reply that the client hears there."""
    await client.reply()
    reply = await client.ask(b"EHLO client.test")
    for name, line in (
        ("MAIL", b"MAIL FROM:<a@example.com>"),
        ("RCPT", b"RCPT TO:<b@example.net>"),
    ):
        if not reply.positive or step in {"GREETING", "EHLO"}:
            return reply
        reply = await client.ask(line)
        if step == name:
            return reply
    return await (client.ask(b"RSET") if step == "RSET" else client.message(MESSAGE))


async def cell(step: str, behaviour: Step, proxy: Proxy, relay: ScriptedRelay) -> str:
    """Play one session and tell what the client heard."""
    relay.script = {step: behaviour, "HELO": behaviour} if step == "EHLO" else {step: behaviour}
    client = await proxy.dial(greet=False)
    with capture_logs() as logged:
        reply = await heard(step, client)
    await client.close()
    in_doubt = any(line["event"] == DELIVERY_IN_DOUBT.name for line in logged)
    told = "as it came" if reply.lines == (WORDS,) else f"{reply.code} {reply.enhanced}"
    return f"{told} (twice?)" if in_doubt else told


async def page(start_proxy: StartProxy, relay: ScriptedRelay) -> str:
    """Play all sessions and give the page."""
    proxy = await start_proxy(relay=TIMEOUTS)
    rows = [("The relay…", *STEPS), ("---",) * (len(STEPS) + 1)]
    for name, behaviour in BEHAVIOURS.items():
        cells = [await cell(step, behaviour, proxy, relay) for step in STEPS]
        rows.append((name, *cells))
    return HEAD + _table(rows) + ELSE + _table(_differences()) + BEYOND


def _differences() -> list[tuple[str, ...]]:
    rows = [("The client says…", "Postfix", "Waypost", "Because"), ("---",) * 4]
    for each in DIFFERENCES:
        replies = (", ".join(said).replace("*", "…") for said in (each.direct, each.through))
        rows.append((each.what, *replies, each.why))
    return rows


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


async def main() -> None:
    """Write the page."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory() as folder:
        async with ScriptedRelay().listening() as relay, proxies(Path(folder), relay) as start:
            PAGE.write_text(await page(start, relay), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
