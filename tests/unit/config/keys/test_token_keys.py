"""Token keys and DKIM keys: what their files hold, new ones, rotation, revocation."""

import base64
from datetime import date
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from config.keys import dkim_keys, token_keys
from config.keys.secret_files import KeyFileError, write_secret
from config.keys.token_keys import (
    TokenKey,
    minting_key,
    new_token_key,
    read_token_keys,
    write_token_keys,
)
from config.schema import DkimAlgorithm

SECRET = bytes(range(64))
DAY = date(2026, 11, 23)


def written(folder: Path, text: str) -> Path:
    """Write a key file by hand."""
    file = folder / "token.keys"
    write_secret(file, text.encode())
    return file


def entry(number: int = 1, secret: bytes = SECRET, more: str = "") -> str:
    """Give one key as the file has it."""
    encoded = base64.b64encode(secret).decode()
    return f'[[key]]\nid = {number}\ncreated = 2026-11-23\nsecret = "{encoded}"\n{more}'


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Ids, secrets, dates and revocations, in their order."""
    made = (
        TokenKey(3, SECRET, DAY, revoked=True),
        TokenKey(255, bytes(64), date(2020, 1, 1)),
        new_token_key(),
    )
    write_token_keys(tmp_path / "token.keys", made)
    assert read_token_keys(tmp_path / "token.keys") == made


def test_a_secret_is_never_shown() -> None:
    """Not even in a traceback."""
    assert "secret" not in repr(TokenKey(1, SECRET, DAY))


def test_no_error_shows_a_secret(tmp_path: Path) -> None:
    """What is wrong with a key file is told without quoting it."""
    encoded = base64.b64encode(SECRET).decode()
    for name, text in enumerate((entry() + "x", entry(more="extra = 1\n"), entry(0), entry()[:-3])):
        file = tmp_path / str(name)
        write_secret(file, text.encode())
        with pytest.raises(KeyFileError) as refused:
            read_token_keys(file)
        assert encoded[:20] not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is not a token key file: key: Field required"),
        ("key = []\n", "at least 1 item"),
        ("not toml", "is not a token key file"),
        (entry(256), "less than or equal to 255"),
        (entry(0), "greater than or equal to 1"),
        (entry(secret=bytes(63)), "holds a key of 63 octets, not 64: id 1"),
        (entry().replace("AAEC", "A*EC"), "not base64: id 1"),
        (entry() + entry(), "two keys with the id 1"),
        (entry(more="revoked = true\n"), "no key that is not revoked"),
        (entry(more='revoked = "no"\n'), "key.0.revoked"),
    ],
)
def test_a_broken_key_file_is_refused(tmp_path: Path, text: str, what: str) -> None:
    """Each says what is wrong."""
    with pytest.raises(KeyFileError, match=what):
        read_token_keys(written(tmp_path, text))


def test_a_key_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """A binary file, by mistake."""
    write_secret(tmp_path / "token.keys", b"\xff\x00")
    with pytest.raises(KeyFileError, match="it is not text"):
        read_token_keys(tmp_path / "token.keys")


def test_new_keys_differ_and_are_of_today() -> None:
    """64 random octets each, and the next id."""
    first = new_token_key()
    second = new_token_key([first])
    assert (first.id, second.id, len(first.secret)) == (1, 2, 64)
    assert first.secret != second.secret


def test_after_the_last_id_the_unused_ones_come() -> None:
    """Ids stay unique for 255 keys; then old ones must go first."""
    made: list[TokenKey] = [TokenKey(250, SECRET, DAY)]
    for _ in range(254):
        made.append(new_token_key(made))
    assert sorted(key.id for key in made) == list(range(1, 256))
    with pytest.raises(ValueError, match="all 255 ids are taken"):
        new_token_key(made)


def test_the_newest_usable_key_mints() -> None:
    """By date, and of the same day the one further down."""
    old, one, two = (TokenKey(number, SECRET, DAY) for number in (9, 1, 2))
    older = TokenKey(10, SECRET, date(2026, 1, 1))
    gone = TokenKey(11, SECRET, date(2026, 12, 1), revoked=True)
    assert minting_key([old, one, two, older, gone]) is two


def test_revoking_marks_one_key_only() -> None:
    """All others stay as they are, and a second time changes nothing."""
    pair = (TokenKey(1, SECRET, DAY), TokenKey(2, SECRET, DAY))
    revoked = token_keys.revoke(pair, 1)
    assert [key.revoked for key in revoked] == [True, False]
    assert token_keys.revoke(revoked, 1) == revoked


def test_the_last_usable_key_cannot_be_revoked() -> None:
    """Nothing would be left to make links with."""
    with pytest.raises(ValueError, match="only key left"):
        token_keys.revoke([TokenKey(1, SECRET, DAY)], 1)
    with pytest.raises(ValueError, match="no key 2"):
        token_keys.revoke([TokenKey(1, SECRET, DAY)], 2)


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
