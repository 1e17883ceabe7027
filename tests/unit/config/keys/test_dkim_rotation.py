"""Replacing a DKIM key: what it is called, and what of the configuration changes."""

import os
from pathlib import Path

import pytest

from config.keys.dkim_rotation import CannotRotate, rotation, switched, write_configuration
from config.loading.lines import key_lines
from config.schema import Config, DkimConfig, SenderConfig

TEXT = """\
# Ours
[[sender]]
domain = "example.com"
[[sender.dkim]]
selector = "waypost1"  # selector = "waypost1"
key_file = '/etc/waypost/dkim.pem'

[[sender]]
domain = "example.org"
dkim = [{ selector = "waypost1", key_file = "/etc/waypost/dkim.pem" }]
"""


def config(*selectors: str, file: str = "/etc/waypost/dkim.pem") -> Config:
    """Return one whose domain has keys of these selectors, and another domain."""
    keys = tuple(DkimConfig(selector=name, key_file=Path(file)) for name in selectors)
    other = DkimConfig(selector="waypost1", key_file=Path(file))
    return Config(
        sender=(
            SenderConfig(domain="example.com", dkim=keys),
            SenderConfig(domain="example.org", dkim=(other,)),
        )
    )


@pytest.mark.parametrize(
    ("selector", "file", "next_selector", "next_file"),
    [
        ("waypost1", "/k/dkim.pem", "waypost2", "/k/dkim-waypost2.pem"),
        ("waypost9", "/k/dkim-waypost9.pem", "waypost10", "/k/dkim-waypost10.pem"),
        ("mail", "/k/mail.key", "mail2", "/k/mail-mail2.key"),
        ("s2026", "/k/dkim", "s2027", "/k/dkim-s2027"),
    ],
)
def test_the_next_selector_is_one_more(
    selector: str, file: str, next_selector: str, next_file: str
) -> None:
    """And so is its file, beside the other."""
    change = rotation(config(selector, file=file), "example.com", None)
    assert (change.new.selector, change.new.key_file) == (next_selector, Path(next_file))
    assert change.old.selector == selector


def test_a_selector_that_is_in_use_is_passed_over() -> None:
    """One name in the DNS holds one key."""
    change = rotation(config("waypost1", "waypost2"), "example.com", "waypost1")
    assert change.new.selector == "waypost3"


def test_which_key_is_meant_has_to_be_clear() -> None:
    """The keys that it could be are listed."""
    with pytest.raises(CannotRotate, match=r"example.com waypost1, example.org waypost1"):
        rotation(config("waypost1"), None, None)
    with pytest.raises(CannotRotate, match=r"no such \[\[sender.dkim\]\]"):
        rotation(config("waypost1"), "example.net", None)


def test_two_values_of_the_file_change_and_no_other_octet() -> None:
    """Comments and quotes included."""
    change = rotation(config("waypost1"), "example.com", None)
    before, after = TEXT.split("\n"), switched(TEXT, key_lines(TEXT), change).split("\n")
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
        (
            'selector = "waypost1"  # selector = "waypost1"',
            'selector = "waypost2"  # selector = "waypost1"',
        ),
        ("key_file = '/etc/waypost/dkim.pem'", 'key_file = "/etc/waypost/dkim-waypost2.pem"'),
    ]


def test_a_key_in_one_line_is_changed_as_well() -> None:
    """As an inline table."""
    change = rotation(config("waypost1"), "example.org", None)
    after = switched(TEXT, key_lines(TEXT), change)
    wanted = '{ selector = "waypost2", key_file = "/etc/waypost/dkim-waypost2.pem" }'
    assert f"dkim = [{wanted}]" in after


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace('selector = "waypost1"  #', '"selector" = "waypost1"  #'),
        TEXT.replace("'/etc/waypost/dkim.pem'", '"""/etc/waypost/dkim.pem"""'),
    ],
)
def test_lines_that_are_written_in_an_unusual_way_are_left_alone(text: str) -> None:
    """Rather than changed into something else."""
    change = rotation(config("waypost1"), "example.com", None)
    with pytest.raises(CannotRotate, match="written in an unusual way"):
        switched(text, key_lines(text), change)


def test_a_configuration_keeps_its_mode_and_its_place_behind_a_link(tmp_path: Path) -> None:
    """And nothing is left beside it."""
    file = tmp_path / "real.toml"
    file.write_text("old")
    file.chmod(0o640)
    (tmp_path / "waypost.toml").symlink_to(file)
    write_configuration(tmp_path / "waypost.toml", "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "waypost.toml").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["real.toml", "waypost.toml"]  # noqa: PTH208
