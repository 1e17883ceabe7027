"""The picture in the README: the overview of a believable sender, as it looks at a desk.

`python -m tests.support.picture` takes it anew, with Chromium.
"""

import base64
import tempfile
import time
from pathlib import Path

from config.schema import Config, StoreConfig
from tests.support import believable
from tests.support.browser import DESK, browsing
from tests.support.repository import DOCS
from tests.support.stack import Stack

PICTURE = DOCS / "images" / "overview.png"
HEIGHT = 1180
"""In pixels: figures, chart and campaigns."""


def take(folder: Path) -> bytes:
    """Return the picture, as a PNG."""
    stack = Stack(folder=folder / "waypost", relay=9).furnish()
    believable.spool(Config(store=StoreConfig(url=f"sqlite:///{stack.database}")), time.time())
    with stack.serving("tracker"), browsing(stack.admin, folder) as browser:
        browser.open("/")
        browser.looks(DESK, height=HEIGHT)
        return base64.b64decode(browser.driver.get_screenshot_as_base64())


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        PICTURE.write_bytes(take(Path(made)))
