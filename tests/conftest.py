"""What all tests share: the corpus, and how hard Hypothesis works."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from config.telemetry import observe

ROOT = Path(__file__).resolve().parent.parent

hypothesis.settings.register_profile("default", max_examples=60, deadline=None)
hypothesis.settings.register_profile("thorough", max_examples=3000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("WAYPOST_HYPOTHESIS", "default"))


def pytest_configure(config: pytest.Config) -> None:
    """Make the shared fixtures of `tests/support` available to every test."""
    for plugin in sorted((ROOT / "tests" / "support").glob("*_fixtures.py")):
        config.pluginmanager.import_plugin(f"tests.support.{plugin.stem}")


@pytest.fixture(autouse=True)
def _logging_stays_as_it_was() -> Iterator[None]:
    """Undo what a command run within a test did to the logging of this process."""
    write, least_level = observe._output.write, observe._output.least_level
    yield
    observe._output.write, observe._output.least_level = write, least_level


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of real messages; skip, saying so, where it is missing."""
    folder = Path(os.environ.get("WAYPOST_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip(f"no corpus at {folder} (set WAYPOST_CORPUS)")
    return folder
