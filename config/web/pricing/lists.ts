/** Lists as the engine walks them: every order is explicit, so that each platform walks them alike. */

/** The item at an index that is there for certain. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const found = list[index]
  if (found === undefined) throw new Error(`there is no item ${index} of ${list.length}`)
  return found
}

export function sum(list: readonly number[]): number {
  let found = 0
  for (const one of list) found += one
  return found
}

/** A sorted copy; equals stay in their order, on old engines too. */
export function sorted<T>(list: readonly T[], compare: (a: T, b: T) => number): T[] {
  const rows = list.map((item, index) => ({ item, index }))
  rows.sort((a, b) => compare(a.item, b.item) || a.index - b.index)
  return rows.map((row) => row.item)
}

/** The order of lists of numbers: by the first that differs, then the shorter. */
export function compareLists(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    if (at(a, i) !== at(b, i)) return at(a, i) - at(b, i)
  }
  return a.length - b.length
}

/** One of each list, the last list's turning fastest. */
export function* product<T>(lists: readonly (readonly T[])[]): Generator<T[]> {
  if (!lists.length) {
    yield []
    return
  }
  for (const head of at(lists, 0)) {
    for (const tail of product(lists.slice(1))) yield [head, ...tail]
  }
}

/** Every choice of so many items, in their order. */
export function* combinations<T>(list: readonly T[], size: number): Generator<T[]> {
  if (!size) {
    yield []
    return
  }
  for (let i = 0; i + size <= list.length; i += 1) {
    for (const tail of combinations(list.slice(i + 1), size - 1)) yield [at(list, i), ...tail]
  }
}

/** A set of basket lines, by index. `key` is the same for the same set. */
export class Lines {
  readonly key: string
  private readonly held: boolean[] = []

  /** `list` ascends. */
  constructor(readonly list: readonly number[]) {
    this.key = list.join()
    for (const line of list) this.held[line] = true
  }

  has(line: number): boolean {
    return this.held[line] === true
  }

  meets(other: Lines): boolean {
    return this.list.some((line) => other.has(line))
  }

  and(other: Lines): Lines {
    return new Lines(this.list.filter((line) => other.has(line)))
  }

  without(other: Lines): Lines {
    return new Lines(this.list.filter((line) => !other.has(line)))
  }

  or(other: Lines): Lines {
    const more = other.list.filter((line) => !this.has(line))
    return more.length ? new Lines([...this.list, ...more].sort((a, b) => a - b)) : this
  }

  /** What the lines come to. */
  sum(fens: readonly number[]): number {
    let found = 0
    for (const line of this.list) found += at(fens, line)
    return found
  }
}

export const NO_LINES = new Lines([])

/** The lines for which something holds. */
export function linesWhere<T>(
  list: readonly T[],
  holds: (item: T, line: number) => boolean,
): Lines {
  const found: number[] = []
  list.forEach((item, line) => {
    if (holds(item, line)) found.push(line)
  })
  return new Lines(found)
}
