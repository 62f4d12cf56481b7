/** The price engine: `trade/pricing/` for the till and the mini-program. */

export type { Wish } from './case'
export type { Held } from './coupons'
export { bookAt, type Delivered, hereAt } from './delivered'
export { type Gift, NO_WISH, type Priced, type Purse, price, type Question } from './engine'
export { type BookJson, bookFromJson, type Here, type Left, type RuleBook } from './rules'
export type { Good } from './segments'
