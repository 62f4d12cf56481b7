import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { type CardRow, MemberCards, printOf, veil } from './cards'

const key = '00'.repeat(32)
const DAY = 24 * 3600_000

test('a phone is known by its print for seven days after the server last said so', async () => {
  const cards = new MemberCards(1)
  const row: CardRow = [
    7,
    '王**',
    'gold',
    await printOf(key, '13800001111'),
    await printOf(key, '96'),
  ]
  await cards.keep(7, { key, parts: 16, rows: [row] }, 'e', 0)
  expect(await cards.find('13800001111', 7 * DAY)).toEqual([row])
  expect(await cards.find('96', DAY)).toEqual([row])
  expect(await cards.find('13800001112', DAY)).toEqual([])
  expect(await cards.find('13800001111', 8 * DAY)).toEqual([])
  await cards.confirm(7, 8 * DAY)
  expect(await cards.find('13800001111', 9 * DAY)).toEqual([row])
  expect(await cards.etag(7)).toBe('e')
})

test('the prints are those of the server, and a veiled phone is another each time', async () => {
  expect(await printOf(key, '13800001111')).toBe('4318c6c')
  const [one, other] = [await veil('13800001111'), await veil('13800001111')]
  expect([one.join.length, one.salt.length, one.join === other.join]).toEqual([64, 32, false])
})
