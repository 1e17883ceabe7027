"""The published networks, as an operator's file changes them."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from config.filter_networks import BadNetworks, Label
from config.schema import Config
from tracker.judging.networks import built_in
from tracker.redirect import known_networks


def config(file: Path) -> Config:
    """Return a configuration that names a file of networks."""
    return Config.model_validate(
        {"clicks": {"networks": "networks.txt"}}, context={"folder": file.parent}
    )


def test_without_a_file_the_published_networks_are_known() -> None:
    """As they come."""
    assert known_networks.load(Config()) is built_in()


def test_a_file_adds_and_removes(tmp_path: Path) -> None:
    """All else stays."""
    file = tmp_path / "networks.txt"
    file.write_text("# ours\n203.0.113.0/24 scanner ours\n209.222.80.0/21 none\n")
    known = known_networks.load(config(file))
    assert known.label(ip_address("203.0.113.9")) == Label("scanner", "ours")
    assert known.label(ip_address("209.222.82.1")) is None
    assert known.label(ip_address("64.235.150.1")) == Label("scanner", "barracuda")


def test_a_file_that_cannot_be_read_is_no_file(tmp_path: Path) -> None:
    """Whoever loads it keeps what was in force."""
    file = tmp_path / "networks.txt"
    with pytest.raises(FileNotFoundError):
        known_networks.load(config(file))
    file.write_text("nonsense")
    with pytest.raises(BadNetworks, match="line 1"):
        known_networks.load(config(file))
