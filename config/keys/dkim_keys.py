"""DKIM keys: made, written, read, and their DNS record (RFC 6376, RFC 8463)."""

import base64
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from config.keys.secret_files import KeyFileError, read_secret, write_secret
from config.schema import DkimAlgorithm

RSA_BITS = 2048
MIN_RSA_BITS = 1024
"""Signers must use at least so many (RFC 8301 §3.2)."""


def new_dkim_key(algorithm: DkimAlgorithm = "rsa-sha256") -> bytes:
    """Make a private key for DKIM, RSA-2048 or Ed25519, as PEM (PKCS #8)."""
    key: RSAPrivateKey | Ed25519PrivateKey
    if algorithm == "ed25519-sha256":
        key = Ed25519PrivateKey.generate()
    else:
        key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def write_dkim_key(path: Path, algorithm: DkimAlgorithm = "rsa-sha256") -> bytes:
    """Make a private key for DKIM in a new file, and give it; FileExistsError where there is one."""
    pem = new_dkim_key(algorithm)
    write_secret(path, pem)
    return pem


def read_dkim_key(path: Path, algorithm: DkimAlgorithm = "rsa-sha256") -> bytes:
    """Read a private key for DKIM as PEM, making sure that it fits; raises KeyFileError."""
    pem = read_secret(path)
    key = _private_key(path, pem)
    expected = Ed25519PrivateKey if algorithm == "ed25519-sha256" else RSAPrivateKey
    if not isinstance(key, expected):
        raise _misfit(path, key, algorithm)
    if isinstance(key, RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        raise KeyFileError(
            path,
            f"holds an RSA key of {key.key_size} bits, which receivers ignore (RFC 8301)",
            "make one of 2048 bits: openssl genrsa 2048",
        )
    return pem


def _misfit(path: Path, key: object, algorithm: DkimAlgorithm) -> KeyFileError:
    if isinstance(key, RSAPrivateKey):
        kind, hint = "an RSA key", 'algorithm = "rsa-sha256"'
    elif isinstance(key, Ed25519PrivateKey):
        kind, hint = "an Ed25519 key", 'algorithm = "ed25519-sha256"'
    else:
        kind, hint = "a key that is neither RSA nor Ed25519", "openssl genrsa 2048"
    return KeyFileError(path, f"holds {kind}, which {algorithm} cannot use", hint)


def _private_key(path: Path, pem: bytes) -> object:
    hint = "it begins with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----"
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise KeyFileError(path, "is protected by a passphrase", "store it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError(path, "is not a private key in PEM", hint) from None


def dkim_record(pem: bytes) -> str:
    """Give the TXT record that publishes the public half of a private key."""
    key = serialization.load_pem_private_key(pem, password=None)
    if isinstance(key, Ed25519PrivateKey):
        raw = key.public_key().public_bytes_raw()
        return f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode()}"
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"
