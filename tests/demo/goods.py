"""What the demo chain sells: 240 products and 600 SKUs read from `goods.txt`, with right barcodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BRANDS = ("山野", "禾田", "青禾", "云岭", "海港", "晨露", "老灶", "木棉", "小满", "北坡")
SKUS_WANTED = 600


@dataclass(frozen=True)
class Variant:
    """One SKU: its price in fen per piece or, when weighed, per kilogram."""

    spec: str
    unit: str
    weighed: bool
    price_fen: int
    barcode: str

    @property
    def weight_g(self) -> int:
        """What one weighs with its packing, read from its specification; 500 g where that says nothing."""
        found = re.match(r"([0-9.]+)(kg|g|ml|L)(?:×([0-9]+))?", self.spec)
        if not found:
            return 500
        number, unit, packs = found.groups()
        return int(float(number) * (1000 if unit in ("kg", "L") else 1) * int(packs or 1)) * 11 // 10 or 1


@dataclass(frozen=True)
class Article:
    """One product with its SKUs; `packing` says how it is drawn."""

    number: int
    category: str
    packing: str
    name: str
    brand: str
    description: str
    variants: tuple[Variant, ...]

    @property
    def picture(self) -> str:
        """Where its picture is served."""
        return f"/pictures/p{self.number:04d}.svg"


def gtin13(digits: str) -> str:
    """Twelve digits and their GS1 check digit."""
    assert len(digits) == 12, digits
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return digits + str(-total % 10)


def _shelf_price(price_fen: int) -> int:
    """Prices end on 0, 5, 8 or 9 jiao and never on odd fen."""
    return max(price_fen // 10 * 10, 50)


def _variants(packs: list[str], price_fen: int, number: int, most: int) -> Iterator[Variant]:
    for index, pack in enumerate(packs[:most]):
        spec, unit, factor_bp = pack.split(":")
        weighed = unit.endswith("*")
        code = f"{20000 + number}" if weighed else gtin13(f"690{1000 + number % 7:04d}{number * 10 + index:05d}")
        price = price_fen if index == 0 else _shelf_price(price_fen * int(factor_bp) // 10_000)
        yield Variant(spec, unit.rstrip("*"), weighed, price, code)


def articles() -> list[Article]:
    """The whole range, always the same: 12 categories of 20 products, 600 SKUs."""
    lines = (Path(__file__).parent / "goods.txt").read_text("utf-8").splitlines()
    found: list[Article] = []
    for line in lines:
        if line.startswith("#"):
            continue
        category, packing, specs, products = line.split("|")
        packs = specs.split(";")
        for product in products.split(","):
            number = len(found) + 1
            name, price = product.split(" ")
            brand = BRANDS[number % len(BRANDS)]
            words = f"{brand}{name}，产地直采，到店前逐批验收。冷藏或阴凉处保存，开封后请尽快食用。"
            if packing in ("tube", "box"):
                words = f"{brand}{name}，日常好用的家庭装，成分与用法见包装。"
            variants = tuple(_variants(packs, int(price), number, 3))
            found.append(Article(number, category, packing, name, brand, words, variants))
    return _trim(found)


def _trim(found: list[Article]) -> list[Article]:
    """Drop third variants from the end of the range until it has the SKUs wanted."""
    excess = sum(len(one.variants) for one in found) - SKUS_WANTED
    assert excess >= 0, excess
    kept = []
    for one in reversed(found):
        if excess and len(one.variants) == 3:
            one, excess = Article(**{**one.__dict__, "variants": one.variants[:2]}), excess - 1
        kept.append(one)
    return kept[::-1]
