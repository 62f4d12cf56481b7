import { expect, test } from 'vitest'
import { readEntry } from './entry'
import type { Kind } from './kinds'

const SOLD = ['6901234567892', '012345678905', '96385074', '20001']
const read = (text: string) => readEntry(text, { sells: (code) => SOLD.includes(code) })
const scan = (kind: Kind, code: string, times = 1) => ({
  kind: 'scan',
  scan: { kind, code, times },
})

test.each([
  ['', { kind: 'nothing' }],
  ['   ', { kind: 'nothing' }],
  ['3*', { kind: 'times', times: 3 }],
  ['*5', { kind: 'quantity', text: '5' }],
  ['*0.53', { kind: 'quantity', text: '0.53' }],
  ['苹果', { kind: 'search', text: '苹果' }],
  ['pgz', { kind: 'search', text: 'pgz' }],
  ['2*苹果', { kind: 'search', text: '苹果' }],
  ['5', { kind: 'short' }],
  ['abcdefghijklmnop', { kind: 'search', text: 'abcdefghijklmnop' }],
  ['3*6901234567892', scan('goods', '6901234567892', 3)],
  ['0*6901234567892', scan('goods', '6901234567892')],
  ['６９０１２３４５６７８９２', scan('goods', '6901234567892')],
])('"%s" and Enter', (typed, entry) => {
  expect(read(typed)).toEqual(entry)
})

test.each<[string, Kind]>([
  ['98123456789123456780', 'memberCode'],
  ['9612345678901234', 'memberCard'],
  ['TP.12.1730000000.aB-_c', 'pickup'],
  ['TB.1.3.ABCDEFGHIJKLMN23', 'badge'],
  ['u001000000123', 'topUp'],
  ['X1A2B3C000012', 'alone'],
  ['ab3d-efgh-jk2m-n8pq', 'paper'],
  ['AB3DEFGHJK2MN8PQ', 'paper'],
  ['13800000001', 'phone'],
  ['134567890123456789', 'payment'],
  ['2812345678901234567', 'otherWallet'],
  ['6212345678901234567', 'otherWallet'],
  ['001000000123', 'receipt'],
  ['012345678905', 'goods'],
  ['48213377', 'goods'],
  ['96385074', 'goods'],
  ['2100042005307', 'goods'],
  ['6901234567892', 'goods'],
  ['20001', 'goods'],
  ['12800000001', 'goods'],
])('%s is %s', (code, kind) => {
  expect(read(code)).toEqual(scan(kind, code))
})
