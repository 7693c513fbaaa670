"""A headless Chromium for tests of pages: Debian's ``chromium`` driven by Playwright, with the network counted.

Skips, with the reason, where there is none; in CI (the environment variable ``CI``) that is a failure instead.
"""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """Give a Chromium; one for the whole run, because it starts slowly."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        _missing("playwright is not installed")
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        except Error as error:
            _missing(f"no Chromium to test with (apt-get install chromium): {str(error).splitlines()[0]}")
        yield browser
        browser.close()


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
