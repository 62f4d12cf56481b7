"""Node from pip, with a package that needs nothing from the net."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from config import node
from config.settings import settings

BUILD = (
    "require('fs').mkdirSync('dist',{recursive:true});require('fs').writeFileSync('dist/index.html','<p>'.repeat(300))"
)

NEAR = {"near": "file:near"}
LOCK = {
    "name": "front",
    "lockfileVersion": 3,
    "requires": True,
    "packages": {
        "": {"name": "front", "dependencies": NEAR},
        "near": {"version": "1.0.0"},
        "node_modules/near": {"resolved": "near", "link": True},
    },
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of one source and one script."""
    monkeypatch.setattr(settings(), "var_dir", tmp_path / "var")
    folder = tmp_path / "front"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.ts").write_text("1")
    _scripts(folder, BUILD)
    (folder / "near").mkdir()
    (folder / "near" / "package.json").write_text('{"name": "near", "version": "1.0.0"}')
    (folder / "package-lock.json").write_text(json.dumps(LOCK))
    return node.Package("front", folder, ("src", "package-lock.json"), ("build",), (folder / "dist",))


def _scripts(folder, code):
    said = {"name": "front", "dependencies": NEAR, "scripts": {"build": f'node -e "{code}"'}}
    (folder / "package.json").write_text(json.dumps(said))


def test_a_build_is_made_once_for_the_same_sources(package, capsys):
    node.build(package)
    assert "npm run build" in capsys.readouterr().out
    index = package.folder / "dist/index.html"
    assert index.with_name("index.html.gz").is_file()
    made = index.stat().st_mtime_ns
    node.build(package)
    assert (capsys.readouterr().out, index.stat().st_mtime_ns) == ("", made)
    (package.folder / "src" / "main.ts").write_text("2")
    node.build(package)
    assert "npm run build" in capsys.readouterr().out


def test_a_build_whose_page_is_gone_is_made_again(package):
    node.build(package)
    (package.folder / "dist/index.html").unlink()
    node.build(package)
    assert (package.folder / "dist/index.html").is_file()


def test_a_build_that_fails_is_tried_from_the_pins_and_then_says_why(package, capsys):
    _scripts(package.folder, "console.error('no such colour');process.exit(3)")
    with pytest.raises(SystemExit, match="no such colour") as failed:
        node.build(package)
    assert "npm run build failed for the front front ends; the whole log is node-front.log" in str(failed.value)
    assert "trying again" in capsys.readouterr().out
    assert not (package.folder / "dist" / ".ready").exists()


def test_an_install_that_fails_says_so(package):
    (package.folder / "package.json").write_text("{")
    with pytest.raises(SystemExit, match="npm install failed"):
        node.build(package)


def test_the_fingerprint_of_sources_sees_content_and_names_and_not_what_was_built(package):
    before = node._fingerprint(node._sources(package))
    for name in ("node_modules", "dist", "__pycache__"):
        (package.folder / "src" / name).mkdir()
        (package.folder / "src" / name / "x.js").write_text("x")
    assert node._fingerprint(node._sources(package)) == before
    shutil.move(package.folder / "src/main.ts", package.folder / "src/other.ts")
    assert node._fingerprint(node._sources(package)) != before


def test_a_stamp_says_only_what_it_says(tmp_path):
    stamp = tmp_path / ".ready"
    assert not node._stamp_says(stamp, "a")
    stamp.write_text("a")
    assert [node._stamp_says(stamp, value) for value in ("a", "b")] == [True, False]


def test_scripts_of_packages_find_our_node_first():
    first = node.environment()["PATH"].split(os.pathsep)[0]
    assert (Path(first) / "node").exists()


def test_every_front_end_has_its_package_and_its_page():
    for package in (one for one in node.PACKAGES if one.folder.exists()):
        known = json.loads((package.folder / "package.json").read_text("utf-8"))["scripts"]
        assert set(package.scripts) <= known.keys()
        assert (package.folder / "package-lock.json").is_file()
