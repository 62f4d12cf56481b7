import TEXTS from '@web/locale/paper.json'

/** A slip as `pos/printing/slip.py` makes it, held to the same golden bytes. */
export type Width = 58 | 80
export type Kind = 'text' | 'centre' | 'title' | 'bars' | 'square'

export interface Piece {
  kind: Kind
  words: string
}

const COLUMNS: Record<Width, number> = { 58: 32, 80: 48 }

/** A text of the paper, which is Chinese whatever language the screen has. */
export function say(key: keyof typeof TEXTS, facts: Record<string, string | number> = {}): string {
  return TEXTS[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole))
}

/** Half-width columns: a printer gives whatever is not ASCII the width of two. */
const columns = (words: string): number =>
  [...words].reduce((sum, mark) => sum + (mark <= '\x7f' ? 1 : 2), 0)

function fit(words: string, width: number): string[] {
  const pieces: string[] = []
  let piece = ''
  for (const mark of words) {
    if (columns(piece + mark) > width) {
      pieces.push(piece)
      piece = ''
    }
    piece += mark
  }
  return [...pieces, piece]
}

export class Slip {
  readonly pieces: Piece[] = []
  private readonly columns: number

  constructor(readonly width: Width) {
    this.columns = COLUMNS[width]
  }

  /** A text, on as many lines as it needs; a sign that would command the printer is a blank. */
  line(words: string, kind: Kind = 'text'): void {
    const width = kind === 'title' ? this.columns / 2 : this.columns
    const plain = words.replace(/\p{Cc}/gu, ' ')
    for (const piece of fit(plain, width)) this.pieces.push({ kind, words: piece })
  }

  pair(left: string, right: string): void {
    const space = this.columns - columns(left) - columns(right)
    if (space >= 1) return this.line(left + ' '.repeat(space) + right)
    this.line(left)
    this.line(' '.repeat(Math.max(this.columns - columns(right), 0)) + right)
  }

  rule(): void {
    this.line('-'.repeat(this.columns))
  }

  bars(code: string): void {
    this.pieces.push({ kind: 'bars', words: code })
  }

  square(words: string): void {
    this.pieces.push({ kind: 'square', words })
  }
}
