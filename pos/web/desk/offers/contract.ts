/** 拼团 as `pos/http/group_offers.py` answers it. Money in fen, weighed goods priced by the kilogram. */

export interface Goods {
  sku_id: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  list_fen: number
}

export type Stands = 'draft' | 'scheduled' | 'running' | 'over' | 'paused' | 'ended'

export interface GroupOffer {
  id: number
  name: string
  state: 'draft' | 'live' | 'paused' | 'ended'
  stands: Stands
  from_at: string
  /** The last minute in which it runs. */
  last_at: string
  people: number
  fill_minutes: number
  total_units: number | null
  member_units: number | null
  groups: { open: number; formed: number; failed: number }
  /** People who paid and wait. */
  waiting: number
  goods: { sku_id: number; name: string; spec: string; unit: string; price_fen: number }[]
}

export interface OneGroup {
  id: number
  state: 'open' | 'formed' | 'failed'
  taken: number
  people: number
  opened_at: string
  fill_by: string
  ended_at: string | null
  store_name: string
}

/** Dates are the shop's wall clock, to the minute; 0 units is no limit. */
export interface NewOffer {
  name: string
  goods: { sku_id: number; price_fen: number }[]
  people: number
  fill_minutes: number
  starts: string
  ends: string
  member_units: number
  total_units: number
}
