/** Draws the tab bar's PNG icons (the weapp takes no SVG there): `node art/icons.mjs`, once, by hand. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'

const SIZE = 81
const GREY = [0x66, 0x70, 0x7a]
const BRAND = [0x0a, 0x7a, 0x5c]

const toSegment = (x, y, [ax, ay, bx, by]) => {
  const [dx, dy] = [bx - ax, by - ay]
  const t = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)))
  return Math.hypot(x - ax - t * dx, y - ay - t * dy)
}
const path = (...points) => points.slice(1).map((end, at) => [...points[at], ...end])
const circle = (cx, cy, r, from = 0, to = 360) =>
  path(
    ...Array.from({ length: 41 }, (_, at) => {
      const angle = ((from + ((to - from) * at) / 40) * Math.PI) / 180
      return [cx + r * Math.cos(angle), cy + r * Math.sin(angle)]
    }),
  )
const square = (x, y, side) =>
  path([x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y])

/** Shapes on a grid of 24, as strokes of width 2. */
const SHAPES = {
  home: [
    ...path([3.5, 11.5], [12, 4], [20.5, 11.5]),
    ...path([5.5, 10], [5.5, 20], [18.5, 20], [18.5, 10]),
    ...path([10, 20], [10, 14.5], [14, 14.5], [14, 20]),
  ],
  category: [...square(4, 4, 6.2), ...square(13.8, 4, 6.2), ...square(4, 13.8, 6.2), ...circle(16.9, 16.9, 3.3)],
  cart: [
    ...path([2.5, 4], [5, 4], [7.6, 15.5], [18.4, 15.5], [20.5, 7.5], [6, 7.5]),
    ...circle(9, 19.4, 0.8),
    ...circle(17, 19.4, 0.8),
  ],
  me: [...circle(12, 8, 4), ...circle(12, 21, 8, 190, 350)],
}

const crcOf = (bytes) => {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crcOf(body), body.length + 4)
  return out
}

/** Grey with alpha says it all: one colour, and how much of it. */
function png(colour, alphaAt, size = SIZE) {
  const rows = []
  for (let y = 0; y < size; y++) {
    const row = Buffer.alloc(1 + size)
    for (let x = 0; x < size; x++) row[1 + x] = alphaAt(((x + 0.5) * 24) / size, ((y + 0.5) * 24) / size, 24 / size)
    rows.push(row)
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(size, 0)
  head.writeUInt32BE(size, 4)
  head.set([8, 3, 0, 0, 0], 8)
  const palette = Buffer.from(Array.from({ length: 256 }, () => colour).flat())
  const alphas = Buffer.from(Array.from({ length: 256 }, (_, at) => at))
  const parts = [chunk('IHDR', head), chunk('PLTE', palette), chunk('tRNS', alphas)]
  parts.push(chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 })), chunk('IEND', Buffer.alloc(0)))
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts])
}

const stroke = (segments, half) => (x, y, pixel) => {
  const away = Math.min(...segments.map((segment) => toSegment(x, y, segment))) - half
  return Math.round(255 * Math.max(0, Math.min(1, 0.5 - away / pixel)))
}

const folder = new URL('../src/static/tab/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, segments] of Object.entries(SHAPES)) {
  writeFileSync(new URL(`${name}.png`, folder), png(GREY, stroke(segments, 0.8)))
  writeFileSync(new URL(`${name}-on.png`, folder), png(BRAND, stroke(segments, 1.05)))
}
writeFileSync(new URL('../shop.png', folder), png(BRAND, stroke(SHAPES.home, 1.3), 64))
