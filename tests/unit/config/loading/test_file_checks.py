"""Whether the files that a configuration names exist and hold what they should.

The exact words stand in tests/configs (`test_load_bad_configs`); here is what those files cannot
show: certificates that end, credentials of systemd, folders and permissions.
"""

import datetime as dt
import os
from pathlib import Path

import pytest
import trustme

from config.keys.dkim_keys import write_dkim_key
from config.keys.token_keys import new_token_key, write_token_keys
from config.loading.file_checks import RENEW_WITHIN, RULES
from config.loading.rules import Finding, findings
from config.schema import Config


def found(folder: Path, **tables: object) -> list[Finding]:
    """Return what is found with these tables, in a folder that has token keys and a store."""
    keys = folder / "token.keys"
    if not keys.exists():
        write_token_keys(keys, [new_token_key()])
    tables = {"keys": {"file": "token.keys"}, **tables}
    return list(findings(RULES, Config.model_validate(tables, context={"folder": folder})))


def certificate(folder: Path, name: str = "server", left: dt.timedelta | None = None) -> None:
    """Write a certificate and its key, as `NAME.pem` and `NAME.key`; it ends after `left`."""
    ends = None if left is None else dt.datetime.now(dt.UTC) + left
    issued = trustme.CA().issue_cert("mail.example.com", not_after=ends)
    issued.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
    issued.private_key_pem.write_to_path(folder / f"{name}.key")
    (folder / f"{name}.key").chmod(0o600)


SERVER = {"tls_cert": "server.pem", "tls_key": "server.key"}


def test_with_all_files_there_nothing_is_found(tmp_path: Path) -> None:
    """Token keys, a DKIM key, certificates, a password, files for phones, a folder for the store."""
    certificate(tmp_path)
    write_dkim_key(tmp_path / "dkim.pem")
    (tmp_path / "password").write_text("secret")
    (tmp_path / "password").chmod(0o600)
    (tmp_path / "links.json").write_text("[]")
    key = {"selector": "s1", "key_file": "dkim.pem"}
    tracker = {
        **SERVER,
        "admin_password_file": "password",
        "well_known": [{"assetlinks": "links.json"}],
    }
    sender = [{"domain": "example.com", "dkim": [key]}]
    relay = {"ca_file": "server.pem"}
    assert found(tmp_path, proxy=SERVER, tracker=tracker, sender=sender, relay=relay) == []


def test_token_keys_are_needed(tmp_path: Path) -> None:
    """No link could be made or read without."""
    (finding,) = found(tmp_path, keys={})
    assert (finding.loc, finding.what, finding.fatal) == (("keys", "file"), "is missing", True)
    (finding,) = found(tmp_path, keys={"file": "lost.keys"})
    assert finding.what == f"{tmp_path}/lost.keys does not exist"


def test_each_dkim_key_that_does_not_fit_is_found(tmp_path: Path) -> None:
    """At its own place among senders and keys."""
    write_dkim_key(tmp_path / "rsa.pem")
    good = {"selector": "s1", "key_file": "rsa.pem"}
    wrong = {"selector": "s2", "key_file": "rsa.pem", "algorithm": "ed25519-sha256"}
    lost = {"selector": "s3", "key_file": "lost.pem"}
    senders = [
        {"domain": "example.com", "dkim": [good, wrong]},
        {"domain": "example.net", "dkim": [lost]},
    ]
    assert [each.loc for each in found(tmp_path, sender=senders)] == [
        ("sender", 0, "dkim", 1, "key_file"),
        ("sender", 1, "dkim", 0, "key_file"),
    ]


def test_two_keys_behind_one_credential_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`LoadCredential=dkim.pem:…` would sign for both domains with the same key."""
    passed = tmp_path / "credentials"
    passed.mkdir()
    write_dkim_key(passed / "dkim.pem")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(passed))
    senders = [
        {
            "domain": f"{name}.example",
            "dkim": [{"selector": "s1", "key_file": f"/etc/{name}/dkim.pem"}],
        }
        for name in ("a", "b")
    ]
    (finding,) = found(tmp_path, sender=senders)
    assert finding.loc == ("sender", 1, "dkim", 0, "key_file")
    assert finding.what == "/etc/b/dkim.pem and /etc/a/dkim.pem are the same systemd credential"


@pytest.mark.parametrize("table", ["proxy", "tracker"])
def test_a_certificate_that_ends_soon_is_a_warning(tmp_path: Path, table: str) -> None:
    """It still works, and somebody should renew it."""
    certificate(tmp_path, left=RENEW_WITHIN - dt.timedelta(hours=1))
    (finding,) = found(tmp_path, **{table: SERVER})
    assert (finding.loc, finding.fatal) == ((table, "tls_cert"), False)
    assert "server.pem ends on 20" in finding.what
    certificate(tmp_path, left=RENEW_WITHIN + dt.timedelta(days=1))
    assert found(tmp_path, **{table: SERVER}) == []


def test_a_key_of_another_certificate_is_found(tmp_path: Path) -> None:
    """OpenSSL's reason is told in words."""
    certificate(tmp_path)
    certificate(tmp_path, "other")
    (finding,) = found(tmp_path, proxy={"tls_cert": "server.pem", "tls_key": "other.key"})
    assert finding.what.endswith("do not work together: key values mismatch")


@pytest.mark.parametrize("lacks", ["certificate", "key"])
def test_a_file_that_lacks_one_of_the_two_is_told_so(tmp_path: Path, lacks: str) -> None:
    """OpenSSL names no reason there."""
    certificate(tmp_path)
    other = {"certificate": "server.key", "key": "server.pem"}[lacks]
    (tmp_path / other).chmod(0o600)
    (finding,) = found(tmp_path, tracker={"tls_cert": other})
    assert finding.what.endswith("do not work together: no certificate can be read, or no key")


def test_the_key_of_a_certificate_may_be_read_by_a_group(tmp_path: Path) -> None:
    """Debian's ssl-cert; but not by everybody."""
    certificate(tmp_path)
    (tmp_path / "server.key").chmod(0o640)
    assert found(tmp_path, proxy=SERVER) == []
    (tmp_path / "server.key").chmod(0o644)
    (finding,) = found(tmp_path, proxy=SERVER)
    assert finding.loc == ("proxy", "tls_key")
    assert "mode 0644" in finding.what


def test_a_key_inside_of_the_certificates_file_is_told_at_that_key(tmp_path: Path) -> None:
    """Where there is no `tls_key`, its file is the certificate's."""
    certificate(tmp_path)
    both = (tmp_path / "server.pem").read_bytes() + (tmp_path / "server.key").read_bytes()
    (tmp_path / "both.pem").write_bytes(both)
    (tmp_path / "both.pem").chmod(0o644)
    (finding,) = found(tmp_path, tracker={"tls_cert": "both.pem"})
    assert finding.loc == ("tracker", "tls_cert")
    (tmp_path / "both.pem").chmod(0o600)
    assert found(tmp_path, tracker={"tls_cert": "both.pem"}) == []


def test_a_certificate_that_cannot_be_read_is_found(tmp_path: Path) -> None:
    """Its key alone serves nobody."""
    certificate(tmp_path)
    (tmp_path / "server.pem").unlink()
    (finding,) = found(tmp_path, proxy=SERVER)
    assert finding.loc == ("proxy", "tls_cert")
    assert finding.what.endswith("cannot be read: No such file or directory")


@pytest.mark.parametrize(
    ("text", "what"),
    [(None, "cannot be read: No such file"), ("nonsense", "holds no certificate in PEM")],
)
def test_certificates_to_trust_are_read(tmp_path: Path, text: str | None, what: str) -> None:
    """At start, not at the first connection to the relay."""
    if text is not None:
        (tmp_path / "ca.pem").write_text(text)
    (finding,) = found(tmp_path, relay={"ca_file": "ca.pem"})
    assert finding.loc == ("relay", 0, "ca_file")
    assert what in finding.what


def test_an_empty_password_is_none(tmp_path: Path) -> None:
    """The admin listener would let in whoever sends an empty one."""
    (tmp_path / "password").write_text(" \n")
    (tmp_path / "password").chmod(0o600)
    (finding,) = found(tmp_path, tracker={"admin_password_file": "password"})
    assert finding.what == f"{tmp_path}/password is empty"


def test_a_hash_that_opens_to_nobody_is_told(tmp_path: Path) -> None:
    """Half of one, as somebody copied it."""
    (tmp_path / "password").write_text("$argon2id$v=19$m=19456,t=2,p=1$vGL3")
    (tmp_path / "password").chmod(0o600)
    (finding,) = found(tmp_path, tracker={"admin_password_file": "password"})
    assert finding.what.endswith("/password holds an Argon2id hash that is cut off or damaged")
    assert finding.hint == "`waypost password` makes a hash"


def test_each_file_for_phones_is_found_at_its_key(tmp_path: Path) -> None:
    """What a phone cannot read opens no app."""
    (tmp_path / "bad.json").write_text("{")
    files = {"apple_app_site_association": "lost.json", "assetlinks": "bad.json"}
    lost, bad = found(tmp_path, tracker={"well_known": [files]})
    assert lost.loc == ("tracker", "well_known", 0, "apple_app_site_association")
    assert "cannot be read" in lost.what
    assert bad.loc == ("tracker", "well_known", 0, "assetlinks")
    assert "is not JSON" in bad.what


def test_a_store_needs_a_folder_that_can_be_written(tmp_path: Path) -> None:
    """A folder in its place is a mistake; one that is missing may still be made."""
    (tmp_path / "folder").mkdir()
    (finding,) = found(tmp_path, store={"url": "sqlite:///folder"})
    assert (finding.fatal, finding.hint) == (True, "name a file in it")
    (finding,) = found(tmp_path, store={"url": "sqlite:///lost/waypost.db"})
    assert (finding.fatal, "does not exist" in finding.what) == (False, True)


def test_a_store_whose_folder_is_not_ours_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator may not be the user of the service."""
    # Root may write everywhere, so the system's answer stands in for another user's.
    monkeypatch.setattr(os, "access", lambda *_: False)
    (finding,) = found(tmp_path, store={"url": "sqlite:///waypost.db"})
    assert (finding.loc, finding.fatal) == (("store", "url"), False)
    assert f"cannot write to the folder {tmp_path}" in finding.what


POSTGRESQL = {"url": "postgresql:///waypost", "state": "."}


def test_postgresql_needs_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes with an extra of the package, which is named."""
    assert found(tmp_path, store=POSTGRESQL) == []
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    (finding,) = found(tmp_path, store=POSTGRESQL)
    assert (finding.loc, finding.fatal) == (("store", "url"), True)
    assert ".[postgresql]" in finding.hint


def test_the_folder_of_a_node_is_looked_at(tmp_path: Path) -> None:
    """As that of a database is."""
    (finding,) = found(tmp_path, store={**POSTGRESQL, "state": "lost"})
    assert finding.loc == ("store", "state")
    assert "does not exist" in finding.what


def test_the_password_of_the_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Like any other secret."""
    (tmp_path / "pgpass").write_text("*:*:*:*:secret")
    (tmp_path / "pgpass").chmod(0o644)
    (finding,) = found(tmp_path, store={**POSTGRESQL, "passfile": "pgpass"})
    assert finding.loc == ("store", "passfile")
