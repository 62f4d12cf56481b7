export interface CardRow {
  label: string
  keys: string[]
}

const plain = (words: string): string =>
  words.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`)

/** A page to hang beside the till: every action and its keys, as they are set here. */
export function cardOf(rows: CardRow[], title: string, preset: string, size: 'A4' | 'A5'): string {
  const cells = rows
    .filter((row) => row.keys.length > 0)
    .map(({ label, keys }) => {
      const caps = keys.map((key) => `<kbd>${plain(key)}</kbd>`).join(' ')
      return `<li><b>${plain(label)}</b><span>${caps}</span></li>`
    })
    .join('')
  const [text, columns] = size === 'A4' ? ['15px', 2] : ['11px', 2]
  return `<!doctype html><meta charset="utf-8"><title>${plain(title)}</title><style>
@page{size:${size};margin:12mm}
body{margin:0;color:#000;font:${text}/1.4 "Noto Sans CJK SC","Microsoft YaHei",sans-serif}
h1{display:flex;justify-content:space-between;align-items:baseline;margin:0 0 .6em;font-size:1.5em}
h1 small{font-weight:400;font-size:.6em}
ul{columns:${columns};column-gap:2em;margin:0;padding:0;list-style:none}
li{display:flex;justify-content:space-between;align-items:center;padding:.45em 0;border-bottom:1px solid #bbb;break-inside:avoid}
b{font-weight:600}kbd{padding:.1em .6em;border:1px solid #333;border-bottom-width:3px;border-radius:.35em;font:inherit}
</style><h1>${plain(title)}<small>${plain(preset)}</small></h1><ul>${cells}</ul>`
}
