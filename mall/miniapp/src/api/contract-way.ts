/** How an order reaches its customer, by hand from `mall/http/addresses.py` and `trade/orders/ways.py`. */

export type Mode = 'pickup' | 'delivery' | 'ship'

/** One of the customer's own, in full. */
export interface Address {
  id: number
  name: string
  phone: string
  phone_masked: string
  /** The district's code of six digits; its names come with it. */
  region: string
  region_name: string
  region_path: string[]
  street: string
  lat_e6: number | null
  lng_e6: number | null
  is_default: boolean
}

export type AddressForm = Pick<Address, 'name' | 'phone' | 'region' | 'street' | 'lat_e6' | 'lng_e6' | 'is_default'>

export interface Region {
  code: string
  name: string
}

/** How a quote's freight came about; `because` says why it is not to be had. */
export interface WayTold {
  mode: Mode
  fee_fen: number
  because: 'no_address' | 'no_point' | 'not_offered' | 'paused' | 'outside_area' | 'not_served' | 'cold_chain' | null
  minimum_fen: number
  /** What the minimum still lacks. */
  short_fen: number
  free_from_fen: number | null
  zone: string
  weight_g: number
  distance_m: number
}

/** What a store does, whoever orders. */
export interface WayOffered {
  mode: Mode
  open: boolean
  from_fen: number
  free_from_fen: number | null
  minimum_fen: number
}

/** Where an order goes, as its own customer sees it. */
export interface OrderAddress {
  name: string
  phone: string
  region_name: string
  street: string
}
