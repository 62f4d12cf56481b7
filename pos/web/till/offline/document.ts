/** What a till writes down without network (`trade/orders/offline/kinds.py`): a link in this device's chain. */
export interface Link {
  v: 1
  kind: string
  uuid: string
  no: string
  device: string
  seq: number
  prev: string
  shift_id: number
  shift_uuid: string
  staff_id: number
  at_ms: number
  offset_ms: number
  payable_fen?: number
  rounding_fen?: number
}

/** Where in the chain a document comes, who writes it and when: a writer of a kind adds what the kind says. */
export type Place = Omit<Link, 'kind' | 'payable_fen' | 'rounding_fen'>

/** The number on a paper without network: nobody else's, because the device's own is in it. */
export const numberOf = (device: string, seq: number): string =>
  `X${device.slice(0, 6).toUpperCase()}${String(seq).padStart(6, '0')}`
