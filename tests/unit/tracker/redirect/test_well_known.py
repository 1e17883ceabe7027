"""What phones look for: which host has which file."""

from pathlib import Path

from config.schema import Config
from tracker.redirect import well_known
from tracker.redirect.well_known import ANDROID, APPLE


def configured(*entries: dict[str, str]) -> Config:
    """Return a configuration with these entries."""
    return Config.model_validate({"tracker": {"well_known": entries}})


def test_a_host_has_its_own_files_or_those_of_all(tmp_path: Path) -> None:
    """Whatever its port, and however it is written."""
    for name in ("all", "own"):
        (tmp_path / name).write_text(f'["{name}"]')
    answer = well_known.load(
        configured(
            {"assetlinks": str(tmp_path / "all")},
            {"host": "app.example.com", "assetlinks": str(tmp_path / "own")},
        )
    )
    assert answer("APP.example.com:8080", ANDROID) == b'["own"]'
    assert answer("app.example.com.", ANDROID) == b'["own"]'
    assert answer("other.example.com", ANDROID) == b'["all"]'
    assert answer("", ANDROID) == b'["all"]'
    assert answer("app.example.com", APPLE) is None
    assert answer("app.example.com", b"/.well-known/security.txt") is None


def test_a_file_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    """Links redirect nevertheless."""
    missing = str(tmp_path / "missing")
    answer = well_known.load(configured({"assetlinks": missing}))
    assert answer("app.example.com", ANDROID) is None


def test_without_files_there_is_nothing() -> None:
    """As by default."""
    assert well_known.load(Config())("example.com", APPLE) is None
    assert well_known.nothing("example.com", APPLE) is None
