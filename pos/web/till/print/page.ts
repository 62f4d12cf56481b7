import { code128 } from '@web/code128'
import { renderSVG } from 'uqr'
import type { Piece, Slip, Width } from './slip'

/** The slip as a page that the browser prints on the same paper. */
export function pageOf(slip: Slip): string {
  const mm: Width = slip.width
  return `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><style>
@page{size:${mm}mm auto;margin:2mm}
body{margin:0;width:${mm - 4}mm;font:${mm === 58 ? 11 : 12}px/1.5 "Noto Sans Mono CJK SC","PingFang SC",monospace}
h1{margin:0;font-size:1.5em;text-align:center}pre{margin:0;font:inherit;white-space:pre}
p{margin:0;text-align:center}svg{display:block;width:30mm;margin:1mm auto}svg.bars{width:44mm;height:9mm}
</style><body>${slip.pieces.map(element).join('\n')}</body></html>`
}

const plain = (words: string): string =>
  words.replace(/[&<>]/g, (mark) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[mark] ?? mark)

function element({ kind, words }: Piece): string {
  if (kind === 'bars') return `${bars(words)}<p>${plain(words)}</p>`
  if (kind === 'square') return renderSVG(words, { border: 2 })
  const tag = { text: 'pre', centre: 'p', title: 'h1' }[kind]
  return `<${tag}>${plain(words)}</${tag}>`
}

function bars(code: string): string {
  const widths = code128(code)
  let at = 10
  const drawn = widths.map((width, index) => {
    at += width
    return index % 2 === 0 ? `<rect x="${at - width}" width="${width}" height="40"/>` : ''
  })
  const box = `viewBox="0 0 ${at + 10} 40" preserveAspectRatio="none" shape-rendering="crispEdges"`
  return `<svg class="bars" xmlns="http://www.w3.org/2000/svg" ${box}>${drawn.join('')}</svg>`
}
