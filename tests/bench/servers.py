"""The servers that are measured: product and floor, each a real process tree with the same server program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.settings import ROOT

WORKERS, THREADS = 2, 4
PRODUCT = "wsgi:create_app"


def command(server: str, app: str, port: int) -> list[str]:
    """How a server program serves an application factory `module:name`."""
    here = Path(sys.executable).parent
    if server == "granian" and app == PRODUCT:
        return [sys.executable, "wsgi.py"]  # as the Procfile does
    if server == "granian":
        return [
            str(here / "granian"), "--interface", "wsgi", "--factory", "--host", "127.0.0.1", "--port", str(port),
            "--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--no-ws", "--log-level", "error", app,
        ]  # fmt: skip
    return [
        str(here / "gunicorn"), "--worker-class", "gthread", "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS),
        "--threads", str(THREADS), "--log-level", "error", "--keep-alive", "30", f"{app}()",
    ]  # fmt: skip


@contextmanager
def serving(server: str, app: str, port: int, alive: str, **env: str) -> Iterator[int]:
    """Serve until the block ends; gives the pid of the server's tree."""
    ours = {"PORT": str(port), "WEB_WORKERS": str(WORKERS), "WEB_THREADS": str(THREADS), "MALLOC_ARENA_MAX": "1"}
    process = subprocess.Popen(
        command(server, app, port), cwd=ROOT, env={**os.environ, **ours, **env}, start_new_session=True
    )
    try:
        _await(f"http://127.0.0.1:{port}{alive}", process)
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit(f"The server of {url} ended at its start.")
        try:
            urllib.request.urlopen(url, timeout=1)
            return
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit(f"No answer from {url} in 30 s.")
