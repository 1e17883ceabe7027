"""What tests of signatures share: a signer for each algorithm, a message, and dkimpy's verdict."""

from config.keys.dkim_keys import new_dkim_key
from proxy.signing.signer import Signer
from tests.support.checks.verifiers import dkimpy_verdict

PEMS = {name: new_dkim_key(name) for name in ("rsa-sha256", "ed25519-sha256")}
SIGNERS = {name: Signer("example.com", "waypost1", pem) for name, pem in PEMS.items()}
RECORDS = {name: {signer.record_name: signer.record.encode()} for name, signer in SIGNERS.items()}
RSA = SIGNERS["rsa-sha256"]

HEAD = (
    b"From: Shop <shop@example.com>\r\nTo: reader@example.net\r\nSubject: Your order\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <order-7@example.com>\r\n"
)
MESSAGE = HEAD + b"\r\nHello\r\n"


def verified(message: bytes, algorithm: str = "rsa-sha256") -> bool:
    """Have dkimpy look at the topmost signature."""
    return dkimpy_verdict(message, RECORDS[algorithm])
