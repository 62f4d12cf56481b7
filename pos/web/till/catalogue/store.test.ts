import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { CatalogueStore } from './store'

test('goods survive a restart, with the version they make up', async () => {
  const first = new CatalogueStore(7)
  expect([await first.version(), await first.load()]).toEqual([0, []])
  const rows = [[1, '牛奶', '', '盒', false, 1, 'nn', '', ['690'], [[0, 990, []]]]] as never
  await first.keep([{ no: 0, rows }], 12)
  await first.keep([{ no: 3, rows: [] }], 13)
  first.close()
  const again = new CatalogueStore(7)
  expect(await again.version()).toBe(13)
  expect(await again.load()).toEqual([
    { no: 0, rows },
    { no: 3, rows: [] },
  ])
  expect(await new CatalogueStore(8).version()).toBe(0)
})
