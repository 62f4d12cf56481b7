import type { DeskLine, DeskOrder } from '@web/contract'

/** Lines and orders for tests: everything plain, unless told otherwise. */

export function aLine(line_no: number, facts: Partial<DeskLine> = {}): DeskLine {
  return {
    line_no,
    sku_id: line_no,
    name: '牛奶',
    spec: '250ml',
    unit: '盒',
    weighed: false,
    qty: 1,
    picked_qty: 0,
    short_qty: 0,
    handed_qty: 0,
    shelf: '',
    barcode: '',
    picture: '',
    temperature: 'ambient',
    counted_at: null,
    ...facts,
  }
}

export function anOrder(id: number, facts: Partial<DeskOrder> = {}): DeskOrder {
  return {
    id,
    no: `001${String(id).padStart(9, '0')}`,
    store_id: 1,
    order_id: id,
    stage: 'picking',
    state: 'accepted',
    mode: 'pickup',
    placed_at: '2026-11-23T03:00:00Z',
    paid_at: '2026-11-23T03:01:00Z',
    promise_at: '2026-11-23T05:00:00Z',
    assigned_at: '2026-11-23T03:01:00Z',
    accept_by: null,
    cancel_by: null,
    accepted_at: null,
    customer: '138****2046',
    remark: '',
    items: 1,
    payable_fen: 990,
    ready_at: null,
    closed_at: null,
    place: '',
    bags: 1,
    carrier: '',
    tracking_no: '',
    seals: [],
    lines: [aLine(1)],
    ...facts,
  }
}
