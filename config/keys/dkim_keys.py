"""DKIM keys and their DNS record (RFC 6376, RFC 8463).

Owns: making, writing and reading private keys in PEM, judging whether DKIM can sign with one, and
the text of the TXT record that publishes its public half.
Does not own: who may read a key file (`secret_files`), the record's name and place in a zone
(`dns_records`), or signatures (`proxy.signing`).
"""

import base64
import functools
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    generate_private_key,
)

from config.keys.secret_files import KeyFileError, read_secret, write_secret
from config.schema import DkimAlgorithm

DkimKey = RSAPrivateKey | Ed25519PrivateKey

RSA_BITS = 2048
MIN_RSA_BITS = 1024
"""Signers must use at least so many, and receivers ignore shorter keys (RFC 8301 §3.2)."""
NO_PEM = "not a private key in PEM without a passphrase"
PEM_HINT = "it begins with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----"


class KeyUnusable(ValueError):
    """The private key is not one that DKIM can sign with.

    `in_file` says the same of a file that holds it, and `hint` what to do.
    """

    def __init__(self, what: str, in_file: str, hint: str) -> None:
        super().__init__(what)
        self.in_file = in_file
        self.hint = hint


def new_dkim_key(algorithm: DkimAlgorithm = "rsa-sha256") -> bytes:
    """Return a new private key, RSA-2048 or Ed25519, as PEM (PKCS #8)."""
    key: DkimKey
    if algorithm == "ed25519-sha256":
        key = Ed25519PrivateKey.generate()
    else:
        key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def write_dkim_key(
    path: Path, algorithm: DkimAlgorithm = "rsa-sha256", like: Path | None = None
) -> bytes:
    """Write a new private key to a new file and return it as PEM; root gives it to the owner of `like`.

    Raises FileExistsError if the file exists, and OSError for all else.
    """
    pem = new_dkim_key(algorithm)
    write_secret(path, pem, like=like)
    return pem


def read_dkim_key(path: Path, algorithm: DkimAlgorithm = "rsa-sha256") -> bytes:
    """Return the private key in `path` as PEM; raises KeyFileError if it does not fit `algorithm`."""
    pem = read_secret(path)
    try:
        load_dkim_key(pem, algorithm)
    except KeyUnusable as error:
        raise KeyFileError(path, error.in_file, error.hint) from None
    return pem


def require_primes(pem: bytes) -> None:
    """Raise KeyUnusable for an RSA key whose primes are none. Takes some 30 ms, as all of the key is tried."""
    try:
        serialization.load_pem_private_key(pem, password=None)
    except ValueError as error:
        what = "an RSA key whose primes are none"
        hint = "make another: openssl genrsa 2048"
        raise KeyUnusable(what, f"holds {what}", hint) from error


def load_dkim_key(pem: bytes, algorithm: DkimAlgorithm | None = None) -> DkimKey:
    """Return the private key in `pem`, one for `algorithm` if that is given; raises KeyUnusable."""
    key = _parsed(pem)
    if not isinstance(key, DkimKey) or algorithm not in {None, algorithm_of(key)}:
        raise _misfit(key, algorithm)
    if isinstance(key, RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        what = f"an RSA key of {key.key_size} bits, which receivers ignore (RFC 8301)"
        raise KeyUnusable(what, f"holds {what}", "make one of 2048 bits: openssl genrsa 2048")
    return key


@functools.lru_cache(maxsize=256)
def _parsed(pem: bytes) -> object:
    """Return the key in `pem`; raises KeyUnusable where it is none."""
    try:
        return _loaded(pem)
    except TypeError as error:
        what = f"{NO_PEM}: {error}"
        in_file = "is protected by a passphrase"
        raise KeyUnusable(what, in_file, "store it without one") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        what = f"{NO_PEM}: {error}"
        raise KeyUnusable(what, "is not a private key in PEM", PEM_HINT) from error


def _loaded(pem: bytes) -> object:
    """Return the key in `pem`; of an RSA key, all numbers fit each other. Raises as `cryptography`.

    Whether its primes are primes is left to `require_primes`. With others its signatures hardly ever
    verify, and who signs mail has one verified first (`proxy.signing.self_check`).
    """
    key = serialization.load_pem_private_key(
        pem, password=None, unsafe_skip_rsa_key_validation=True
    )
    if isinstance(key, RSAPrivateKey) and not _fits(key.private_numbers()):
        return serialization.load_pem_private_key(pem, password=None)  # it says what is wrong
    return key


def _fits(key: RSAPrivateNumbers) -> bool:
    """Return whether the numbers of a key fit each other (RFC 8017 §3.2)."""
    e, n = key.public_numbers.e, key.public_numbers.n
    factors = ((key.p, key.dmp1), (key.q, key.dmq1))
    return (
        key.p * key.q == n
        and all(prime > 2 and prime % 2 for prime, _ in factors)  # noqa: PLR2004 - odd, so not 2
        and all(key.d % (prime - 1) == part for prime, part in factors)
        and all(e * part % (prime - 1) == 1 for prime, part in factors)
        and key.iqmp * key.q % key.p == 1
    )


def _misfit(key: object, algorithm: DkimAlgorithm | None) -> KeyUnusable:
    what = "neither an RSA nor an Ed25519 key"
    kind, hint = "a key that is neither RSA nor Ed25519", "openssl genrsa 2048"
    if isinstance(key, DkimKey):
        what = kind = "an RSA key" if isinstance(key, RSAPrivateKey) else "an Ed25519 key"
        hint = f'algorithm = "{algorithm_of(key)}"'
    return KeyUnusable(what, f"holds {kind}, which {algorithm or 'DKIM'} cannot use", hint)


def algorithm_of(key: DkimKey) -> DkimAlgorithm:
    """Return the algorithm that `key` signs with, as the a= tag of a signature names it."""
    return "rsa-sha256" if isinstance(key, RSAPrivateKey) else "ed25519-sha256"


def _public_octets(key: DkimKey) -> bytes:
    """Return the p= tag of the record before base64 (RFC 6376 §3.6.1, RFC 8463 §4.2)."""
    if isinstance(key, Ed25519PrivateKey):
        return key.public_key().public_bytes_raw()
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def dkim_record(pem: bytes) -> str:
    """Return the TXT record that publishes the public half of a private key (RFC 6376 §3.6.1).

    Raises KeyUnusable.
    """
    return record_of(load_dkim_key(pem))


def record_of(key: DkimKey) -> str:
    """Return the TXT record that publishes the public half of `key`."""
    kind = algorithm_of(key).partition("-")[0]
    return f"v=DKIM1; k={kind}; p={base64.b64encode(_public_octets(key)).decode()}"
