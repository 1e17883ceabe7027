"""`waypost keys certificate`: what `waypost init --tls` made is renewed."""

from pathlib import Path

from tests.support.commands import run


def test_keys_certificate_renews_what_init_made(tmp_path: Path) -> None:
    """Everything else stays."""
    run("init", tmp_path, "--domain", "example.com", "--tls")
    before = {path: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    said = run("keys", "certificate", "-c", tmp_path / "waypost.toml")
    assert f"{tmp_path}/tls/cert.pem is renewed, and lasts until 20" in said
    changed = [path.name for path, content in before.items() if path.read_bytes() != content]
    assert changed == ["cert.pem"]


def test_a_certificate_of_another_authority_is_not_ours_to_renew(home: Path) -> None:
    """Nor is one that there is not."""
    said = run("keys", "certificate", "-c", home / "waypost.toml", status=1)
    assert "whoever issued it renews it" in said
