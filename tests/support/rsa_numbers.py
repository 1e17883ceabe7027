"""RSA keys of given numbers, also those that no library makes."""

import base64
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import rsa

E = 65537
ORDER = ("version", "n", "e", "d", "p", "q", "dmp1", "dmq1", "iqmp")
"""Of the numbers in an RSAPrivateKey (RFC 8017 §A.1.2)."""


def primes(bits: int = 1024) -> tuple[int, int]:
    """Return the primes of a new key of so many bits."""
    key = rsa.generate_private_key(public_exponent=E, key_size=bits).private_numbers()
    return key.p, key.q


def numbers_of(p: int, q: int) -> dict[str, int]:
    """Return the numbers of the key that two primes would make, if they are some or not."""
    d = pow(E, -1, (p - 1) * (q - 1))
    parts = {"dmp1": d % (p - 1), "dmq1": d % (q - 1), "iqmp": pow(q, -1, p)}
    return {"version": 0, "n": p * q, "e": E, "d": d, "p": p, "q": q} | parts


def pem_of(numbers: Mapping[str, int]) -> bytes:
    """Return a key as PEM (PKCS #1)."""
    values = (numbers[name] for name in ORDER)
    whole = b"".join(_der(2, value.to_bytes(value.bit_length() // 8 + 1)) for value in values)
    text = base64.encodebytes(_der(0x30, whole))
    return b"-----BEGIN RSA PRIVATE KEY-----\n%s-----END RSA PRIVATE KEY-----\n" % text


def _der(tag: int, content: bytes) -> bytes:
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    long = b"" if len(content) < 0x80 else bytes((0x80 | len(length),))
    return bytes((tag,)) + long + length + content
