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
