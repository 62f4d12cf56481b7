/** Digits as pictures that a scanner reads: Code 128 for the laser at the till, QR for everything else. */

import qrcode from 'qrcode-generator'

/** Widths of bars and gaps of the 107 symbols (ISO/IEC 15417), from value 0 on; 105 begins set C, 106 ends. */
const WIDTHS = (
  '212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 ' +
  '123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 ' +
  '232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 ' +
  '313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 ' +
  '111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 ' +
  '111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 ' +
  '114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112'
).split(' ')
const START_C = 105
const STOP = 106

/** An even number of digits in code set C: widths of bars and gaps in turn, a bar first. */
export function code128(digits: string): number[] {
  const values = [START_C]
  for (let at = 0; at < digits.length; at += 2) values.push(Number(digits.slice(at, at + 2)))
  const sum = values.reduce((so_far, value, at) => so_far + value * Math.max(at, 1), 0)
  return [...values, sum % 103, STOP].flatMap((value) => Array.from(WIDTHS[value] ?? '', Number))
}

function address(width: number, height: number, path: string): string {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none"` +
    ` shape-rendering="crispEdges"><path fill="#000" d="${path}"/></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}

/** A bar code with its quiet zones of ten modules, as a picture address. */
export function barPicture(digits: string): string {
  const QUIET = 10
  let at = QUIET
  let path = ''
  for (const [n, width] of code128(digits).entries()) {
    if (n % 2 === 0) path += `M${at} 0h${width}v1h-${width}z`
    at += width
  }
  return address(at + QUIET, 1, path)
}

/** A QR code without quiet zone (the white card around it is one), as a picture address. */
export function qrPicture(digits: string): string {
  const code = qrcode(0, 'M')
  code.addData(digits, /^\d+$/.test(digits) ? 'Numeric' : 'Byte')
  code.make()
  const size = code.getModuleCount()
  let path = ''
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) if (code.isDark(row, column)) path += `M${column} ${row}h1v1h-1z`
  }
  return address(size, size, path)
}
