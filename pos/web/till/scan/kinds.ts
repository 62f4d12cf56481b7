import { isGS1 } from '@web/labels'

/** What a code is.  A new kind is one entry here and one in `takers.ts`. */
export type Kind =
  | 'memberCode'
  | 'memberCard'
  | 'pickup'
  | 'badge'
  | 'topUp'
  | 'alone'
  | 'paper'
  | 'phone'
  | 'tail'
  | 'payment'
  | 'otherWallet'
  | 'receipt'
  | 'gs1'
  | 'goods'

/** What the till knows that the text alone does not say. */
export interface Facts {
  /** Whether goods of this store bear the code, as it was read. */
  sells: (code: string) => boolean
}

type Rule = readonly [kind: Kind, is: (text: string, facts: Facts) => boolean]

/**
 * The order is the rule (till-and-store-desk.md 3.2): ours by their prefix, payment codes, goods, numbers of paper.
 *
 * A payment code is one by its shape alone, whatever lies on the counter: taken for goods it would be looked up, and so
 * written to a log.  Twelve digits are a UPC and the number of a receipt: goods that are sold here come first.
 */
const RULES: readonly Rule[] = [
  ['memberCode', isMemberCode],
  ['memberCard', (text) => /^96\d{14}$/.test(text)],
  ['pickup', (text) => /^TP\.[\w.-]+$/.test(text)],
  ['badge', (text) => /^TB\.\d+\.\d+\.[A-Z2-7]{16}$/.test(text)],
  ['topUp', isTopUpNo],
  ['alone', (text) => /^X[0-9A-F]{6}\d{6}$/i.test(text)],
  ['paper', isPaperCode],
  // Eleven digits are no barcode length, so a phone number can share the box with goods.
  ['phone', (text) => /^1[3-9]\d{9}$/.test(text)],
  ['payment', isPaymentCode],
  ['otherWallet', (text) => /^(2[5-9]|30)\d{14,22}$/.test(text) || /^62\d{17}$/.test(text)],
  ['gs1', isGS1],
  ['receipt', (text, { sells }) => /^\d{12}$/.test(text) && !sells(text)],
  // The last four digits of a phone, where no goods bear such a short code.
  ['tail', (text, { sells }) => /^\d{4}$/.test(text) && !sells(text)],
  ['goods', isGoodsCode],
]

/** What a code is; null where it is no code but words to search for. */
export function kindOf(text: string, facts: Facts): Kind | null {
  return RULES.find(([, is]) => is(text, facts))?.[0] ?? null
}

/** Digits only: what readers send for goods and scale labels. */
export function isGoodsCode(text: string): boolean {
  return /^\d{2,30}$/.test(text)
}

/** The payment code of WeChat: 18 digits that begin with 10 to 15.  It is never shown, kept or logged. */
export function isPaymentCode(text: string): boolean {
  return /^1[0-5]\d{16}$/.test(text)
}

/** The dynamic code of the mini-program (member/codes.py): 20 digits that begin with 98. */
export function isMemberCode(text: string): boolean {
  return /^98\d{18}$/.test(text)
}

/** A coupon code on paper (member/coupons/claim.py): 16 letters and digits, mostly in groups of four. */
export function isPaperCode(text: string): boolean {
  const plain = text.toUpperCase()
  if (/^[0-9A-TV-Z]{4}([- ][0-9A-TV-Z]{4}){3}$/.test(plain)) return true
  return /^[0-9A-TV-Z]{16}$/.test(plain) && /\d/.test(plain) && /[A-Z]/.test(plain)
}

/** The printed number of a top-up (trade/payments/top_ups.py). */
export function isTopUpNo(text: string): boolean {
  return /^U\d{12}$/i.test(text)
}
