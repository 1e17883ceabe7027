"""The example file and the pages of docs/ that are written from the declarations."""

import tomllib
from pathlib import Path

import pytest

from config.reference import manual
from config.reference.catalogue import tables
from config.schema import Config


def uncommented(text: str) -> str:
    """Return the example file with every key set: `#key` is one, `# text` is not."""
    return "\n".join(
        line[1:] if line.startswith("#") and line[1:2].strip() else line
        for line in text.splitlines()
    )


def test_every_key_of_the_example_file_is_valid() -> None:
    """With any # taken away the file is still one that the schema accepts."""
    data = tomllib.loads(uncommented(manual.example_file({})))
    config = Config.model_validate(data, context={"folder": Path("/etc/waypost")})
    assert config.sender[0].domain == "example.com"
    known = {entry.name.partition(".")[0] for entry in tables()}
    assert set(data) == known


def test_defaults_in_the_example_file_are_the_defaults() -> None:
    """A commented key shows what is in force without it."""
    values = tomllib.loads(uncommented(manual.example_file({})))
    config = Config.model_validate(values, context={"folder": Path("/etc/waypost")})
    assert config.proxy.max_size == Config().proxy.max_size
    assert config.relay.data_timeout == Config().relay.data_timeout
    assert config.tracking.dialects == Config().tracking.dialects
    assert config.privacy == Config().privacy


def test_only_what_is_asked_for_is_set() -> None:
    """All other keys stand as comments."""
    text = manual.example_file({"relay": {"port": "587"}})
    assert tomllib.loads(text) == {
        **{
            name: {}
            for name in ("proxy", "tracker", "clicks", "store", "privacy", "stream", "keys", "log")
        },
        "relay": {"port": 587},
        "tracking": {"identify": {}},
    }


@pytest.mark.parametrize(
    ("name", "written"),
    [("configuration.md", manual.configuration_page), ("monitoring.md", manual.monitoring_page)],
)
def test_the_pages_are_current(name: str, written: object) -> None:
    """Run `python -m config.reference.manual` after changing a key, a log event or a metric."""
    assert callable(written)
    assert (manual.DOCS / name).read_text(encoding="utf-8") == written()


def test_no_line_of_the_manual_is_endless() -> None:
    """But for defaults that cannot be broken, lines are as long as in the rest of the docs."""
    long = [line for line in manual.configuration_page().splitlines() if len(line) > 120]
    assert [line for line in long if "default" not in line] == []


def test_both_pages_are_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one command, whichever of them is stale."""
    monkeypatch.setattr(manual, "DOCS", tmp_path)
    (tmp_path / "monitoring.md").write_text("stale")
    manual.write_pages()
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert written == {
        "configuration.md": manual.configuration_page(),
        "monitoring.md": manual.monitoring_page(),
    }
