import type { Receipt, ReturnPaper } from '@web/contract'
import { keep } from '@web/kept'
import { expect, test } from 'vitest'
import cases from '../../../../tests/vectors/paper/cases.json'
import { escpos, KICK } from './escpos'
import { gb18030 } from './gb18030'
import { pageOf } from './page'
import { returnSlip, saleSlip } from './papers'
import { receiptUrl } from './token'

const GOLDEN = '../../../../tests/vectors/paper'
const files = import.meta.glob<string>('../../../../tests/vectors/paper/*.bin', {
  query: '?inline',
  import: 'default',
  eager: true,
})
const sales = (cases as { name: string; kind: string; paper: object }[])
  .filter((one) => one.kind === 'sale')
  .map(({ name, paper }) => ({ name, paper: paper as Receipt }))

/** Bytes as text, one sign each, so that a difference can be read. */
const latin = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
const golden = (name: string): string =>
  atob((files[`${GOLDEN}/${name}.bin`] ?? '').split(',')[1] ?? '')
const first = (): Receipt => (sales[0] as (typeof sales)[number]).paper

test.each(sales)('the till prints $name to the byte as the server does', ({ name, paper }) => {
  for (const width of [58, 80] as const)
    expect(latin(escpos(saleSlip(paper, width)))).toBe(golden(`${name}-${width}`))
})

test('a return is printed to the byte as the server does', () => {
  const paper = cases.find((one) => one.kind === 'returned')?.paper as unknown as ReturnPaper
  for (const width of [58, 80] as const)
    expect(latin(escpos(returnSlip(paper, width)))).toBe(golden(`return-${width}`))
})

test('text that a printer would take for a command is none', () => {
  const paper = { ...first(), store_name: '店\x1bp\x0022' }
  expect(latin(escpos(saleSlip(paper, 80)))).not.toContain(latin(KICK.slice(0, 2)))
})

test('every mark of the table is read back as itself', () => {
  const marks = Array.from({ length: 0xd7ff - 0x80 }, (_, at) => String.fromCharCode(at + 0x80))
  const text = [...marks, '\u{20000}', '😀'].join('')
  expect(new TextDecoder('gb18030').decode(Uint8Array.from(gb18030(text)))).toBe(text)
})

test('the page says what the paper says, and nothing in a name is markup', () => {
  const paper = { ...first(), store_name: '<b>店</b>' }
  const page = pageOf(saleSlip(paper, 58))
  expect(page).toContain('&lt;b&gt;店&lt;/b&gt;')
  expect(page.match(/<svg/g)).toHaveLength(2)
  expect(page).toContain('size:58mm')
})

test('the token is the one that the server makes of the same id', async () => {
  keep('till.receiptUrl', 'https://shop.example.com/r/1.')
  expect(await receiptUrl('0D5C1F0E-2f0e-4f43-9f3c-6a6f0c1d2e3f')).toBe(
    'https://shop.example.com/r/1.fSx1TMMl9mv6XXAMETwO',
  )
})
