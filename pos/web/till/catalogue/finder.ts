import type { Row } from './goods'

export const MOST = 20

/** Words to sku ids by a plain scan of "name, initials, codes": for 200,000 goods faster than any index. */
export class Finder {
  private texts: string[] = []
  private ids: number[] = []

  fill(rows: readonly Row[]): void {
    this.ids = rows.map((row) => row[0])
    this.texts = rows.map(
      ([, name, spec, , , , pinyin, , codes]) =>
        `${pinyin}\n${name.toLowerCase()} ${spec.toLowerCase()}\n${codes.join('\n')}`,
    )
  }

  /** At most MOST sku ids: what begins with the words first, then by name as fed. */
  find(words: string): number[] {
    const text = words.trim().toLowerCase()
    if (!text) return []
    const first: number[] = []
    const others: number[] = []
    for (let at = 0; at < this.texts.length && first.length < MOST; at += 1) {
      const place = (this.texts[at] as string).indexOf(text)
      if (place === 0) first.push(at)
      else if (place > 0 && others.length < MOST) others.push(at)
    }
    return [...first, ...others].slice(0, MOST).map((at) => this.ids[at] as number)
  }
}
