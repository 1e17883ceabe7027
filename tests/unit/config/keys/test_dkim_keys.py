"""DKIM keys: new ones, what their files may hold, and the record that publishes them."""

import base64
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from config.keys import dkim_keys
from config.keys.dkim_keys import KeyUnusable
from config.keys.secret_files import KeyFileError, write_secret
from config.schema import DkimAlgorithm
from tests.support import rsa_numbers

PRIMES = rsa_numbers.primes()


@pytest.mark.parametrize("algorithm", ["rsa-sha256", "ed25519-sha256"])
def test_a_new_dkim_key_loads(tmp_path: Path, algorithm: DkimAlgorithm) -> None:
    """What we write is what we read, RSA with 2048 bits."""
    pem = dkim_keys.write_dkim_key(tmp_path / "dkim.pem", algorithm)
    assert dkim_keys.read_dkim_key(tmp_path / "dkim.pem", algorithm) == pem
    key = serialization.load_pem_private_key(pem, None)
    assert not isinstance(key, rsa.RSAPrivateKey) or key.key_size == 2048


@pytest.mark.parametrize(
    ("has", "wants"),
    [("rsa-sha256", "ed25519-sha256"), ("ed25519-sha256", "rsa-sha256")],
)
def test_a_dkim_key_must_fit_its_algorithm(
    tmp_path: Path, has: DkimAlgorithm, wants: DkimAlgorithm
) -> None:
    """And the hint names the algorithm that would."""
    dkim_keys.write_dkim_key(tmp_path / "dkim.pem", has)
    with pytest.raises(KeyFileError, match=f"which {wants} cannot use.*{has}"):
        dkim_keys.read_dkim_key(tmp_path / "dkim.pem", wants)


def pem_of(key: serialization.PrivateFormat | object, secret: bytes = b"") -> bytes:
    """Write any private key as PEM."""
    locked = serialization.BestAvailableEncryption(secret) if secret else None
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        locked or serialization.NoEncryption(),
    )


def test_the_other_form_of_pem_is_read(tmp_path: Path) -> None:
    """OpenDKIM's and older OpenSSL's keys: -----BEGIN RSA PRIVATE KEY-----."""
    pem = pem_of(rsa.generate_private_key(public_exponent=65537, key_size=1024))
    write_secret(tmp_path / "dkim.pem", pem)
    assert dkim_keys.read_dkim_key(tmp_path / "dkim.pem") == pem


def test_a_key_with_a_passphrase_is_refused(tmp_path: Path) -> None:
    """Nobody is there to type it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    write_secret(tmp_path / "dkim.pem", pem_of(key, b"secret"))
    with pytest.raises(KeyFileError, match="protected by a passphrase"):
        dkim_keys.read_dkim_key(tmp_path / "dkim.pem")


def test_a_key_of_a_third_kind_is_refused(tmp_path: Path) -> None:
    """DKIM knows RSA and Ed25519 only."""
    write_secret(tmp_path / "dkim.pem", pem_of(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(KeyFileError, match="a key that is neither RSA nor Ed25519"):
        dkim_keys.read_dkim_key(tmp_path / "dkim.pem")


WEAK_RSA = """\
-----BEGIN RSA PRIVATE KEY-----
MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu
KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQJAIJLixBy2qpFoS4DSmoEm
o3qGy0t6z09AIJtH+5OeRV1be+N4cDYJKffGzDa88vQENZiRm0GRq6a+HPGQMd2k
TQIhAKMSvzIBnni7ot/OSie2TmJLY4SwTQAevXysE2RbFDYdAiEBCUEaRQnMnbp7
9mxDXDf6AU0cN/RPBjb9qSHDcWZHGzUCIG2Es59z8ugGrDY+pxLQnwfotadxd+Uy
v/Ow5T0q5gIJAiEAyS4RaI9YG8EWx/2w0T67ZUVAw8eOMB6BIUg0Xcu+3okCIBOs
/5OiPgoTdSy7bcF9IGpSE8ZgGKzgYQVZeN97YE00
-----END RSA PRIVATE KEY-----
"""
WEAK = serialization.load_pem_private_key(WEAK_RSA.encode(), None)


def test_a_weak_key_is_refused(tmp_path: Path) -> None:
    """Receivers ignore signatures of less than 1024 bits (RFC 8301 §3.2)."""
    write_secret(tmp_path / "dkim.pem", WEAK_RSA.encode())
    with pytest.raises(KeyFileError, match="RSA key of 512 bits"):
        dkim_keys.read_dkim_key(tmp_path / "dkim.pem")


def test_dkimpy_verifies_with_our_dns_record() -> None:
    """The record that we print fits the key that signs."""
    pem = dkim_keys.new_dkim_key()
    message = b"From: a@example.com\r\nTo: b@example.net\r\nSubject: x\r\n\r\nHello\r\n"
    signature = dkim.sign(message, b"waypost1", b"example.com", pem)
    record = dkim_keys.dkim_record(pem).encode()
    assert dkim.verify(signature + message, dnsfunc=lambda *_args, **_kwargs: record)


def test_the_ed25519_record_is_the_bare_key() -> None:
    """RFC 8463 §4.2: the 32 octets in base64, not the SubjectPublicKeyInfo."""
    record = dkim_keys.dkim_record(dkim_keys.new_dkim_key("ed25519-sha256"))
    head, _, octets = record.rpartition("p=")
    assert head == "v=DKIM1; k=ed25519; "
    assert len(base64.b64decode(octets)) == 32


def test_a_key_is_not_written_over_another(tmp_path: Path) -> None:
    """Mail in delivery is verified with the key in use."""
    pem = dkim_keys.write_dkim_key(tmp_path / "dkim.pem")
    with pytest.raises(FileExistsError):
        dkim_keys.write_dkim_key(tmp_path / "dkim.pem")
    assert (tmp_path / "dkim.pem").read_bytes() == pem


def test_a_key_is_its_owners_alone(tmp_path: Path) -> None:
    """Written so, and refused otherwise."""
    dkim_keys.write_dkim_key(tmp_path / "dkim.pem")
    (tmp_path / "dkim.pem").chmod(0o640)
    with pytest.raises(KeyFileError, match="mode 0640"):
        dkim_keys.read_dkim_key(tmp_path / "dkim.pem")


@pytest.mark.parametrize(
    ("pem", "what"),
    [
        (b"", "^not a private key in PEM without a passphrase: "),
        (pem_of(WEAK, b"secret"), "^not a private key in PEM without a passphrase: "),
        (WEAK_RSA.encode(), r"^an RSA key of 512 bits, which receivers ignore \(RFC 8301\)$"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "^neither an RSA nor an Ed25519 key$"),
    ],
)
def test_octets_that_are_no_usable_key_are_refused(pem: bytes, what: str) -> None:
    """Each by its own words; a ValueError, for callers of the Python API."""
    with pytest.raises(KeyUnusable, match=what):
        dkim_keys.load_dkim_key(pem)
    with pytest.raises(ValueError, match=what):
        dkim_keys.dkim_record(pem)


def test_what_is_wrong_with_a_key_file_is_told_with_what_would_be_right(tmp_path: Path) -> None:
    """Its algorithm is looked at before its size."""
    write_secret(tmp_path / "weak.pem", WEAK_RSA.encode())
    write_secret(tmp_path / "public.pem", b"-----BEGIN PUBLIC KEY-----\n")
    hints = {}
    for name, algorithm in (
        ("weak.pem", "rsa-sha256"),
        ("weak.pem", "ed25519-sha256"),
        ("public.pem", "rsa-sha256"),
    ):
        with pytest.raises(KeyFileError) as refused:
            dkim_keys.read_dkim_key(tmp_path / name, algorithm)
        hints[name, algorithm] = refused.value.hint
    assert hints["weak.pem", "rsa-sha256"] == "make one of 2048 bits: openssl genrsa 2048"
    assert hints["weak.pem", "ed25519-sha256"] == 'algorithm = "rsa-sha256"'
    assert hints["public.pem", "rsa-sha256"].startswith("it begins with -----BEGIN PRIVATE KEY")


def test_an_rsa_key_of_any_hand_is_read() -> None:
    """That its numbers fit each other is all that is asked."""
    assert dkim_keys.load_dkim_key(rsa_numbers.pem_of(rsa_numbers.numbers_of(*PRIMES)))


def test_the_primes_of_a_key_are_tried_where_there_is_time() -> None:
    """Numbers that only fit each other are no key."""
    (one, another), (prime, _) = rsa_numbers.primes(1024), rsa_numbers.primes(2048)
    pem = rsa_numbers.pem_of(rsa_numbers.numbers_of(one * another, prime))
    assert dkim_keys.load_dkim_key(pem)
    assert "whose primes are none" in primes_trouble(pem)


@pytest.mark.parametrize("algorithm", ["rsa-sha256", "ed25519-sha256"])
def test_a_key_of_ours_has_nothing_wrong(algorithm: DkimAlgorithm) -> None:
    """However long it is looked at."""
    assert primes_trouble(dkim_keys.new_dkim_key(algorithm)) == ""


def primes_trouble(pem: bytes) -> str:
    """Return why the primes of a key are none; "" where nothing is wrong with them."""
    try:
        dkim_keys.require_primes(pem)
    except KeyUnusable as error:
        return str(error)
    return ""


def changed(number: str) -> dict[str, int]:
    """Return the numbers of a key, one of which is not what it was."""
    numbers = rsa_numbers.numbers_of(*PRIMES)
    numbers[number] ^= 4
    return numbers


@pytest.mark.parametrize(
    "numbers",
    [changed(name) for name in rsa_numbers.ORDER[1:]]
    + [rsa_numbers.numbers_of(2 * PRIMES[0], PRIMES[1])]
    + [rsa_numbers.numbers_of(PRIMES[0], 2 * PRIMES[1])]
    + [rsa_numbers.numbers_of(*PRIMES) | {"p": 1, "q": PRIMES[0] * PRIMES[1]}],
    ids=[*rsa_numbers.ORDER[1:], "p even", "q even", "p one"],
)
def test_a_key_whose_numbers_do_not_fit_each_other_is_refused(numbers: dict[str, int]) -> None:
    """As a file that lost an octet."""
    with pytest.raises(KeyUnusable, match=r"^not a private key in PEM without a passphrase: "):
        dkim_keys.load_dkim_key(rsa_numbers.pem_of(numbers))


@pytest.mark.parametrize("algorithm", ["rsa-sha256", "ed25519-sha256"])
def test_a_key_is_told_by_its_algorithm(algorithm: DkimAlgorithm) -> None:
    """The name that signatures and the configuration have for it."""
    assert dkim_keys.algorithm_of(dkim_keys.load_dkim_key(dkim_keys.new_dkim_key(algorithm))) == (
        algorithm
    )
