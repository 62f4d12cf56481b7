/** 电子发票 as the server answers it (`mall/http/invoices.py`).  Money in fen. */

export type InvoiceKind = 'person' | 'company'

export interface InvoiceTitle {
  kind: InvoiceKind
  title: string
  tax_no: string
  email: string
}

export interface Invoice {
  state: 'requested' | 'issued' | 'refused' | 'reversing' | 'reversed'
  kind: InvoiceKind
  title: string
  tax_no: string
  amount_fen: number | null
  number: string
  url: string
  /** Why the service said no. */
  reason: string
  asked_at: string
}

export interface InvoiceStand {
  invoice: Invoice | null
  /** What may be invoiced now; stored value is invoiced where it was topped up. */
  amount_fen: number
  may: boolean
}

export type InvoicePage = InvoiceStand & { titles: InvoiceTitle[] }
