"""The processes that are killed, and the hand that starts them again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import redis as redis_client
from honcho.environ import parse_procfile

from config.embedded import redis_program
from config.settings import ROOT

VICTIMS = ("web", "effects", "relay", "redis", "postgres")


class House:
    """Servers, web and workers of one run, each a process tree of its own."""

    def __init__(self, folder: Path, port: int, stand_in_port: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder, self.running = folder, {}
        self.redis_socket = folder / "redis.sock"
        self.logs = (folder / "processes.log").open("ab")
        phone = f"http://127.0.0.1:{stand_in_port}"
        self.env = {
            **os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "REDIS_URL": f"unix://{self.redis_socket}", "REDIS_PREFIX": "chaos", "VAR_DIR": str(folder),
            "HOST": "127.0.0.1", "PORT": str(port), "SECRET_KEY": "c" * 40, "LOG_LEVEL": "ERROR",
            "WECHAT_DIR": str(folder / "stand-in"), "WECHAT_API_BASE": phone, "WECHAT_PAY_BASE": phone,
            "WECHAT_PHONE_BASE": phone,
        }  # fmt: skip
        self.commands = parse_procfile((ROOT / "Procfile").read_text()).processes
        self.commands["stand-in"] = (
            f'python -m tests.wechat_stand_in --port {stand_in_port} --state "{folder / "stand-in"}"'
        )

    running: dict[str, subprocess.Popen[bytes]]

    def start_postgres(self) -> str:
        """Start (or start again) PostgreSQL by a process of its own; its URL."""
        program = "from config.embedded import start_postgres; from config.settings import settings;"
        program += "print(start_postgres(settings().var_dir / 'postgres'))"
        for _ in range(60):
            made = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, env={**self.env, "DATABASE_URL": ""},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            url = made.stdout.strip().replace("postgresql+psycopg://", "postgresql://")
            if made.returncode == 0 and self._answers(url):
                self.env["DATABASE_URL"] = url
                return url
            time.sleep(0.25)
        raise SystemExit(f"PostgreSQL did not start again: {made.stderr[-500:]}")

    def _answers(self, url: str) -> bool:
        try:
            with psycopg.connect(url, connect_timeout=2) as probe:
                probe.execute("SELECT 1")
            return True
        except psycopg.Error:
            return False

    def start_redis(self) -> None:
        """Start Redis on its append-only file and wait for it."""
        self.redis_socket.unlink(missing_ok=True)
        words = ["--port", "0", "--unixsocket", str(self.redis_socket), "--dir", str(self.folder), "--save", ""]
        self._spawn("redis", [redis_program(), *words, "--appendonly", "yes", "--maxmemory-policy", "noeviction"])
        for _ in range(200):
            try:
                redis_client.Redis.from_url(self.env["REDIS_URL"]).ping()
                return
            except (redis_client.RedisError, OSError):
                time.sleep(0.05)
        raise SystemExit("Redis did not start again.")

    def start(self, name: str) -> None:
        """Start one line of the Procfile."""
        self._spawn(name, ["/bin/sh", "-c", f"exec {self.commands[name]}"])

    def _spawn(self, name: str, command: list[str]) -> None:
        self.running[name] = subprocess.Popen(
            command, cwd=ROOT, env=self.env, stdout=self.logs, stderr=self.logs, start_new_session=True
        )

    def kill(self, name: str) -> None:
        """kill -9, the whole tree at once."""
        if name == "postgres":
            pid = int((self.folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, signal.SIGKILL)
            return
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def revive(self, name: str) -> None:
        """Start the victim again."""
        if name == "postgres":
            self.start_postgres()
        elif name == "redis":
            self.start_redis()
        else:
            self.start(name)

    def stop(self) -> None:
        """End everything."""
        for process in self.running.values():
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
        for process in self.running.values():
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        subprocess.run(
            [sys.executable, "-m", "config.embedded"], cwd=ROOT, env={**self.env, "DATABASE_URL": ""}, check=False
        )


def a_cashier(session: Any, shop: Any, name: str, *, now: datetime) -> tuple[int, dict[str, str]]:
    """A new till of the shop with an open shift and its cashier signed in: its id, and the headers of its browser.

    Imports the product late: the run sets its environment first.
    """
    from config.db import transaction
    from tests import factories
    from trade.stores import staff, tills
    from trade.stores.models import Till

    with transaction(session):
        till = Till(store_id=shop.store_id, name=name)
        session.add(till)
        session.flush()
        card, token = tills.register(session, till.id, shop.store_id, actor="chaos", now=now)
        cashier = staff.check_password(session, "cashier-S1", factories.PASSWORD, now=now)
        assert cashier is not None
        factories.open_shift(session, card, cashier.id, 0, now)
        cookie = staff.sign_in(session, cashier, now=now)
    return card.id, {"X-Tongdian": "1", "X-Till-Token": token, "Cookie": f"td_staff={cookie}"}
