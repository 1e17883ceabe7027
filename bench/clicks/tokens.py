"""Microseconds to mint and to read a token, and how long the tracked URL becomes.

Each figure is the best of several rounds, all in one run: the ratios say more than the times.
"""

import os
import timeit
import zlib
from datetime import UTC, datetime

from cryptography.fernet import Fernet

from config.keys.token_keys import TokenKey
from tracker import tokens
from tracker.tokens import Keyring, Link, mint, read

ROUNDS = 7
REPEATS = 2000
BASE_URL = "https://click.example.com"
DESTINATIONS = {
    "home page": "https://www.example.com/",
    "article": "https://www.example.org/blog/2026/11/23/how-we-built-the-thing",
    "shop": (
        "https://shop.example.de/collections/winter/products/wool-socks-1234?variant=4021930123"
        "&utm_source=newsletter&utm_medium=email&utm_campaign=winter-sale&utm_content=hero"
    ),
    "1,300 octets": "https://example.com/?state=" + os.urandom(637).hex()[:1273],
}


def best_us(work: object) -> float:
    """Return the microseconds of one call, from the best round."""
    rounds = timeit.repeat(work, number=REPEATS, repeat=ROUNDS)  # type: ignore[arg-type]
    return min(rounds) / REPEATS * 1e6


def main() -> None:
    """Print the table."""
    keyring = Keyring([TokenKey(1, os.urandom(64), datetime.now(UTC).date())])
    fernet = Fernet(Fernet.generate_key())
    print(f"{'destination':14}{'octets':>8}{'URL':>7}{'mint µs':>9}{'read µs':>9}"
          f"{'zlib + Fernet: URL':>20}{'mint µs':>9}{'read µs':>9}")  # fmt: skip
    for name, destination in DESTINATIONS.items():
        link = Link(os.urandom(8), 1, 7, 1_795_430_400, destination)
        token = mint(keyring, link)
        plain = destination.encode()
        usual = fernet.encrypt(zlib.compress(plain))
        url, usual_url = (len(f"{BASE_URL}{tokens.PATH}") + len(text) for text in (token, usual))
        print(f"{name:14}{len(destination):8}{url:7}"
              f"{best_us(lambda link=link: mint(keyring, link)):9.1f}"
              f"{best_us(lambda token=token: read(keyring, token)):9.1f}"
              f"{usual_url:20}"
              f"{best_us(lambda plain=plain: fernet.encrypt(zlib.compress(plain))):9.1f}"
              f"{best_us(lambda usual=usual: zlib.decompress(fernet.decrypt(usual))):9.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
