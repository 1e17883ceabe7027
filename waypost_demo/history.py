"""The weeks behind the demo: mail that was sent and clicked before it started.

Owns: what was sent on which day, and writing down what proxy and tracker would have.
Does not own: the mail (`waypost_demo.mailings`), who reads it (`waypost_demo.readers`), or anything that
proxy and tracker do: links are made by `proxy.rewrite.transformer`, clicks seen by
`tracker.redirect.redirector`, and the store is fed by the ingester that runs.

Nothing of it passes the running proxy, which knows no moment but now. It follows from a seed, and from
the day on which the demo runs.
"""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from proxy.delivery.details import details
from proxy.delivery.outcomes import Handover
from proxy.delivery.tracking_events import accepted, refused
from proxy.policy.accounts import Submitter
from proxy.rewrite.submission import Outgoing, Submission
from proxy.rewrite.transformer import Transformer
from proxy.smtp.envelope import Transaction, parse_mail, parse_rcpt
from proxy.smtp.replies import Reply
from tracker.decisions.consents import Consents
from tracker.decisions.files import CONSENTS
from tracker.listener.http1 import Request
from tracker.redirect.redirector import Rules, clicked
from tracker.spool.writer import Spool
from tracker.tokens import PATH, Keyring, read
from waypost_demo import mailings, readers
from waypost_demo.inbox import FULL_REPLY, queued
from waypost_demo.mailings import Mailing
from waypost_demo.readers import Fetch, Reader
from waypost_demo.set_up import Demo

if TYPE_CHECKING:
    from tracker.events import Clicked, Outcome

SEED = 20_261
WEEKS = 9
"""Letters before this one; with thirty days as the period, both it and the one before are full."""
ORDERS = 90
FIRST_ORDER = 951
OPEN_DAYS = (12, 41)
"""How many days ago the club invited."""
CLIENT = Submitter(ip_address("127.0.0.1"))
GONE = 17
"""The reader whose mailbox is full."""
FIRST_QUEUE_ID = 0x3A10000
TOKEN = re.compile(rf"{PATH}([A-Za-z0-9_-]+)")
_MARGIN_S = 120
"""How long ago the last of it was: what happens while the demo starts is live."""


class Planned(NamedTuple):
    """A message to be sent at a moment, to whom, and how much it is liked as a whole.

    From `seed` follows what its reader makes of it, whatever time of the day it is.
    """

    at: datetime
    reader: Reader
    mailing: Mailing
    appeal: float
    seed: str


@dataclass(slots=True)
class Written:
    """How much was written down."""

    messages: int = 0
    clicks: int = 0
    readers: set[str] = field(default_factory=set)
    campaigns: set[str] = field(default_factory=set)


def plan(site: str, now: datetime, rng: Random) -> Iterator[Planned]:
    """Yield the mail of the last weeks, in no order."""
    everybody = readers.everybody()
    nine = last_nine(now) + timedelta(days=1)
    for week in range(WEEKS):
        at, appeal = nine - timedelta(days=1 + 7 * week), rng.uniform(0.8, 1.2)
        for reader in everybody:
            later = at + timedelta(seconds=1.5 * reader.number)
            yield Planned(
                later,
                reader,
                mailings.letter(site, reader, later),
                appeal,
                f"letter {week} {reader.number}",
            )
    for days in OPEN_DAYS:
        for reader in everybody[::2]:
            later = nine - timedelta(days=days, hours=-5, seconds=-2 * reader.number)
            yield Planned(
                later,
                reader,
                mailings.invitation(site, reader, later),
                0.9,
                f"open {days} {reader.number}",
            )
    for number in range(FIRST_ORDER, FIRST_ORDER + ORDERS):
        ago_s = (FIRST_ORDER + ORDERS - number - rng.random()) * WEEKS * 7 * 86_400 / ORDERS
        at = now - timedelta(seconds=ago_s + _MARGIN_S)
        reader = rng.choice(everybody)
        yield Planned(at, reader, mailings.order(site, reader, at, number), 2.0, f"order {number}")


def last_nine(now: datetime) -> datetime:
    """Return nine o'clock of the day before, when the last letter was sent."""
    return now.replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=1)


def write(demo: Demo, now: datetime) -> Written:
    """Write down all that happened until `now`; returns once it is on disk."""
    past = Past(demo)
    try:
        rng = Random(SEED)  # noqa: S311 - a demo that is alike each time
        mail = sorted(plan(demo.site, now, rng), key=lambda each: each.at)
        for planned in mail:
            if planned.at < now - timedelta(seconds=_MARGIN_S):
                past.happen(planned, (now - timedelta(seconds=_MARGIN_S)).timestamp())
    finally:
        past.close()
    return past.written


class Past:
    """Writes down what proxy and tracker would have, at moments that are over."""

    def __init__(self, demo: Demo) -> None:
        config = demo.config
        consents = Consents.from_records(CONSENTS.merged(config.store.file).records)
        self._keyring = Keyring.load(demo.folder / "token.keys")
        # Nobody keeps a copy of this mail, so nobody signs it: half of the work on it.
        self._transformer = Transformer(config, self._keyring, {}, consents=lambda: consents)
        self._rules = Rules.from_config(config)
        self._relay = str(config.relay.host)
        self._spool = Spool.open(config.store.spool_dir, "proxy")
        self._clicks: list[Clicked] = []
        self.written = Written()

    def close(self) -> None:
        """Have everything on disk: clicks as they were made, one after the other."""
        for click in sorted(self._clicks, key=lambda each: each.at_s):
            self._spool.append(click)
        self._spool.close()

    def happen(self, planned: Planned, until_s: float) -> None:
        """Send a message, and have its reader and mail filter do what they do, up to a moment."""
        outgoing = self._made(planned)
        if not self._sent(planned, outgoing) or outgoing.pending is None:
            return
        sent_s, liked = planned.at.timestamp(), planned.mailing.links
        rng = Random(f"{SEED} {planned.seed}")  # noqa: S311 - as above
        fetches = readers.fetches(rng, planned.reader, sent_s, liked, planned.appeal)
        tokens = self._tokens(outgoing.content) if fetches else {}
        numbers = {link.text: link.number for link in outgoing.pending.links}
        for fetch in fetches:
            if fetch.at_s < until_s:
                self._click(tokens[numbers[fetch.text]], fetch)

    def _made(self, planned: Planned) -> Outgoing:
        """Return what the relay got of a message."""
        mailing, at_s = planned.mailing, planned.at.timestamp()
        envelope = (mailing.sender.encode(), (mailing.recipient.encode(),))
        submission = Submission(*envelope, trusted=True, submitter=CLIENT)
        return self._transformer.prepare(mailing.content, submission, at_s).shared()

    def _sent(self, planned: Planned, outgoing: Outgoing) -> bool:
        """Write down that a message was sent; return whether the relay took it."""
        is_taken = planned.reader.number != GONE
        if (pending := outgoing.pending) is not None:
            self._spool.append(pending)
            self._spool.append(accepted(pending) if is_taken else refused(pending))
            self.written.campaigns.add(pending.campaign or "")
        self.written.messages += 1
        self.written.readers.add(planned.reader.address)
        queue_id = f"{FIRST_QUEUE_ID + self.written.messages * 37:X}"
        reply = _reply(queued(queue_id) if is_taken else FULL_REPLY)
        handover = Handover(_transaction(planned.mailing), CLIENT, self._relay, "full")
        outcome: Outcome = "delivered" if is_taken else "refused"
        told = (outcome, reply, outgoing, handover, None, planned.at.timestamp())
        self._spool.append(details(*told))
        return is_taken

    def _tokens(self, content: bytes) -> dict[int, str]:
        """Return the token of each tracked link of a message, by its number there."""
        tokens = TOKEN.findall(quopri.decodestring(content).decode("ascii", "replace"))
        return {read(self._keyring, token).number: token for token in tokens}

    def _click(self, token: str, fetch: Fetch) -> None:
        """Write down a request for a tracked link."""
        fields = [(name.encode(), value.encode()) for name, value in fetch.fields.items()]
        path = f"{PATH}{token}".encode()
        request = Request(fetch.method, path, b"", fields, fetch.address)
        link = read(self._keyring, token)
        self._clicks.append(clicked(request, link, self._rules, fetch.at_s))
        self.written.clicks += 1


def _transaction(mailing: Mailing) -> Transaction:
    """Return the envelope of a message."""
    mail = parse_mail(f"FROM:<{mailing.sender}>".encode(), ())
    transaction = Transaction(mail, mail.line)
    transaction.accept(parse_rcpt(f"TO:<{mailing.recipient}>".encode(), ()))
    return transaction


def _reply(text: str) -> Reply:
    code, _, rest = text.partition(" ")
    return Reply(int(code), (rest.encode(),))


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)
