"""Pictures of the demo chain's goods, drawn as SVG: one manner, one ground, one drawing for each packing."""

from __future__ import annotations

import colorsys
from pathlib import Path

from tests.demo.goods import Article

_FONT = "font-family=\"PingFang SC,'Microsoft YaHei','Noto Sans CJK SC',sans-serif\""


def _shade(hue: float, light: float, strong: float = 0.55) -> str:
    red, green, blue = colorsys.hls_to_rgb(hue % 1, light, strong)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


_HUES = {
    "苹果": 0.99, "草莓": 0.98, "车厘子": 0.96, "火龙果": 0.92, "山竹": 0.82, "番茄": 0.02, "西瓜": 0.36,
    "香蕉": 0.14, "梨": 0.17, "芒果": 0.11, "橙": 0.08, "橘": 0.07, "沃柑": 0.07, "葡萄": 0.78, "榴莲": 0.15,
    "猕猴桃": 0.22, "哈密瓜": 0.12, "龙眼": 0.09, "茄": 0.77, "胡萝卜": 0.06, "土豆": 0.11, "莲藕": 0.08,
    "白萝卜": 0.25, "鲜香菇": 0.07, "金针菇": 0.13, "山药": 0.1,
}  # fmt: skip


def _hue(article: Article) -> float:
    for word, hue in _HUES.items():
        if word in article.name:
            return hue
    if article.packing == "leaf":
        return 0.28 + article.number % 5 * 0.02
    if article.packing == "tray":
        return (0.02, 0.04, 0.99, 0.55)[article.number % 4 if article.category == "海鲜水产" else article.number % 3]
    return article.number * 0.137 % 1


def _label(article: Article, x: int, y: int, width: int, ink: str = "#16191d", back: str = "#ffffff") -> str:
    name = article.name
    size = min(34, int((width - 16) / max(len(name), 2)))
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="78" rx="6" fill="{back}" opacity="0.94"/>'
        f'<text x="{x + width // 2}" y="{y + 27}" text-anchor="middle" font-size="17" fill="{ink}" opacity="0.6"'
        f" {_FONT}>{article.brand}</text>"
        f'<text x="{x + width // 2}" y="{y + 62}" text-anchor="middle" font-size="{size}" font-weight="600"'
        f' fill="{ink}" {_FONT}>{name}</text>'
    )


def _ball(x: int, y: int, r: int, hue: float) -> str:
    return (
        f'<circle cx="{x}" cy="{y}" r="{r}" fill="{_shade(hue, 0.55, 0.7)}"/>'
        f'<path d="M{x - r} {y}a{r} {r} 0 0 0 {2 * r} 0a{r} {r * 0.72:.0f} 0 0 1-{2 * r} 0" fill="{_shade(hue, 0.45, 0.7)}"/>'
        f'<ellipse cx="{x - r // 3}" cy="{y - r // 2}" rx="{r // 4}" ry="{r // 6}" fill="#fff" opacity="0.55"/>'
        f'<path d="M{x} {y - r + 4}q2-20 16-26" fill="none" stroke="#6b4a2b" stroke-width="6" stroke-linecap="round"/>'
        f'<path d="M{x + 6} {y - r - 8}q26-18 46 0q-24 16-46 0" fill="{_shade(0.3, 0.42)}"/>'
    )


def _fruit(article: Article, hue: float) -> str:
    return _ball(205, 235, 78, hue) + _ball(300, 262, 84, hue + 0.01) + _ball(238, 305, 80, hue - 0.01)


def _leaf(article: Article, hue: float) -> str:
    leaves = "".join(
        f'<g transform="rotate({angle} 250 380)"><path d="M250 380C{205 - wide} 300 {205 - wide} 190 250 130'
        f'C{295 + wide} 190 {295 + wide} 300 250 380Z" fill="{_shade(hue, light)}"/>'
        f'<path d="M250 372V170" stroke="#fff" stroke-width="5" opacity="0.45"/></g>'
        for angle, wide, light in ((-34, 12, 0.34), (34, 12, 0.38), (-16, 22, 0.42), (17, 22, 0.46), (0, 30, 0.52))
    )
    return leaves + '<rect x="208" y="338" width="84" height="22" rx="8" fill="#e9d9b8"/>'


def _tray(article: Article, hue: float) -> str:
    pieces = "".join(
        f'<rect x="{132 + 58 * i}" y="{190 + i % 2 * 8}" width="50" height="120" rx="24" fill="{_shade(hue, 0.68, 0.6)}"/>'
        f'<path d="M{146 + 58 * i} {214 + i % 2 * 8}q22 30 4 74" stroke="#fff" stroke-width="7" fill="none" opacity="0.6"/>'
        for i in range(4)
    )
    return (
        '<rect x="96" y="150" width="308" height="216" rx="26" fill="#dfe5e8"/>'
        '<rect x="110" y="164" width="280" height="188" rx="18" fill="#f7f9fa"/>'
        + pieces
        + _label(article, 150, 286, 200)
    )


def _carton(article: Article, hue: float) -> str:
    return (
        f'<path d="M170 160l34-58h92l34 58z" fill="{_shade(hue, 0.72)}"/>'
        f'<rect x="198" y="84" width="104" height="24" rx="4" fill="{_shade(hue, 0.45)}"/>'
        f'<rect x="170" y="160" width="160" height="244" fill="{_shade(hue, 0.86, 0.6)}"/>'
        f'<path d="M170 300q80-56 160 0v104H170z" fill="{_shade(hue, 0.5)}"/>'
        f'<rect x="306" y="160" width="24" height="244" fill="#000" opacity="0.07"/>' + _label(article, 180, 196, 140)
    )


def _bottle(article: Article, hue: float) -> str:
    return (
        f'<rect x="224" y="72" width="52" height="34" rx="6" fill="{_shade(hue, 0.42)}"/>'
        f'<path d="M230 106h40v34q44 20 44 74v170q0 22-22 22h-84q-22 0-22-22V214q0-54 44-74z" fill="{_shade(hue, 0.7)}"/>'
        '<path d="M204 226q0-40 24-60v222h-14q-10 0-10-12z" fill="#fff" opacity="0.35"/>'
        + _label(article, 186, 232, 128)
    )


def _bag(article: Article, hue: float) -> str:
    return (
        f'<path d="M142 112h216l-10 150 14 142H138l14-142z" fill="{_shade(hue, 0.58, 0.65)}"/>'
        f'<path d="M142 112h216l-2 24H144z" fill="{_shade(hue, 0.46)}"/><path d="M140 382h220l2 22H138z" fill="{_shade(hue, 0.46)}"/>'
        f'<circle cx="250" cy="322" r="44" fill="{_shade(hue + 0.09, 0.74, 0.8)}"/>'
        f'<circle cx="296" cy="344" r="26" fill="{_shade(hue + 0.09, 0.66, 0.8)}"/>' + _label(article, 162, 168, 176)
    )


def _sack(article: Article, hue: float) -> str:
    return (
        '<path d="M150 128q100-36 200 0l14 262q-114 34-228 0z" fill="#efe3c6"/>'
        f'<path d="M146 210q104-28 208 0l4 84q-108 28-216 0z" fill="{_shade(hue, 0.5)}"/>'
        '<path d="M172 122q78-26 156 0" stroke="#b79a63" stroke-width="7" fill="none" stroke-dasharray="12 8"/>'
        + _label(article, 168, 214, 164)
    )


def _jar(article: Article, hue: float) -> str:
    return (
        f'<rect x="190" y="96" width="120" height="44" rx="8" fill="{_shade(hue, 0.4)}"/>'
        f'<path d="M182 140h136q18 22 18 46v188q0 28-28 28H192q-28 0-28-28V186q0-24 18-46z" fill="{_shade(0.05 + hue * 0.1, 0.36)}"/>'
        '<path d="M182 190q0-26 12-38v236q-12-4-12-18z" fill="#fff" opacity="0.28"/>' + _label(article, 172, 226, 156)
    )


def _tube(article: Article, hue: float) -> str:
    return (
        f'<path d="M176 92h148l-14 250H190z" fill="{_shade(hue, 0.8, 0.6)}"/>'
        f'<path d="M176 92h148l-2 26H178z" fill="{_shade(hue, 0.66)}"/>'
        f'<rect x="198" y="342" width="104" height="62" rx="10" fill="{_shade(hue, 0.45)}"/>'
        + _label(article, 188, 186, 124)
    )


def _box(article: Article, hue: float) -> str:
    return (
        f'<path d="M110 190l60-54h240l-60 54z" fill="{_shade(hue, 0.76)}"/>'
        f'<path d="M350 190l60-54v190l-60 60z" fill="{_shade(hue, 0.42)}"/>'
        f'<rect x="110" y="190" width="240" height="196" fill="{_shade(hue, 0.58)}"/>' + _label(article, 128, 248, 204)
    )


def _bread(article: Article, hue: float) -> str:
    cuts = "".join(
        f'<path d="M{170 + 62 * i} 214q26 40 4 96" stroke="#f6dfae" stroke-width="12" fill="none"/>' for i in range(3)
    )
    return (
        '<ellipse cx="250" cy="366" rx="170" ry="26" fill="#e2d6c4"/>'
        f'<path d="M96 300q0-122 154-122t154 122q0 62-54 62H150q-54 0-54-62z" fill="{_shade(0.09, 0.56 - article.number % 4 * 0.04, 0.6)}"/>'
        f'<path d="M96 316q10 46 54 46h200q44 0 54-46-60 26-154 26T96 316z" fill="{_shade(0.08, 0.4)}"/>' + cuts
    )


DRAWN = {
    "fruit": _fruit, "leaf": _leaf, "tray": _tray, "carton": _carton, "bottle": _bottle, "bag": _bag,
    "sack": _sack, "jar": _jar, "tube": _tube, "box": _box, "bread": _bread,
}  # fmt: skip


def _svg(inside: str, width: int = 500, height: int = 500, ground: str = "#f4f5f3") -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<rect width="{width}" height="{height}" fill="{ground}"/>{inside}</svg>'
    )


def _drawing(article: Article) -> str:
    round_ = article.packing == "leaf" and any(word in article.name for word in _HUES)
    return (_fruit if round_ else DRAWN[article.packing])(article, _hue(article))


def draw(article: Article) -> str:
    """One product's picture, 500 by 500."""
    shadow = '<ellipse cx="250" cy="412" rx="150" ry="16" fill="#000" opacity="0.07"/>'
    return _svg(f'<g transform="translate(-62 -62) scale(1.25)">{shadow}{_drawing(article)}</g>')


def _banner(number: int, title: str, words: str, goods: list[Article]) -> str:
    hue = (0.44, 0.09, 0.58)[number]
    placed = "".join(
        f'<g transform="translate({330 + 130 * i} {34 + i % 2 * 20}) scale(0.5)">{_drawing(one)}</g>'
        for i, one in enumerate(goods)
    )
    return _svg(
        f'<circle cx="600" cy="60" r="250" fill="{_shade(hue, 0.86, 0.5)}"/>{placed}'
        f'<text x="44" y="136" font-size="52" font-weight="600" fill="#16191d" {_FONT}>{title}</text>'
        f'<text x="44" y="192" font-size="26" fill="#56606b" {_FONT}>{words}</text>',
        800, 320, _shade(hue, 0.92, 0.5),
    )  # fmt: skip


def write_all(goods: list[Article], folder: Path) -> None:
    """Every product, category and banner picture, written once into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for article in goods:
        (folder / f"p{article.number:04d}.svg").write_text(draw(article), "utf-8")
    for number, article in enumerate(goods[::20], start=1):
        (folder / f"c{number:02d}.svg").write_text(draw(article), "utf-8")
    words = (("当季鲜果", "产地直采，门店现挑"), ("鲜蔬净菜", "每日清晨到店"), ("放心鲜肉", "冷链到店，当天售完"))
    for number, (title, said) in enumerate(words):
        chosen = goods[number * 20 : number * 20 + 3]
        (folder / f"b{number + 1}.svg").write_text(_banner(number, title, said, chosen), "utf-8")
