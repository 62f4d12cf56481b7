import { expect, test } from 'vitest'
import { Finder, MOST } from './finder'
import type { Row } from './goods'

const row = (sku_id: number, name: string, pinyin: string, code: string): Row => [
  sku_id, name, '', '个', false, 1, pinyin, '', [code], [[0, 100, []]],
] // biome-ignore format: one line reads as the feed does

test('initials first, then the middle of names and of codes', () => {
  const finder = new Finder()
  finder.fill([
    row(1, '旺仔牛奶', 'wznn', '6901'),
    row(2, '牛奶糖', 'nnt', '6902'),
    row(3, 'Milk', 'milk', '7000'),
  ])
  expect(finder.find('nn')).toEqual([2, 1])
  expect(finder.find('牛奶')).toEqual([1, 2])
  expect(finder.find('MILK')).toEqual([3])
  expect(finder.find('690')).toEqual([1, 2])
  expect([finder.find(' '), finder.find('没有')]).toEqual([[], []])
})

test('never more than fit on the screen', () => {
  const finder = new Finder()
  finder.fill(Array.from({ length: 1000 }, (_, at) => row(at, '苹果', 'pg', String(at))))
  expect(finder.find('pg')).toHaveLength(MOST)
})

test('it finds what a look at each row would find', () => {
  const letters = 'ab奶糖1'
  const word = (seed: number, length: number) =>
    Array.from({ length }, (_, at) => letters[(seed * 31 + at * 7 + (seed >> at)) % 5]).join('')
  const rows = Array.from({ length: 300 }, (_, at) =>
    row(at, word(at, 5), word(at + 7, 3), word(at + 3, 4)),
  )
  const finder = new Finder()
  finder.fill(rows)
  for (let seed = 0; seed < 400; seed += 1) {
    const asked = word(seed, 1 + (seed % 3))
    const texts = rows.map(([, name, , , , , pinyin, , codes]) => [pinyin, ...codes, name])
    const hits = [...texts.keys()].filter((at) => texts[at]?.some((one) => one.includes(asked)))
    const first = hits.filter((at) => texts[at]?.slice(0, -1).some((one) => one.startsWith(asked)))
    const others = hits.filter((at) => !first.includes(at))
    expect(finder.find(asked)).toEqual([...first, ...others].slice(0, MOST))
  }
})
