"""The built front ends: hashed assets for ever, pages always asked for anew, pictures once an hour."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from apiflask import APIFlask
from flask import Response, request, send_from_directory
from werkzeug.security import safe_join

from config.errors import NotFound
from config.http import permit

_HASHED = re.compile(r"[-.][0-9A-Za-z_-]{8,}\.(?:js|css|svg|png|woff2)$")
_HOUR = "public, max-age=3600"
"""Of a picture: asked for anew, each line that a till scans would be a request."""
_PACKED = {".js", ".css", ".html", ".svg", ".json"}


def compress(folder: Path) -> None:
    """Write a `.gz` beside every text file of a build, once, so that serving costs no CPU."""
    for path in folder.rglob("*"):
        if path.suffix in _PACKED and path.stat().st_size > 512:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def serve(app: APIFlask, name: str, prefix: str, folder: Path, *, single_page: bool = True) -> None:
    """Serve one build under `prefix`; an unknown path of a single-page app is its index."""

    def page(path: str = "index.html") -> Response:
        target = safe_join(str(folder), path)
        if target is None or not Path(target).is_file():
            if not single_page or not (folder / "index.html").is_file():
                raise NotFound(path=path)
            path, target = "index.html", str(folder / "index.html")
        packed = Path(target + ".gz").is_file() and "gzip" in request.headers.get("Accept-Encoding", "")
        response = send_from_directory(
            folder, path + ".gz" if packed else path, mimetype=_mimetype(path), conditional=True
        )
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if _HASHED.search(path) else "no-cache" if single_page else _HOUR
        )
        return response

    guarded = app.doc(hide=True)(permit("public")(page))
    app.add_url_rule(f"{prefix}/", name, guarded)
    app.add_url_rule(f"{prefix}/<path:path>", name, guarded)


def _mimetype(path: str) -> str:
    kinds = {
        ".js": "text/javascript",
        ".css": "text/css",
        ".html": "text/html",
        ".svg": "image/svg+xml",
        ".json": "application/json",
        ".webmanifest": "application/manifest+json",
        ".png": "image/png",
        ".ico": "image/x-icon",
    }
    return kinds.get(Path(path).suffix, "application/octet-stream")
