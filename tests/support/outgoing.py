"""What tests of outgoing copies share: a transformer for example.com, and reading what it made."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import dkim

from config.keys.dkim_keys import new_dkim_key
from config.keys.token_keys import new_token_key
from config.schema import (
    Config,
    ConsentLevel,
    PrivacyConfig,
    ProxyConfig,
    RelayConfig,
    SenderConfig,
    StoreConfig,
    TrackingConfig,
)
from proxy.rewrite.submission import Outgoing, Submission
from proxy.rewrite.transformer import Transformer
from proxy.signing.signer import Signer
from tests.support.mail import link
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.records.live import LiveRecords
from tracker.tokens import PATH, Keyring, Link, read

if TYPE_CHECKING:
    from tracker.decisions.files import ConsentsInForce

URL = "https://example.com/a?x=1&uid=7"
HTML = link(URL.replace("&", "&amp;")) + link("https://example.com/b", 'class="untracked"')
NOW_S = 1_795_000_000.5
KEYRING = Keyring([new_token_key()])
PEM = new_dkim_key()
SIGNER = Signer("example.com", "s1", PEM)
ONE = Submission(b"bounce@example.com", (b"reader@example.org",), trusted=True)
TWO = dataclasses.replace(ONE, rcpt_to=(b"a@example.org", b"b@example.org"))
OWN = "X-Track-Campaign: launch"


def transformer(
    *,
    signs: bool = True,
    relay: RelayConfig | None = None,
    proxy: ProxyConfig | None = None,
    **sender: object,
) -> Transformer:
    """Return one for example.com; `sender` are keys of its [[sender]]."""
    config = Config(
        sender=(SenderConfig(domain="example.com", **sender),),
        relay=relay or RelayConfig(),
        proxy=proxy or ProxyConfig(),
        tracking=TrackingConfig(base_url="https://t.example.net"),
    )
    return Transformer(config, KEYRING, {"example.com": [SIGNER] if signs else []})


def opening(*, copies: str = "shared") -> Transformer:
    """Return one that adds pixels."""
    config = Config(
        proxy=ProxyConfig(copies=copies),
        tracking=TrackingConfig(base_url="https://t.example.net", opens=True),
    )
    return Transformer(config, KEYRING, {})


def consenting(tmp_path: Path, *, unsaid: ConsentLevel = "full", **levels: str) -> Transformer:
    """Return one that knows what readers agreed to; `unsaid` stands for those who never said."""
    config = Config(
        privacy=PrivacyConfig(consent=unsaid),
        store=StoreConfig(url=f"sqlite:///{tmp_path}/waypost.db"),
        tracking=TrackingConfig(base_url="https://t.example.net"),
        proxy=ProxyConfig(copies="per-recipient"),
    )
    for name, level in levels.items():
        person = name if name.isdigit() else f"{name}@Example.org"
        files.record(config.store.file, person, Consent(level))
    known: ConsentsInForce = LiveRecords(files.CONSENTS, config.store.file)
    return Transformer(config, KEYRING, {}, consents=known.latest)


def outgoing(message: bytes, submission: Submission = ONE, **settings: object) -> Outgoing:
    """Return the one copy; `settings` are those of `transformer`."""
    return transformer(**settings).prepare(message, submission, NOW_S).shared()


def tokens(content: bytes) -> list[Link]:
    """Read back the links of a message."""
    found = content.split(b"https://t.example.net" + PATH.encode())[1:]
    return [read(KEYRING, each.split(b'"')[0].decode()) for each in found]


def verifies(content: bytes) -> bool:
    """Whether dkimpy finds the first signature good."""
    return dkim.verify(content, dnsfunc=lambda *_, **__: SIGNER.record.encode())
