"""The workers as processes of their own, forked from one that has read all their code: reading takes seconds each."""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context

import workers.jobs

WORKERS = (
    ("workers.relay",),
    ("workers.run", "effects"),
    ("workers.run", "wechat"),
    ("workers.run", "till"),
    ("workers.schedule",),
)
READ_BEFORE = [name for name, *_ in WORKERS] + [
    f"workers.jobs.{job.name}" for job in pkgutil.iter_modules(workers.jobs.__path__)
]
FROM = get_context("forkserver")
FROM.set_forkserver_preload(["tests.browser.at_work", *READ_BEFORE])


def _work(module: str, words: tuple[str, ...], env: Mapping[str, str]) -> None:
    from config.settings import settings

    os.environ.update(env)
    settings.cache_clear()
    import_module(module).main(*words)


@contextmanager
def at_work(env: Mapping[str, str]) -> Iterator[None]:
    """All of them, until the end; `env` is what their settings are read from."""
    running = [FROM.Process(target=_work, args=(module, words, env), daemon=True) for module, *words in WORKERS]
    for process in running:
        process.start()
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.join(20)
            assert process.exitcode is not None, "a worker does not stop"
            process.close()
