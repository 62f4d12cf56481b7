"""Every complaint of `docs/till-complaints.md` has tests, and they are where it says."""

from __future__ import annotations

import re

import pytest

from config.settings import ROOT

ROWS = re.findall(r"^\| (4\.\d+) \| .* \| (.*) \|$", (ROOT / "docs" / "till-complaints.md").read_text(), re.M)


def test_all_thirty_five_are_there():
    assert [number for number, _ in ROWS] == [f"4.{number}" for number in range(1, 36)]


@pytest.mark.parametrize(("number", "tests"), ROWS)
def test_what_holds_a_complaint_off_exists(number, tests):
    named = re.findall(r"`((?:tests|pos|config)/[^`:]+)(?:::(\w+))?`", tests)
    assert named
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text() if name else (ROOT / path).is_file()
