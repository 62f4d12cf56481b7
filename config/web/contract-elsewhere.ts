/** What other stores hand over, as a till sells it. */

export type AwayMode = 'pickup' | 'delivery' | 'ship'

/** Another store and what it has free of one item; distances in metres. */
export interface OtherStore {
  store_id: number
  name: string
  address: string
  phone: string
  distance_m: number
  free: number
  /** Its figure is in doubt until somebody counts. */
  count_due: boolean
  /** When the figure last moved or was counted. */
  figure_at: string | null
  open: boolean
  opens_at: string | null
  paused: boolean
  modes: AwayMode[]
}

/** Who gets what is brought or sent; `region` is the district's six digits. */
export interface AwayAddress {
  name: string
  phone: string
  region: string
  region_name: string
  street: string
}

/** How the customer gets what other stores hand over: one way a ticket. */
export interface AwayWay {
  mode: AwayMode
  address: AwayAddress | null
}

export interface Reservation {
  id: number
  until_at: string
}

/** Cash for goods that another store could not hand over: the customer has it coming. */
export interface OwedCash {
  id: number
  amount_fen: number
  reason: string
  since: string
}
