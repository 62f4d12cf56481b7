from __future__ import annotations

import gzip
import http.client
from urllib.parse import urlsplit

import pytest
import requests

from config import static
from config.http import make_app
from tests.servers import running

SCRIPT = "const words = 'hello';\n" * 100


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    build, pictures = root / "build", root / "pictures"
    (build / "assets").mkdir(parents=True)
    pictures.mkdir()
    (root / "secret.txt").write_text("secret")
    (root / "build-secret").mkdir()
    (root / "build-secret" / "x.js").write_text("secret")
    (build / "index.html").write_text("<html>till</html>" + " " * 600)
    (build / "assets" / "app-1a2b3c4d.js").write_text(SCRIPT)
    (build / "assets" / "tiny-1a2b3c4d.js").write_text("1")
    (build / "assets" / "font.woff2").write_bytes(b"\0" * 600)
    (build / "name.unknown").write_bytes(b"?")
    (pictures / "p0001.svg").write_text("<svg/>")
    static.compress(build)
    app = make_app("test", "0")
    static.serve(app, "till", "/till", build)
    static.serve(app, "pictures", "/pictures", pictures, single_page=False)
    static.serve(app, "none", "/none", root / "not-built")
    with running(app) as url:
        yield url, build


def _get(site, path, **headers):
    return requests.get(site[0] + path, headers={"Accept-Encoding": "identity", **headers}, timeout=5)


def _raw(site, path):
    """The path as it is: `requests` would tidy it up."""
    connection = http.client.HTTPConnection(urlsplit(site[0]).netloc, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    said = answer.status, answer.read()
    connection.close()
    return said


def test_only_texts_worth_it_are_packed_and_always_alike(site):
    _, build = site
    packed = build / "assets/app-1a2b3c4d.js.gz"
    before = packed.read_bytes()
    static.compress(build)
    assert (packed.read_bytes(), gzip.decompress(before).decode()) == (before, SCRIPT)
    assert sorted(path.name for path in build.rglob("*.gz")) == ["app-1a2b3c4d.js.gz", "index.html.gz"]


@pytest.mark.parametrize(("accepts", "encoding"), [("gzip, br", "gzip"), ("identity", None)])
def test_a_script_is_sent_as_the_browser_takes_it(site, accepts, encoding):
    answer = _get(site, "/till/assets/app-1a2b3c4d.js", **{"Accept-Encoding": accepts})
    assert (answer.status_code, answer.text, answer.headers.get("Content-Encoding")) == (200, SCRIPT, encoding)
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/till/", "/till/index.html", "/till/orders/17", "/till/assets/missing"])
def test_a_page_is_always_asked_for_anew(site, path):
    answer = _get(site, path)
    assert (answer.status_code, answer.text.strip(), answer.headers["Cache-Control"]) == (
        200,
        "<html>till</html>",
        "no-cache",
    )
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_page_that_did_not_change_is_not_sent_again(site):
    tag = _get(site, "/till/").headers["ETag"]
    again = _get(site, "/till/", **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "kind"), [("/pictures/p0001.svg", "image/svg+xml"), ("/till/name.unknown", "application/octet-stream")]
)
def test_a_file_has_its_kind_and_is_not_guessed(site, path, kind):
    answer = _get(site, path)
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_picture_is_asked_for_once_an_hour(site):
    assert _get(site, "/pictures/p0001.svg").headers["Cache-Control"] == "public, max-age=3600"


@pytest.mark.parametrize("path", ["/pictures/", "/pictures/p9999.svg", "/none/", "/none/index.html"])
def test_what_is_not_there_is_not_found(site, path):
    answer = _get(site, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/pictures/../secret.txt",
        "/pictures/..%2fsecret.txt",
        "/pictures/%2e%2e/secret.txt",
        "/pictures/..%5csecret.txt",
        "/pictures//etc/passwd",
        "/pictures/%2fetc/passwd",
        "/till/../secret.txt",
        "/till/..%2fsecret.txt",
        "/till/../build-secret/x.js",
        "/till/..%2fbuild-secret%2fx.js",
        "/till/assets/../../secret.txt",
    ],
)
def test_no_path_leaves_the_folder(site, path):
    status, body = _raw(site, path)
    assert b"secret" not in body.replace(path.encode(), b"").replace(b"secret.txt", b"").replace(b"build-secret", b"")
    assert b"root:" not in body
    assert status == 404 or b"till" in body or status in (301, 308)


def test_a_zero_byte_in_a_path_is_no_fault(site):
    assert _raw(site, "/pictures/%00")[0] == 404


def test_a_page_cannot_be_written_to(site):
    answer = requests.post(site[0] + "/till/index.html", timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (405, "wrong_method")
