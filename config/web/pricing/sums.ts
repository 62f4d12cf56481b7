/**
 * Which sums a row of choices can give, as bits.
 *
 * Python keeps them in one big integer. Words of 32 bits are used here, because not every phone that opens the
 * mini-program has BigInt.
 */
export class Sums {
  private constructor(
    private readonly words: Uint32Array,
    private readonly most: number,
  ) {}

  static readonly ZERO = new Sums(Uint32Array.of(1), 0)

  /** These sums with one of `choices` more. */
  plus(choices: readonly number[]): Sums {
    const most = this.most + Math.max(...choices)
    const words = new Uint32Array((most >>> 5) + 2)
    for (const choice of choices) {
      const [begin, shift] = [choice >>> 5, choice & 31]
      this.words.forEach((word, i) => {
        const k = begin + i
        words[k] = (words[k] ?? 0) | (word << shift)
        if (shift) words[k + 1] = (words[k + 1] ?? 0) | (word >>> (32 - shift))
      })
    }
    return new Sums(words, most)
  }

  /** The smallest sum of at least `wanted`, not negative; null when there is none. */
  least(wanted: number): number | null {
    if (wanted > this.most) return null
    for (let i = wanted >>> 5; i < this.words.length; i += 1) {
      let word = this.words[i] ?? 0
      if (i === wanted >>> 5) word &= -1 << (wanted & 31)
      if (word) return i * 32 + 31 - Math.clz32(word & -word)
    }
    return null
  }
}
