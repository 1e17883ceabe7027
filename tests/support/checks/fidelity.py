"""What a client hears for everything that a relay may do, at every step: docs/relay.md comes from here.

`python -m tests.support.checks.fidelity` writes the page, from real sessions between a client, the proxy and
a scripted relay; a test plays them again and compares. What differs from the relay itself follows, as
`differences` lists it.
"""

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path

import trustme

from config.telemetry.observe import DELIVERY_IN_DOUBT
from proxy.relay.capability_cache import CapabilityCache
from proxy.smtp.replies import Reply
from tests.support.checks.differences import DIFFERENCES
from tests.support.clients.smtp_client import Dialogue
from tests.support.clients.strangers import behind_balancer, come_as
from tests.support.log_lines import capture_logs
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay, Step
from tests.support.repository import DOCS
from tests.support.session_fixtures import Proxy, StartProxy, proxies

PAGE = DOCS / "relay.md"
WORDS = b"4.9.9 words of the relay's"
MESSAGE = b"From: a@example.com\r\n\r\nbody\r\n"
PATIENCE_S = 0.3
TIMEOUTS = dict.fromkeys(("connect_timeout", "command_timeout", "data_timeout"), f"{PATIENCE_S}s")

STEPS = ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT", "RSET")
STRANGERS_STEPS = (
    "GREETING",
    "EHLO",
    "GREETING, remembered",
    "EHLO, remembered",
    "AUTH",
    *STEPS[2:],
)
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

What a relay could do to you, and who stands between it and Waypost, is told in
[security.md](security.md#the-relay-and-the-way-to-it).

"""

STRANGERS = """
## Of a client that has to log in

Whoever is trusted by address (this machine, `[proxy] trusted_networks`, or by a mail server of
`xclient_networks`) gets a relay session at EHLO: that is the table above. Everybody else gets one to log
in with, and keeps it once the relay has said 235. Their EHLO is answered by what the relay was last seen
to offer, within a minute; where nothing was seen, or it could not be reached since, by one probe for all
who wait. So a relay that fails at GREETING or EHLO is heard of at the client's EHLO, or (`remembered`) at
its AUTH, where 421 ends the session just as well. MAIL to RSET are after a login, which is lost with the
relay session: after its 451, and in place of a 250 to RSET, the client hears 421 4.4.1 at its next
command.

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

- EHLO offers PIPELINING, STARTTLS where Waypost has a certificate and no load balancer has ended TLS, and
  of what the relay offers 8BITMIME,
  SMTPUTF8, DSN, ENHANCEDSTATUSCODES, DELIVERBY, FUTURERELEASE, MT-PRIORITY, LIMITS, AUTH without
  mechanisms that look at the connection, and SIZE, less what tracking may add. Nothing else, such as
  CHUNKING. After STARTTLS, EHLO is due again (RFC 3207 §4.2).
- The relay's client is Waypost: its `Received` names Waypost, with ESMTP also where HELO was said, and its
  rules for names, addresses and rates of clients meet Waypost. Whoever is not trusted has to log in.
- What was offered from memory, and this relay session does not offer: a parameter of MAIL or RCPT hears
  451 4.3.3, a mechanism of AUTH 454 4.7.0, and EHLO tells what the relay offers by then. Nothing is passed
  on without it. Where `[relay] max_logins` others are logging in, AUTH waits for up to half a minute, and
  then hears 454 4.7.0. After a login that failed, or stands still for 30 s, no relay session is held.
- When the relay ends the session of a client that has logged in, the client hears 421 4.4.1 at its next
  command but QUIT, or once it is silent for a second, and its session ends. Who has not logged in notices
  nothing: the next command gets a fresh relay session. While a client takes its time over a message, the
  relay hears NOOP once a minute.
- After three logins that the relay refused, a session hears 421 4.7.0 at its next command but QUIT, or once
  it is silent for a second; so does the next login of an address of which ten were refused within a
  minute, in whichever sessions. The relay is not asked then ([operations.md](operations.md#passwords-that-are-tried)).
"""


async def heard(step: str, client: Dialogue, *, login: bool = False) -> Reply:
    """Bring a session to `step`, and give the reply that the client hears there."""
    await client.reply()
    reply = await client.ask(b"EHLO client.test")
    for name, line in (
        *((("AUTH", b"AUTH PLAIN AGEAYg=="),) if login else ()),
        ("MAIL", b"MAIL FROM:<a@example.com>"),
        ("RCPT", b"RCPT TO:<b@example.net>"),
    ):
        if not reply.positive or (step in {"GREETING", "EHLO"} and name == "MAIL"):
            return reply
        reply = await client.ask(line)
        if step == name:
            return reply
    return await (client.ask(b"RSET") if step == "RSET" else client.message(MESSAGE))


async def cell(step: str, behaviour: Step, proxy: Proxy, relay: ScriptedRelay) -> str:
    """Play one session and tell what the client heard."""
    relay.script = _script(step, behaviour)
    return await _told(step, await proxy.dial(greet=False))


async def strangers_cell(
    column: str, behaviour: Step, client: Dialogue, cache: CapabilityCache, relay: ScriptedRelay
) -> str:
    """Play one session of a client that has to log in, and tell what it heard."""
    step, _, remembered = column.partition(", ")
    cache.forget()
    relay.script = {}
    if remembered or step not in {"GREETING", "EHLO"}:
        await cache.get()
    relay.script = _script(step, behaviour)
    return await _told(step, client, login=True)


def _script(step: str, behaviour: Step) -> dict[str, Step | list[Step]]:
    return {step: behaviour, "HELO": behaviour} if step == "EHLO" else {step: behaviour}


async def _told(step: str, client: Dialogue, *, login: bool = False) -> str:
    with capture_logs() as logged:
        reply = await heard(step, client, login=login)
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
    strangers = await _strangers(start_proxy, relay)
    parts = (HEAD, _table(rows), STRANGERS, strangers, ELSE, _table(_differences()), BEYOND)
    return "".join(parts)


async def _strangers(start_proxy: StartProxy, relay: ScriptedRelay) -> str:
    """Play all sessions of clients that have to log in; return the table."""
    relay.extensions = (*EXTENSIONS, "AUTH PLAIN")
    authority = trustme.CA()
    with tempfile.TemporaryDirectory() as folder:
        issued = authority.issue_cert("proxy.test")
        issued.private_key_and_cert_chain_pem.write_to_path(f"{folder}/proxy.pem")
        proxy = await start_proxy(relay=TIMEOUTS, proxy=behind_balancer(Path(folder)))
    cache = proxy.server.services.relays.all[0].capability_cache
    rows = [("The relay…", *STRANGERS_STEPS), ("---",) * (len(STRANGERS_STEPS) + 1)]
    for name, behaviour in BEHAVIOURS.items():
        cells = []
        for number, column in enumerate(STRANGERS_STEPS):  # each from an address of its own
            address = f"203.0.113.{number}"
            client = await come_as(proxy, address, authority=authority, greet=False)
            cells.append(await strangers_cell(column, behaviour, client, cache, relay))
        rows.append((name, *cells))
    return _table(rows)


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
    with capture_logs(), tempfile.TemporaryDirectory() as folder:
        async with ScriptedRelay().listening() as relay, proxies(Path(folder), relay) as start:
            PAGE.write_text(await page(start, relay), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
