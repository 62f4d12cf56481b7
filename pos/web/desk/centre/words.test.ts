import { setLocale } from '@web/i18n'
import { afterEach, expect, test } from 'vitest'
import { actor, causes, due, facts, haste, history, owner, routed, span } from './words'

const NOW = Date.parse('2026-11-23T04:00:00Z')
const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString()

afterEach(() => setLocale('zh-CN'))

test('a held order says each of its reasons in words, with money and lists filled in', () => {
  const reasons = [
    { reason: 'remark', word: '过敏' },
    { reason: 'remark', length: 52 },
    { reason: 'duplicate', of: ['001000000007', '001000000008'], minutes: 10 },
    { reason: 'risk', payable_fen: 123456, limit_fen: 100000, new: true },
    { reason: 'risk', payable_fen: 600000, limit_fen: 500000, new: false },
    { reason: 'odd' },
  ]
  const held = { type: 'hold', kind: 'review', cause: 'remark', facts: { reasons } } as const
  expect(causes(held)).toEqual([
    '留言里有“过敏”，要先看。',
    '留言较长（52 字），要先看。',
    '10 分钟内买过同样的商品：001000000007、001000000008。',
    '新会员首单 ¥1234.56，超过 ¥1000.00，请核实。',
    '金额 ¥6000.00 超过 ¥5000.00，请核实。',
    'odd',
  ])
})

test('an exception says its cause, or what its kind is about, never what machines say', () => {
  const job = { job: 'count_growth', fact: 'order.paid', row: 7, kinds: ['order.paid'], nested: {} }
  const failed = { type: 'case', kind: 'job_failed', cause: 'rows', facts: job } as const
  expect(causes(failed)).toEqual([
    '任务 count_growth 处理 order.paid 时连续三次失败，其余数据不受影响。',
  ])
  expect(causes({ ...failed, kind: 'unroutable', cause: 'news' })).toEqual([
    '没有门店能接这张订单。',
  ])
  expect(facts(failed)).toEqual([
    { label: '任务', value: 'count_growth' },
    { label: '记录号', value: 7 },
  ])
  expect(facts({ facts: { amount_fen: 1990, since: at(0), code: '' } })).toEqual([
    { label: '金额', value: '¥19.90' },
    { label: '最早一条', value: '11/23 12:00' },
  ])
})

test('spans and due moments are told as people tell them', () => {
  expect([0.5, 59, 61, 60 * 49].map((minutes) => span(minutes * 60_000))).toEqual([
    '0 分钟',
    '59 分钟',
    '1 小时 1 分',
    '2 天 1 小时',
  ])
  expect([due(at(8), NOW), due(at(-125), NOW)]).toEqual(['还剩 8 分钟', '已超时 2 小时 5 分'])
  expect([at(-1), at(9), at(10)].map((one) => haste(one, NOW))).toEqual(['late', 'soon', 'calm'])
})

test('who answers and who did it have names', () => {
  expect(owner({ owner: 'staff:4', owner_name: '李店长' })).toBe('李店长')
  expect(owner({ owner: 'head_office', owner_name: null })).toBe('总部')
  expect(actor({ actor: 'member:9', name: '' })).toBe('顾客')
  setLocale('en')
  expect(actor({ actor: 'review', name: '' })).toBe('automatic review')
})

test('the history leaves out what only machines understand', () => {
  const told = history([
    {
      at: at(0),
      kind: 'exception.resolved',
      actor: 'staff:1',
      name: '李',
      data: { remedy: 'refund_order', note: '客人同意' },
    },
    {
      at: at(1),
      kind: 'exception.cleared',
      actor: 'worker',
      name: '',
      data: { note: 'works_again' },
    },
    { at: at(0), kind: 'stock.held', actor: 'x', name: '', data: {} },
  ])
  expect(told).toEqual([
    { at: at(0), what: '关闭', who: '李', words: '取消并全额退款、客人同意' },
    { at: at(1), what: '自动解除', who: '后台任务', words: '任务恢复正常' },
  ])
})

test('why this store, or why none, is one sentence', () => {
  const plain = { hop: 2, at: at(0), outcome: 'routed', stores: ['文三路店'], able: 2, removed: {} }
  expect(routed({ ...plain, removed: { no_stock: 3, odd: 1 } })).toBe(
    '文三路店（2 家能办、缺货 3 家、odd 1 家）',
  )
  expect(routed({ ...plain, stores: [], able: 0, outcome: 'short', removed: { closed: 4 } })).toBe(
    '所有门店合起来也没有足够的货。（0 家能办、打烊或停接 4 家）',
  )
})
