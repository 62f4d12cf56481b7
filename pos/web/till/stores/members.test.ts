import type { Member, Quote } from '@web/contract'
import { t } from '@web/i18n'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { useBasket } from './basket'
import { useCounter } from './counter'
import { useMembers } from './members'
import { useSale } from './sale'

const member = (id: number) => ({ id, name: `M${id}`, phone: '138****0001' }) as Member

beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('away')))
  useMembers().choose(member(1))
})

test('whose money is being taken is not changed, nor taken off, once a tender has begun', () => {
  const [sale, basket, members] = [useSale(), useBasket(), useMembers()]
  for (const begun of [{ cashPart_fen: 500 }, { walletText: '5' }, { sending: true }]) {
    sale.$patch(begun)
    members.choose(member(2))
    expect([basket.member?.id, useCounter().echo?.text]).toEqual([1, t('echo.memberLate')])
    members.leave()
    expect(basket.member?.id).toBe(1)
    members.choose(member(1), 'code')
    expect(basket.authorisation).toBe('code') // the same member may still prove who they are
    sale.$patch({ cashPart_fen: 0, walletText: '', sending: false })
    basket.authorisation = null
  }
  members.choose(member(2))
  expect(basket.member?.id).toBe(2)
})

test('a member who is taken off takes points and coupons along, and the till says which, and prices again', () => {
  const basket = useBasket()
  const quote = { coupon_fen: 500, points_fen: 200, earns_points: 12 } as Quote
  basket.$patch({ points: 200, coupon_ids: [7], pricing: 'done' })
  basket.quote = quote
  const priced = vi.spyOn(basket, 'changed')
  useMembers().leave()
  expect([basket.member, basket.points, basket.coupon_ids]).toEqual([null, 0, []])
  const said = useCounter().echo?.text ?? ''
  for (const part of ['5.00', '2.00', '12']) expect(said).toContain(part)
  expect(priced).toHaveBeenCalled()
})
