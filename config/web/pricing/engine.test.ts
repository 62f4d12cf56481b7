import { expect, it } from 'vitest'
import { bookFromJson, type Good, type Held, type Here, NO_WISH, price } from './index'

// The golden example of trade/pricing/DECISIONS.md.
const A: Good = {
  line_no: 1,
  sku_id: 1,
  category_id: 1,
  qty: 2,
  weighed: false,
  steps: [[1, 6000]],
}
const B: Good = {
  line_no: 2,
  sku_id: 2,
  category_id: 1,
  qty: 1,
  weighed: false,
  steps: [[1, 9000]],
}
const ALWAYS = { version: 1, from_ms: 0, until_ms: 10 ** 14 }
const HERE: Here = {
  store_id: 1,
  channel: 'mall',
  now_ms: 10 ** 12,
  weekday: 2,
  month_day: 24,
  minute: 600,
  tier: 'gold',
  segment_ids: [],
}
const COUPON: Held = {
  id: 7,
  template_id: 1,
  name: '满150减20',
  kind: 'threshold_off',
  stack_class: 'store',
  from_ms: 0,
  until_ms: 10 ** 14,
  threshold_fen: 15_000,
  off_fen: 2000,
  rate_bp: 10_000,
  cap_fen: 0,
  goods: [],
  scope: null,
  store_ids: [],
  channels: [],
}

function golden(mode: 'best' | 'fixed') {
  const book = bookFromJson({
    version: 1,
    mode,
    member_and_flash: 'best',
    stacking: [],
    rules: [
      {
        ...ALWAYS,
        id: 1,
        kind: 'member_price',
        name: '会员95折',
        rate_bp: 9500,
        members_only: true,
      },
      {
        ...ALWAYS,
        id: 2,
        kind: 'nth_rate',
        name: '第二件半价',
        steps: [[2, 5000]],
        on: 'nth',
        scope: { include: { skus: [1] } },
      },
      { ...ALWAYS, id: 3, kind: 'amount_off', name: '满200减30', steps: [[20_000, 3000]] },
    ],
  })
  const purse = { coupons: [COUPON], at: HERE }
  return price([A, B], book, HERE, { purse, wish: { ...NO_WISH, coupon_ids: null }, explain: true })
}

it('lets one line give up its member price', () => {
  const best = golden('best')
  expect(best).toMatchObject({ payable_fen: 15_400, nets_fen: [8606, 6794], optimal: true })
  expect(best?.steps.map(({ name, base_fen, shares }) => [name, base_fen, shares])).toEqual([
    ['会员95折', 12_000, [600, 0]],
    ['满200减30', 20_400, [1676, 1324]],
    ['满150减20', 17_400, [1118, 882]],
  ])
  expect(best?.why_not).toMatchObject([{ rule_id: 2, code: 'dearer', by_fen: 150 }])
})

it('takes the best line prices first where the merchant fixed the order', () => {
  const fixed = golden('fixed')
  expect(fixed).toMatchObject({ payable_fen: 15_550, nets_fen: [7974, 7576] })
  expect(fixed?.why_not).toContainEqual(
    expect.objectContaining({ rule_id: 3, code: 'short', short_fen: 2450 }),
  )
})
