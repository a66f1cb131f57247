"""The Chromium of the system, and how it is started without a screen."""

from __future__ import annotations

import os
import shutil
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Root has no sandbox to start a browser in.
ARGUMENTS = ["--no-sandbox"] if hasattr(os, "getuid") and os.getuid() == 0 else []


def started(playwright: Any) -> Any | None:
    """Start the browser; None where there is none."""
    where = next(filter(None, map(shutil.which, NAMES)), None)
    return where and playwright.chromium.launch(executable_path=where, args=ARGUMENTS)
