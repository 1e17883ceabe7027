"""Signing: ours against dkimpy, and what OpenSSL alone takes, paired in one run.

Each round signs with one way after the other, so that a busy machine is as unkind to all; the
table gives the median of the rounds in CPU time.
"""

import hashlib
import statistics
import time
from collections.abc import Callable

import dkim
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from config.keys.dkim_keys import new_dkim_key
from proxy.message.editing import parse
from proxy.signing.relay_alterations import relay_would_alter
from proxy.signing.signed_fields import SIGNED_FIELDS
from proxy.signing.signer import Signer

ROUNDS = 15
REPEATS = 5
SIZES_OCTETS = (5_000, 112_000)
HEAD = (
    b"From: Shop <shop@example.com>\r\nTo: reader@example.net\r\nSubject: Your order\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <order-7@example.com>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"List-Unsubscribe: <https://example.com/u>\r\n\r\n"
)
ROW = (
    b'        <td  style="padding: 12px; color: #333">Words of a newsletter, and a\t'
    b'<a href="https://shop.example.com/item?n=1&amp;x=2">link</a> among them.</td> \r\n'
)


def cpu_ms(work: Callable[[], object]) -> float:
    """Return the CPU milliseconds of one call, of a few."""
    begin_s = time.process_time()
    for _ in range(REPEATS):
        work()
    return (time.process_time() - begin_s) * 1000 / REPEATS


def ways(message: bytes, pem: bytes) -> dict[str, Callable[[], object]]:
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
    include = [name.encode() for name in SIGNED_FIELDS if name.encode() in HEAD.lower()]

    def openssl() -> None:
        hashlib.sha256(message).digest()
        key.sign(message[:1000], padding.PKCS1v15(), hashes.SHA256())

    def dkimpy() -> bytes:
        relaxed = (b"relaxed", b"relaxed")
        return bytes(
            dkim.sign(
                message,
                b"bench",
                b"example.com",
                pkcs1,
                canonicalize=relaxed,
                include_headers=include,
            )
        )

    return {
        "OpenSSL alone (hash, RSA)": openssl,
        "Waypost, RSA-2048": lambda: signer.sign(message),
        "Waypost, Ed25519": lambda: ed25519.sign(message),
        "dkimpy, RSA-2048": dkimpy,
        "would the relay alter it?": lambda: relay_would_alter(parse(message), relay_8bitmime=True),
    }


def main() -> None:
    """Print one table."""
    pem = new_dkim_key()
    print(f"{'CPU ms a message':28}" + "".join(f"{size:>12,} B" for size in SIZES_OCTETS))
    columns: dict[str, list[float]] = {}
    for size_octets in SIZES_OCTETS:
        message = HEAD + ROW * ((size_octets - len(HEAD)) // len(ROW))
        work = ways(message, pem)
        rounds = [{name: cpu_ms(each) for name, each in work.items()} for _ in range(ROUNDS)]
        for name in work:
            columns.setdefault(name, []).append(statistics.median(r[name] for r in rounds))
    for name, figures in columns.items():
        print(f"{name:28}" + "".join(f"{figure:14.3f}" for figure in figures))
    ours, theirs = columns["Waypost, RSA-2048"], columns["dkimpy, RSA-2048"]
    ratios = (b / a for a, b in zip(ours, theirs, strict=True))
    print(f"{'dkimpy takes':28}" + "".join(f"{ratio:12.1f} x" for ratio in ratios))


if __name__ == "__main__":
    main()
