"""`--send ADDRESS`: a message through the running proxy, followed until its click is counted.

Owns: the message, handing it in, and finding it again.
Does not own: what is tried of it then (`following`).

What went to the relay nobody keeps. But it is made of the message, its id and its second alone: so it
is made again, octet by octet, by the same code with the same keys.
"""

import smtplib
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from config.schema import Config
from proxy.policy.reasons import Untouched
from proxy.rewrite.submission import Fault, Submission
from proxy.rewrite.transformer import Transformer
from tracker.decisions.consents import Consents
from tracker.details import lookup
from tracker.details.lookup import Details
from tracker.ingest.catch_up import BRIEF_S, catch_up
from tracker.store import database
from tracker.store.keys import MessageKey
from waypost_doctor.findings import Kind, Result, Topic, found, ok
from waypost_doctor.installation.ports import near
from waypost_doctor.message import following
from waypost_doctor.message.arrived import tracked_links
from waypost_doctor.patient import Patient

CAMPAIGN = "waypost doctor"
"""Under which its click is counted, apart from all others."""
SMTP_S = 60.0
HEARD_WITHIN_S = 20.0
LOOK_EVERY_S = 0.2
REASONS = {each.value: each for each in Untouched}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, and whom it goes to."""

    sender: str
    recipient: str
    message_id: str
    content: bytes

    @classmethod
    def to(cls, recipient: str, sender: str) -> "Letter":
        """Return one with a link."""
        domain = sender.rpartition("@")[2]
        message = EmailMessage()
        message["From"], message["To"] = sender, recipient
        message["Subject"] = "Waypost doctor: a test"
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=domain)
        message["X-Track-Campaign"] = CAMPAIGN
        url = f"https://{domain}/"
        message.set_content(f"A test of Waypost, with a link: {url}\n")
        html = (
            f'<p>A test of Waypost, with <a data-url-params="false" href="{url}">a link</a>.</p>\n'
        )
        message.add_alternative(html, subtype="html")
        content = message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return cls(sender, recipient, message["Message-ID"], content)


def sender_of(config: Config) -> str:
    """Return whom a test message is from, unless somebody says so."""
    domain = config.sender[0].domain if config.sender else config.proxy.hostname or "localhost"
    return f"postmaster@{domain}"


def follow(patient: Patient, letter: Letter) -> Iterator[Result]:
    """Send a message, and yield what becomes of it."""
    began_s = int(time.time())
    try:
        _send(patient.config, letter)
    except (OSError, smtplib.SMTPException) as error:
        yield found(Kind.NOT_TAKEN, str(error))
        return
    yield ok(Topic.MESSAGE, f"the message to {letter.recipient} was taken: {letter.message_id}")
    heard = _heard(patient.config, letter, began_s)
    if heard is None:
        yield found(Kind.NOT_FOLLOWED, f"nothing of {letter.message_id} in {HEARD_WITHIN_S:g} s")
        return
    key, copy = heard
    if copy is not None and copy.untouched is not None:
        reason = REASONS[copy.untouched]
        yield found(Kind.NOT_TRACKED, f"{reason}: {reason.help}")
        return
    yield ok(Topic.MESSAGE, f"it is tracked, as message {key.text}")
    yield from _followed(patient, letter, key)


def _followed(patient: Patient, letter: Letter, key: MessageKey) -> Iterator[Result]:
    try:
        sent = as_sent(patient.config, letter, key)
    except Fault as error:
        yield found(Kind.NOT_TRACKED, f"{error.reason}: {error.reason.help}")
        return
    yield from following.signatures(patient, sent)
    for url in tracked_links(sent)[:1]:
        yield from following.click(patient, url)


def as_sent(config: Config, letter: Letter, key: MessageKey) -> bytes:
    """Return the octets of a message that went to the relay. Raises Fault."""
    submission = Submission(
        mail_from=letter.sender.encode(),
        rcpt_to=(letter.recipient.encode(),),
        trusted=True,
        message_id=bytes.fromhex(key.text),
    )
    made = Transformer.from_config(config, Consents)
    return made.prepare(letter.content, submission, float(key.sent_s)).shared().content


def _send(config: Config, letter: Letter) -> None:
    """Hand the message in, as a program on this machine; raises OSError and SMTPException."""
    proxy = config.proxy
    if proxy.listen:
        host, port = near(proxy.listen[0])
        client = smtplib.SMTP(host, port, timeout=SMTP_S)
    else:
        host, port = near(proxy.listen_tls[0])
        context = ssl._create_unverified_context()  # noqa: SLF001, S323 - this machine, by its address
        client = smtplib.SMTP_SSL(host, port, timeout=SMTP_S, context=context)
    with client:
        client.sendmail(letter.sender, [letter.recipient], letter.content)


def _heard(
    config: Config, letter: Letter, began_s: int
) -> tuple[MessageKey, Details | None] | None:
    """Return the message as the store knows it, once it does."""
    ends_at_s = time.monotonic() + HEARD_WITHIN_S
    while time.monotonic() < ends_at_s:
        catch_up(config, BRIEF_S)
        with database.reading(config.store) as db:
            keys = lookup.find(db, letter.message_id) or [
                key for key in lookup.find(db, letter.recipient) if key.sent_s >= began_s
            ]
            for key in keys[:1]:
                return key, next(iter(lookup.copies(db, key)), None)
        time.sleep(LOOK_EVERY_S)
    return None
