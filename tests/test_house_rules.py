"""The rules of the house that a machine can hold (see README, "House rules")."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("config", "member", "trade", "paying", "recommend", "pos", "mall", "office", "workers")
SOURCES = sorted(
    path
    for room in (*ROOMS, "tests")
    for path in (ROOT / room).rglob("*.py")
    if "migrations" not in path.parts and "node_modules" not in path.parts
)
FRONT = sorted(
    path
    for folder in ("config/web", "pos/web", "mall/miniapp/src", "office/web")
    for kind in ("*.vue", "*.ts")
    for path in (ROOT / folder).rglob(kind)
)
STATE_COLUMNS = re.compile(r"\bSET\b(?:(?!\bWHERE\b)[^;])*?\bstate\s*=", re.IGNORECASE)
MONEY_WORDS = {"amount", "price", "total"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def long_functions(nodes: list[ast.AST], of: tuple[str, ...]) -> list[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [n.name for n in nodes if isinstance(n, kinds) and (n.end_lineno or 0) - n.lineno + 1 > 50]


def commits(nodes: list[ast.AST], of: tuple[str, ...]) -> list[str]:
    """Only `transaction()` commits; what `stock.commit` ends is a promise of stock, and no transaction."""
    if of[0] == "tests" or of == ("config", "db.py"):
        return []
    return [call for call in calls(nodes) if call.endswith((".commit", ".rollback")) and call != "stock.commit"]


def clocks(nodes: list[ast.AST], of: tuple[str, ...]) -> list[str]:
    """Only the clock reads the time."""
    if of[0] == "tests" or of == ("config", "clock.py"):
        return []
    forbidden = {"datetime.now", "datetime.utcnow", "date.today", "datetime.today", "time.time"}
    return sorted(forbidden & set(calls(nodes)))


def fractions(nodes: list[ast.AST], of: tuple[str, ...]) -> list[str]:
    """Rooms with money know none."""
    if of[0] not in ("trade", "member"):
        return []
    names = {node.id for node in nodes if isinstance(node, ast.Name)} & {"float", "Decimal", "round"}
    numbers = [n.value for n in nodes if isinstance(n, ast.Constant) and type(n.value) is float]
    return sorted(names) + [str(n) for n in numbers if n != 1e6]


def states(nodes: list[ast.AST], of: tuple[str, ...]) -> list[str]:
    """Written only in moves."""
    if of[0] == "tests" or of[-1] in ("moves.py", "ledger.py"):
        return []
    texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [text for text in texts if STATE_COLUMNS.search(text)]


def calls(nodes: list[ast.AST]) -> list[str]:
    return [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]


def test_a_file_has_at_most_400_lines():
    assert [name(path) for path in (*SOURCES, *FRONT) if len(path.read_text("utf-8").splitlines()) > 400] == []


@pytest.mark.parametrize("room", [*ROOMS, "tests"])
def test_a_file_keeps_the_rules_of_the_house(room):
    broken = []
    for path in SOURCES:
        of = path.relative_to(ROOT).parts
        if of[0] == room:
            nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
            rules = (long_functions, commits, clocks, fractions, states)
            broken += [(name(path), rule.__name__, what) for rule in rules for what in rule(nodes, of)]
    assert broken == []


@pytest.mark.parametrize(
    ("source", "of", "rule"),
    [
        ("def f():\n" + "    pass\n" * 50, ("tests", "x.py"), "long_functions"),
        ("session.commit()", ("trade", "x.py"), "commits"),
        ("at = datetime.now(UTC)", ("pos", "x.py"), "clocks"),
        ("x = 0.5", ("member", "x.py"), "fractions"),
        ("x = float(1)", ("trade", "x.py"), "fractions"),
        ("x = 'UPDATE a SET state = 1 WHERE b'", ("paying", "x.py"), "states"),
    ],
)
def test_each_rule_finds_what_it_forbids(source, of, rule):
    assert globals()[rule](list(ast.walk(ast.parse(source))), of)


def test_no_money_column_without_its_unit():
    from tests.all_models import METADATA

    columns = {f"{table.name}.{column.name}" for table in METADATA.tables.values() for column in table.columns}
    assert {column for column in columns if column.split(".")[1] in MONEY_WORDS} == set()
    for table in METADATA.tables.values():
        for column in table.columns:
            if column.name.endswith("_fen"):
                assert str(column.type) == "BIGINT", (table.name, column.name)


def test_moments_end_in_at_or_by_and_are_aware():
    from config.db import UtcDateTime
    from tests.all_models import METADATA

    for table in METADATA.tables.values():
        for column in table.columns:
            if isinstance(column.type, UtcDateTime):
                assert column.name == "at" or column.name.endswith(("_at", "_by", "_until")), (table.name, column.name)


def test_nothing_in_production_imports_the_tests():
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] != "tests":
            assert not re.search(r"^\s*(from|import) tests\b", path.read_text("utf-8"), re.MULTILINE), name(path)


def test_every_refusal_code_is_unique():
    from tests.config.test_texts import _refusals

    codes: dict[str, list[str]] = {}
    for kind in _refusals():
        if "code" in vars(kind) and kind.__module__.split(".")[0] in ROOMS:
            codes.setdefault(kind.code, []).append(kind.__qualname__)
    shared = {"out_of_stock": ["OutOfStock", "ShortOf"]}  # the mall says the same with what is free
    assert {code: sorted(names) for code, names in codes.items() if len(names) > 1} == shared


READING = {
    "/api/pos/quote", "/api/pos/returns/preview", "/api/desk/pickup/check", "/api/mall/quote",
    "/api/pos/exchanges/preview", "/api/pos/blind-returns/preview",
    "/api/mall/aftersales/preview", "/api/desk/aftersales/{case_id}/preview",
    "/api/desk/aftersales/in-store/preview", "/api/desk/aftersales/arbitration/{case_id}/preview",
    "/api/desk/segments/preview", "/api/desk/promotions/simulate", "/api/desk/routing/simulate",
    "/api/desk/parcels/{parcel_id}/short/preview",
    "/api/mall/wechat/pay-notice", "/api/mall/wechat/refund-notice", "/api/mall/wechat/callback/{app}",
}  # fmt: skip
"""POST without a request id: it changes nothing, or WeChat's own notice id stands for it."""


def test_every_endpoint_names_its_permission_and_every_write_takes_a_request_id():
    from wsgi import create_app

    app = create_app()
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in ("openapi.spec", "static"):
            assert getattr(app.view_functions[rule.endpoint], "permission", None), rule
    spec: Any = app.spec
    for path, verbs in spec["paths"].items():
        for verb, operation in verbs.items():
            if verb in ("post", "put", "patch", "delete") and path not in READING:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                known = spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
                assert "request_id" in known["required"], path
