/** Code 128, set B: what our labels need, every printable ASCII sign. */

const WIDTHS =
  '212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113114311411113411311113141114131311141411131'
const START_B = 104
const STOP = '2331112'

/** The widths of bars and gaps in turn, a bar first; throws on a sign that is not printable ASCII. */
export function code128(text: string): number[] {
  const values = [...text].map((sign) => {
    const value = sign.charCodeAt(0) - 32
    if (value < 0 || value > 94) throw new RangeError(text)
    return value
  })
  const sum = values.reduce((so_far, value, at) => so_far + value * (at + 1), START_B) % 103
  const words = [START_B, ...values, sum].map((value) => symbol(value))
  return [...words.join(''), ...STOP].map(Number)
}

function symbol(value: number): string {
  // The three start symbols follow the 103 of the table.
  if (value >= 103) return ['211412', '211214', '211232'][value - 103] ?? ''
  return WIDTHS.slice(value * 6, value * 6 + 6)
}
