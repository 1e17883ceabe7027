"""A certificate authority of this machine's own, for programs that want TLS where they hand in mail.

Owns: making the authority and the certificate of a host, and what may be signed with it: its name
constraints (RFC 5280 §4.2.1.10) bind it to this host's names, so that who steals its key can pretend
to be no other server to the programs that trust it.
Does not own: using certificates (`certificates`), or certificates that readers' browsers see.
"""

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.addresses import IpAddress
from config.keys.secret_files import KeyFileError, read_secret, write_secret

AUTHORITY_LASTS = timedelta(days=3650)
CERTIFICATE_LASTS = timedelta(days=825)
"""The longest that every library takes, whoever signed."""
BEFORE = timedelta(hours=1)
"""Clocks of clients may be behind."""
ALWAYS = ("localhost", "127.0.0.1", "::1")
"""What programs on this machine call it."""
MAX_COMMON_NAME = 64

_Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class LocalAuthority:
    """The files of a local authority, in a folder of their own."""

    folder: Path

    @property
    def authority(self) -> Path:
        """What programs are to trust."""
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        """`[proxy] tls_cert`."""
        return self.folder / "cert.pem"

    @property
    def key(self) -> Path:
        """`[proxy] tls_key`."""
        return self.folder / "key.pem"

    @property
    def authority_key(self) -> Path:
        """What signs the next certificate."""
        return self.folder / "ca.key"

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return self.authority, self.authority_key, self.certificate, self.key

    def make(self, names: Sequence[str]) -> None:
        """Make the authority, and a certificate for a host of these names and addresses.

        Raises OSError, FileExistsError for a file that is there already.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        signing_key, host_key = _new_key(), _new_key()
        authority = _authority(names, signing_key)
        write_secret(self.authority_key, _pem(signing_key))
        _write_public(self.authority, authority)
        write_secret(self.key, _pem(host_key))
        _write_public(self.certificate, _issued(names, host_key, authority, signing_key))

    def renew(self) -> datetime:
        """Replace the certificate by one of the same names and key; return when that one ends.

        Raises OSError, and KeyFileError or ValueError for files that are not what `make` wrote.
        """
        authority = x509.load_pem_x509_certificate(self.authority.read_bytes())
        former = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        signing_key, host_key = _read_key(self.authority_key), _read_key(self.key)
        certificate = _issued(_names_of(former), host_key, authority, signing_key)
        _write_public(self.certificate, certificate, replace=True)
        return certificate.not_valid_after_utc


def names_of_this_host() -> tuple[str, ...]:
    """Return what this machine is called by others and by itself."""
    own = (name.rstrip(".").lower() for name in (socket.getfqdn(), socket.gethostname()))
    return tuple(dict.fromkeys((*filter(None, own), *ALWAYS)))


def _authority(names: Iterable[str], key: _Key) -> x509.Certificate:
    subject = _subject(f"Waypost on {next(iter(names))}")
    builder = _builder(subject, subject, key, AUTHORITY_LASTS)
    constraints = x509.NameConstraints([_constraint(name) for name in names], None)
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
        .sign(key, hashes.SHA256())
    )


def _issued(
    names: Sequence[str], key: _Key, authority: x509.Certificate, signing_key: _Key
) -> x509.Certificate:
    ends_early = min(CERTIFICATE_LASTS, authority.not_valid_after_utc - datetime.now(UTC))
    builder = _builder(_subject(names[0]), authority.subject, key, ends_early)
    public = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(public)
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(map(_general, names)), critical=False)
        .add_extension(issuer, critical=False)
        .sign(signing_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: _Key, lasts: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:MAX_COMMON_NAME])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _constraint(name: str) -> x509.GeneralName:
    address = _address(name)
    network = None if address is None else ipaddress.ip_network(address)
    return x509.DNSName(name) if network is None else x509.IPAddress(network)


def _address(name: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the names of a certificate; raises ValueError where it has none."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound as error:
        raise ValueError(f"the certificate has no names: {error}") from None
    addresses = map(str, extension.value.get_values_for_type(x509.IPAddress))
    return (*extension.value.get_values_for_type(x509.DNSName), *addresses)


def _new_key() -> _Key:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _read_key(path: Path) -> _Key:
    try:
        key = serialization.load_pem_private_key(read_secret(path), password=None)
    except (ValueError, TypeError) as error:
        raise KeyFileError(path, "is not a private key in PEM") from error
    if not isinstance(key, _Key):
        raise KeyFileError(path, "is not a key that `waypost init --tls` made")
    return key


def _write_public(path: Path, certificate: x509.Certificate, *, replace: bool = False) -> None:
    """Write a certificate that everybody may read, whole or not at all."""
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    write_secret(path, pem, replace=replace)
    path.chmod(0o644)
