"""Where things stand in the repository, for tests that read files of it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "tests" / "configs"
DOCS = ROOT / "docs"
MESSAGES = ROOT / "tests" / "messages"
