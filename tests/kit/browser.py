"""A real browser: Debian's Chromium, installed by the tests where it is missing, driven over WebDriver."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

_PROGRAMS: Final = ("chromium", "chromedriver")
_PACKAGES: Final = ("chromium", "chromium-driver")
_INSTALL_TIMEOUT_S: Final = 240
_LOCK: Final = Path(tempfile.gettempdir()) / "plaudit-tests-chromium.lock"


def browser_here() -> None:
    """See to it that there is a browser; skips the test, saying why, where it cannot be had."""
    if _found():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip("Chromium is not installed, and these tests may not install packages here")
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _found():
            return
        for command in (
            ["apt-get", "update"],
            ["apt-get", "install", "-y", "--no-install-recommends", *_PACKAGES],
        ):
            done = subprocess.run(  # noqa: S603 - Debian's own installer
                command,
                check=False,
                capture_output=True,
                text=True,
                timeout=_INSTALL_TIMEOUT_S,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
            if done.returncode:
                pytest.skip(f"Chromium cannot be installed: {done.stderr.strip()[-300:]}")


def _found() -> bool:
    return all(shutil.which(program) for program in _PROGRAMS)


@contextmanager
def browser(*, language: str = "en") -> Iterator[Chrome]:
    """Lend a window of a headless browser whose user reads `language`."""
    browser_here()
    chromium, driver = (shutil.which(program) for program in _PROGRAMS)
    assert chromium is not None
    assert driver is not None
    with tempfile.TemporaryDirectory(prefix="plaudit-browser-") as profile:
        options = ChromeOptions()
        options.binary_location = chromium
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            f"--user-data-dir={profile}",
            f"--lang={language}",
            "--window-size=480,900",
        ):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        window = Chrome(options=options, service=Service(executable_path=driver))
        try:
            yield window
        finally:
            window.quit()
