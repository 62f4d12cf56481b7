import { encode } from 'uqr'

export interface Badge {
  name: string
  role: string
  badge: string
}

const plain = (words: string): string =>
  words.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`)

function drawn(words: string): string {
  const { data, size } = encode(words, { border: 2 })
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')))
  return `<svg viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path d="${path.join('')}"/></svg>`
}

/** A page of badges to cut out: a name, what they are here, and the code that a till asks their PIN for. */
export function badgesPage(badges: readonly Badge[], title: string): string {
  const cards = badges
    .map(({ name, role, badge }) => {
      return `<li>${drawn(badge)}<p><b>${plain(name)}</b>${plain(role)}</p></li>`
    })
    .join('')
  return `<!doctype html><meta charset="utf-8"><title>${plain(title)}</title><style>
@page{size:A4;margin:12mm}
body{margin:0;color:#000;font:15px/1.4 "Noto Sans CJK SC","Microsoft YaHei",sans-serif}
ul{display:grid;grid-template-columns:1fr 1fr;gap:0;margin:0;padding:0;list-style:none}
li{display:flex;align-items:center;gap:5mm;width:86mm;height:54mm;padding:4mm;border:1px dashed #999;box-sizing:border-box;break-inside:avoid}
svg{flex:none;width:36mm;height:36mm}b{display:block;font-size:1.5em}
</style><ul>${cards}</ul>`
}
