/** 拼团 as the server answers it (`mall/http/groups.py`).  Money in fen. */

import type { Card } from './contract'

/** A group that waits for somebody; names are masked. */
export interface WaitingGroup {
  id: number
  missing: number
  fill_by: string
  names: string[]
  mine: boolean
}

/** The group price of a sku. */
export interface GroupOffer {
  offer_id: number
  name: string
  price_fen: number
  people: number
  fill_minutes: number
  until_at: string
  /** What this shopper may still buy at it; null without a limit. */
  left: number | null
  /** What the store has for groups, in pieces or grams. */
  free: number
  groups: WaitingGroup[]
}

export type GroupCard = Omit<Card, 'skus'> & { group: GroupOffer }

export interface Group {
  id: number
  state: 'open' | 'formed' | 'failed'
  offer_id: number
  store_id: number
  store_name: string
  people: number
  missing: number
  fill_by: string
  ended_at: string | null
  /** Whether it may be joined now. */
  open: boolean
  members: { name: string; leader: boolean; mine: boolean }[]
  /** The caller's own order in it. */
  order_id: number | null
  left: boolean
  goods: {
    product_id: number
    sku_id: number
    name: string
    spec: string
    unit: string
    weighed: boolean
    picture: string
    price_fen: number
    list_fen: number
  }
}

/** Where an order stands in its group; `id` null while it is to open one and is not paid. */
export interface OrderGroup {
  id: number | null
  seat: 'asked' | 'taken' | 'left'
  state: Group['state'] | null
  missing: number | null
  fill_by: string | null
}

/** What a checkout is for: a new group of an offer, or a place in one. */
export interface InGroup {
  offer_id: number
  group_id: number | null
}
