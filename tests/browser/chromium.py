"""A Chromium to drive: one that is there, or Debian's where this machine may install it."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-noto-cjk", "fonts-noto-color-emoji")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@lru_cache(maxsize=1)
def find() -> tuple[str | None, str]:
    """The program's path, or None and the reason why there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found:
        return found, ""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None, "no Chromium on PATH, and only root on a Debian system can install one (apt-get install chromium)"
    for words in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", *PACKAGES]):
        made = subprocess.run(["apt-get", *words], capture_output=True, text=True, check=False)
        if made.returncode:
            return None, f"no Chromium on PATH, and apt-get {words[0]} failed: {made.stderr.strip()[-200:]}"
    return shutil.which("chromium"), "apt-get installed no chromium program"
