"""Somebody with a browser at the pages of the admin listener; and what axe-core finds wrong with a page.

Screenshots go to the folder that `$WAYPOST_SCREENSHOTS` names, else to the test's own.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.readers.web import chromium
from tests.support.repository import ROOT
from tests.support.waiting import until

DESK, PHONE = 1280, 360
"""Widths, in pixels."""
SCHEMES = ("light", "dark")
_AXE = ROOT / "tests" / "vendor" / "axe-core" / "axe.min.js"
_RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ['violations']}).then(
    found => done(found.violations.flatMap(
        each => each.nodes.map(node => `${each.id}: ${each.help}: ${node.html}`))),
    error => done([String(error)]));
"""
_WITHOUT_SCRIPTS = "--blink-settings=scriptEnabled=false"


@dataclass
class Browser:
    """Chromium at one admin listener."""

    driver: WebDriver
    origin: str
    shots: Path

    def open(self, path: str) -> None:
        """Open a page."""
        self.driver.get(self.origin + path)

    def follow(self, text: str, within: str = "main") -> None:
        """Click on the first link with this text in a part of the page, and be where it leads."""
        with self.leaving():
            self._link(text, within).click()

    @contextlib.contextmanager
    def leaving(self) -> Iterator[None]:
        """Wait until the page that is there before the block is another."""
        before = self.driver.find_element(By.TAG_NAME, "html")
        yield
        # While one page gives way to the next, the driver may have neither, which it tells as an error of its own.
        amid = (WebDriverException,)
        WebDriverWait(self.driver, 30, ignored_exceptions=amid).until(staleness_of(before))

    def _link(self, text: str, within: str = "main") -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, within).find_element(By.LINK_TEXT, text)

    def download(self, text: str) -> str:
        """Click on the link of a file, and return what the file holds."""
        with tempfile.TemporaryDirectory(prefix="waypost-download-") as folder:
            told = {"behavior": "allow", "downloadPath": folder}
            self._tell("Browser.setDownloadBehavior", told)
            self._link(text).click()
            until(lambda: _come(Path(folder)))
            return _come(Path(folder))[0].read_bytes().decode()

    @property
    def path(self) -> str:
        """What the address bar says, less the host."""
        return self.driver.current_url.removeprefix(self.origin)

    def texts(self, selector: str) -> list[str]:
        """Return what stands in elements of the page, as far as it is seen."""
        return [each.text for each in self.driver.find_elements(By.CSS_SELECTOR, selector)]

    def press(self, *keys: str) -> None:
        """Press keys, on whatever has the focus."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def tab_to(self, text: str, most: int = 80) -> None:
        """Press the tabulator until what reads so has the focus."""
        for _ in range(most):
            self.press(Keys.TAB)
            if self.driver.switch_to.active_element.text.strip() == text:
                return
        raise AssertionError(f"{text} is not reached with the keyboard")

    def looks(self, width: int = DESK, scheme: str = "light", height: int = 900) -> None:
        """Be a screen of this width, whose owner likes it light or dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._tell("Emulation.setDeviceMetricsOverride", size)
        liked = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self._tell("Emulation.setEmulatedMedia", liked)

    def findings(self) -> list[str]:
        """Return what axe-core finds wrong with the page as it looks now."""
        self.driver.execute_script(_AXE.read_text())  # type: ignore[no-untyped-call]
        found: list[str] = self.driver.execute_async_script(_RUN_AXE)  # type: ignore[no-untyped-call]
        return found

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the screen."""
        script = "const it = document.documentElement; return it.scrollWidth - it.clientWidth"
        return int(self.driver.execute_script(script))  # type: ignore[no-untyped-call]

    def shoot(self, name: str, width: int = DESK, scheme: str = "light") -> Path:
        """Save a picture of all of the page as it looks at a width, and return its file."""
        self.looks(width, scheme)
        script = "return document.documentElement.scrollHeight"
        self.looks(width, scheme, self.driver.execute_script(script))  # type: ignore[no-untyped-call]
        file = self.shots / f"{name}-{width}-{scheme}.png"
        file.write_bytes(self.driver.get_screenshot_as_png())
        return file

    def complaints(self) -> list[str]:
        """Return what the browser complained about since last asked, as what its policy forbade."""
        log: list[dict[str, Any]] = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(each["message"]) for each in log]

    def _tell(self, command: str, values: dict[str, Any]) -> None:
        self.driver.execute_cdp_cmd(command, values)  # type: ignore[no-untyped-call]


def _come(folder: Path) -> list[Path]:
    """Return the files that have come; Chromium makes an empty one of that name before it has any of it."""
    return [each for each in folder.glob("*.csv") if each.stat().st_size]


@contextlib.contextmanager
def browsing(port: int, folder: Path, *, scripts: bool = True) -> Iterator[Browser]:
    """Start a browser, with scripts or without, at the admin listener on a port of this machine."""
    flags = () if scripts else (_WITHOUT_SCRIPTS,)
    shots = Path(os.environ.get("WAYPOST_SCREENSHOTS") or folder / "screenshots")
    shots.mkdir(parents=True, exist_ok=True)
    with chromium(str(folder / "profile"), "--hide-scrollbars", *flags) as driver:
        yield Browser(driver, f"http://127.0.0.1:{port}", shots)
