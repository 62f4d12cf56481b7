"""`make demo`: the whole product on this machine, with the demo chain and the WeChat stand-in.

Everything that is started here is stopped by Ctrl-C; the data stays in the var folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from honcho.environ import parse_procfile
from honcho.manager import Manager

from config import clock, embedded, migrate
from config.settings import ROOT, settings
from tests.demo import chain, load

DATA = ("postgres", "redis", "stand-in", "pictures")


def main() -> int:
    """Prepare, run until Ctrl-C, stop; the exit code."""
    began = time.monotonic()
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    var, phone = Path(settings().var_dir).resolve(), f"http://{settings().host}:{settings().stand_in_port}"
    for port in (settings().port, settings().stand_in_port):
        _must_be_free(port)
    if os.environ.get("RESET") == "1":
        _forget(var)
    _say("PostgreSQL and Redis")
    os.environ.update(
        DATABASE_URL=embedded.database_url().replace("postgresql+psycopg://", "postgresql://"),
        REDIS_URL=embedded.redis_url(), HOST=settings().host, VAR_DIR=str(var), PORT=str(settings().port),
        WECHAT_DIR=str(var / "stand-in"), WECHAT_API_BASE=phone, WECHAT_PAY_BASE=phone, WECHAT_PHONE_BASE=phone,
        WECHAT_RISK="true",
    )  # fmt: skip
    try:
        _prepare(var)
        return _run(var, began)
    finally:
        embedded.stop_all()


def _prepare(var: Path) -> None:
    from config.db import open_session

    _say("Migrations")
    migrate.migrate()
    load.draw()
    with open_session() as session:
        if load.is_loaded(session):
            return
        _say("Demo chain (once, about a minute)")
        load.load(session, var / "stand-in", now=clock.now(), say=_progress)
        print()


def _run(var: Path, began: float) -> int:
    manager = Manager()
    here = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    processes = parse_procfile((ROOT / "Procfile").read_text()).processes
    processes["stand-in"] = (
        f"python -m tests.wechat_stand_in --host {settings().host} --port {settings().stand_in_port}"
        f' --state "{var / "stand-in"}" --product {settings().base_url}'
    )
    for name, command in processes.items():
        manager.add_process(name, command, env=here, cwd=str(ROOT))
    _say("Web, workers, scheduler and the WeChat stand-in")
    threading.Thread(target=_tell_when_ready, args=(began,), daemon=True).start()
    manager.loop()
    return 0 if manager.returncode in (0, None) or manager.returncode < 0 or manager.returncode == 130 else 1


def _tell_when_ready(began: float) -> None:
    base = f"http://{settings().host}:{settings().port}"
    while True:
        try:
            urllib.request.urlopen(f"{base}/readyz", timeout=2)
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    print(
        f"""
Tongdian 通店 runs; ready in {time.monotonic() - began:.0f} s.  Ctrl-C stops it and keeps its data.

  收银台 Till         {base}/till/        cashier1 / {chain.PASSWORD}, PIN {chain.PIN}
  门店工作台 Desk     {base}/desk/        staff1 / {chain.PASSWORD}
  小程序商城 Mall     {base}/mall/        sign in as one of eight people, 王小明 first
  顾客的手机 Phone    http://{settings().host}:{settings().stand_in_port}/phone/    WeChat stand-in; /phone/console
  API                 {base}/openapi.json

  A till is registered once by manager1 / {chain.PASSWORD}.  Stores 2 and 3 have cashier2, staff2, manager2, ...;
  the head office is office.  All passwords and PINs are the same.  A phone to try: 138 0000 0001.
""",
        flush=True,
    )


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings().host, port))
        except OSError:
            sys.exit(
                f"Port {port} is taken, perhaps by another make demo.  Stop that one, or choose other ports:"
                " make demo PORT=8001 STAND_IN_PORT=8091 VAR_DIR=var/second"
            )


def _forget(var: Path) -> None:
    if settings().database_url or settings().redis_url:
        sys.exit("RESET=1 empties only the embedded servers; empty the database of DATABASE_URL yourself.")
    _say("Forgetting the former demo")
    # In a process of its own: this one shall start servers on the same folders.
    subprocess.run([sys.executable, "-m", "config.embedded"], cwd=ROOT, check=True)
    for name in DATA:
        shutil.rmtree(var / name, ignore_errors=True)


def _say(what: str) -> None:
    print(f"== {what}", flush=True)


def _progress(what: str) -> None:
    if what.startswith("day") and sys.stdout.isatty():
        print(f"\r   {what:<70}", end="", flush=True)
    elif not what.startswith("day") or " 1 of" in what or "0 of" in what:
        print(f"   {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
