"""Signing: ours against dkimpy, and what OpenSSL alone takes, paired in one run.

Each round signs a message of its own with one way after the other, so that a busy machine is as
unkind to all; the table gives the median of the rounds.

    python -m bench.mail.signing
"""

import hashlib
import statistics
import time
from collections.abc import Callable

import dkim
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bench.support.mail import Author, Mail
from bench.support.table import Row, Section, Target, text
from config.keys.dkim_keys import new_dkim_key
from proxy.message.editing import parse
from proxy.signing.relay_alterations import relay_would_alter
from proxy.signing.signed_fields import SIGNED_FIELDS
from proxy.signing.signer import Signer

ROUNDS = 7
SIZES = {"5 KB": 22.0, "112 KB": 13.0, "10 MB": 10.0}
"""By how much dkimpy is to exceed us, by the size of the message."""
OURS, THEIRS = "Waypost, RSA-2048", "dkimpy, RSA-2048"


def messages(size: str) -> list[bytes]:
    """Return a message a round."""
    author = Author(int(time.time()))
    write: dict[str, Callable[[], Mail]] = {
        "5 KB": lambda: author.newsletter(5_000, 6),
        "112 KB": lambda: author.newsletter(112_000, 80),
        "10 MB": lambda: author.letter(10_000_000, 40),
    }
    return [write[size]().content for _ in range(ROUNDS)]


def cpu_ms(work: Callable[[bytes], object], message: bytes) -> float:
    """Return the CPU milliseconds of one call, the best of three."""
    taken = []
    for _ in range(3):
        begin_s = time.process_time()
        work(message)
        taken.append((time.process_time() - begin_s) * 1000)
    return min(taken)


def ways(pem: bytes) -> dict[str, Callable[[bytes], object]]:
    """Return each way to sign, by its name in the table."""
    signer = Signer("example.com", "bench", pem)
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, RSAPrivateKey)
    pkcs1 = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    ed25519 = Signer("example.com", "bench", new_dkim_key("ed25519-sha256"))

    def openssl(message: bytes) -> None:
        hashlib.sha256(message).digest()
        key.sign(message[:1000], padding.PKCS1v15(), hashes.SHA256())

    def dkimpy(message: bytes) -> bytes:
        head = b"\n" + message[: message.index(b"\r\n\r\n")].lower()
        return bytes(
            dkim.sign(
                message,
                b"bench",
                b"example.com",
                pkcs1,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=[
                    name.encode() for name in SIGNED_FIELDS if b"\n%b:" % name.encode() in head
                ],
            )
        )

    return {
        "OpenSSL alone (hash, RSA)": openssl,
        OURS: signer.sign,
        "Waypost, Ed25519": ed25519.sign,
        THEIRS: dkimpy,
        "would the relay alter it?": lambda message: relay_would_alter(
            parse(message), relay_8bitmime=True
        ),
    }


def section() -> Section:
    """Measure all sizes."""
    work, rows, raw = ways(new_dkim_key()), [], {}
    for size, bound in SIZES.items():
        rounds = [
            {name: cpu_ms(each, message) for name, each in work.items()}
            for message in messages(size)
        ]
        took = {name: statistics.median(found[name] for found in rounds) for name in work}
        raw[size] = took
        for name, taken in took.items():
            ratio = taken / took[OURS]
            target = Target(bound, "x ours") if name == THEIRS else None
            rows.append(
                Row(f"{size}: {name}", f"{taken:.3f} ms", f"{ratio:.1f} x ours", target, ratio)
            )
    return Section("Signing, CPU a message", rows, raw)


if __name__ == "__main__":
    print(text([section()]))
