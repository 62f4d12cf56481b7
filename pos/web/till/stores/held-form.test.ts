import { expect, test } from 'vitest'
import { type Aside, changesOf } from './held-form'
import type { Line } from './line'

test('a basket taken up here says what costs otherwise than it was shown, and an older one says nothing', () => {
  const lines = [{ name: '牛奶' }, { name: '面包' }] as Line[]
  const shown = [
    { name: '牛奶', net_fen: 1980 },
    { name: '面包', net_fen: 650 },
  ]
  const now = (line: Line) => (line.name === '牛奶' ? 2180 : 650)
  expect(changesOf({ lines, shown } as Aside, now)).toEqual([
    { line: 0, name: '牛奶', before_fen: 1980, after_fen: 2180 },
  ])
  expect(changesOf({ lines } as Aside, now)).toEqual([])
})
