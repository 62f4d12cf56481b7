import type { Item, Tag } from '@web/contract'

/** So many days before it expires goods are shown amber. */
const NEAR_DAYS = 3

interface Tagged {
  sku_id: number
  /** Of a line with a label of its own: below nought, so that it is nobody's sku. */
  key?: number
  tag?: Tag
  away?: unknown
}

/** What names a line: its sku, as long as nothing on its label sets it apart. */
export const keyOf = (line: Tagged): number => line.key ?? line.sku_id

export const newKey = (lines: readonly Tagged[]): number =>
  Math.min(0, ...lines.map((line) => line.key ?? 0)) - 1

/** A label or a serial number is one piece of goods: it never joins another line. */
export const isOfOne = (tag?: Tag): boolean =>
  tag !== undefined && (tag.measured || tag.serial !== '')

const batch = (tag?: Tag): string => (tag ? `${tag.lot}|${tag.expires_on}` : '|null')

/** The line that an item joins: the same goods of the same lot and date, in this store. */
export function lineFor<Line extends Tagged>(lines: readonly Line[], item: Item): Line | undefined {
  if (isOfOne(item.tag)) return undefined
  return lines.find(
    (line) =>
      !line.away &&
      line.sku_id === item.sku_id &&
      !isOfOne(line.tag) &&
      batch(line.tag) === batch(item.tag),
  )
}

/** Whether the very same label lies in the basket already. */
export const isTwice = (lines: readonly Tagged[], tag?: Tag): boolean =>
  isOfOne(tag) && lines.filter((line) => line.tag?.code === tag?.code).length > 1

/** A line with a price on its label costs that, or less where a promotion makes it cheaper. */
export const capped = (line: Tagged, fen: number): number => Math.min(fen, line.tag?.fen ?? fen)

/** Days from `today` until the goods expire; null where no date is known. */
export function daysLeft(tag: Tag | undefined, today: string): number | null {
  if (!tag?.expires_on) return null
  return Math.round((Date.parse(tag.expires_on) - Date.parse(today)) / 86_400_000)
}

export function isNear(tag: Tag | undefined, today: string): boolean {
  const left = daysLeft(tag, today)
  return left !== null && left <= NEAR_DAYS
}
