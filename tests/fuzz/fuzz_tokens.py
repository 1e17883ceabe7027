"""Fuzz reading tokens and headers of requests: `python tests/fuzz/fuzz_tokens.py [CORPUS …]`.

The first octet chooses what the rest is: a token's text, the octets of a token, a payload sealed
with the right key (as if that had leaked), or the value of X-Forwarded-For or Forwarded. A text that
reads must be the one text of its link; any payload that reads must be one that we would mint.
`make fuzz` runs this for a while; libFuzzer's own options are understood, e.g. `-max_total_time=60`.
"""

import base64
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import atheris
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

with atheris.instrument_imports(include=["tracker"]):
    from config.forwarded import client_address
    from tracker.redirect.visitor import private_ip
    from tracker.tokens import BadToken, Keyring, Link, mint, read

from config.keys.token_keys import TokenKey
from config.schema import TrackerConfig

SECRET = bytes(range(64))
KEYRING = Keyring([TokenKey(1, SECRET, date(2026, 1, 1))])
CIPHER = AESSIV(SECRET)
HEADERS = (b"\x01\x01", b"\x20\x01", b"\x25\x01", b"\x28\x01")
PROXIES = TrackerConfig.model_validate({"trusted_proxies": ["0.0.0.0/0"]}).trusted_proxies


def text_of(octets: bytes) -> str:
    """Write octets as a token's text."""
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def reading(text: str) -> Link | None:
    """Read a token; None for a bad one. Any other exception is a find."""
    try:
        return read(KEYRING, text)
    except BadToken:
        return None


def check(octets: bytes) -> None:
    """Hold one input against what must be true."""
    kind, rest = octets[:1], octets[1:]
    if kind == b"t":
        link = reading(rest.decode("utf-8", "surrogateescape"))
        assert link is None or mint(KEYRING, link).encode() == rest
    elif kind == b"o":
        link = reading(text_of(rest))
        assert link is None or mint(KEYRING, link) == text_of(rest)
    elif kind in b"xf":
        name = b"x-forwarded-for" if kind == b"x" else b"forwarded"
        address = client_address("10.0.0.1", [(name, rest)], PROXIES)
        assert private_ip(address, "truncate") is not None or address is None
    elif rest:
        header = HEADERS[len(rest) % len(HEADERS)]
        link = reading(text_of(header + CIPHER.encrypt(rest, [header])))
        assert link is None or reading(mint(KEYRING, link)) == link


def seeds() -> list[bytes]:
    """Return an input of each kind that gets far."""
    link = Link(
        b"waypost!", 128, 16384, 1_795_430_400, "https://www.example.com/?utm_source=mail#a"
    )
    text = mint(KEYRING, link).encode()
    sealed = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    opened = CIPHER.decrypt(sealed[2:], [sealed[:2]])
    hops = b'192.0.2.1, 10.0.0.2, "[2001:db8::1]:80"'
    return [b"t" + text, b"o" + sealed, b"p" + opened, b"x" + hops, b'ffor="[2001:db8::1]:1";by=a']


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 and Path(sys.argv[1]).is_dir() else None
    if folder is not None:
        for number, seed in enumerate(seeds()):
            (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
