/** What a promotion says: one immutable version of it, as the engine reads it. `trade/pricing/DECISIONS.md` has the fields. */

export type Kind =
  | 'member_price'
  | 'flash'
  | 'clearance'
  | 'seckill'
  | 'group'
  | 'nth_rate'
  | 'buy_get'
  | 'bundle'
  | 'amount_off'
  | 'amount_rate'
  | 'add_on'
  | 'gift'
  | 'free_shipping'

/** When each takes its turn, and its class in the stacking table. */
const KINDS: Readonly<Record<Kind, readonly [phase: number, stack: string]>> = {
  member_price: [1, 'member'],
  flash: [1, 'flash'],
  clearance: [1, 'flash'],
  seckill: [1, 'seckill'],
  group: [1, 'seckill'],
  nth_rate: [2, 'multi'],
  buy_get: [2, 'multi'],
  bundle: [2, 'multi'],
  amount_off: [3, 'activity'],
  amount_rate: [3, 'activity'],
  add_on: [3, 'add_on'],
  gift: [3, 'gift'],
  free_shipping: [6, 'shipping'],
}

export type Pair = readonly [number, number]

interface Names {
  readonly skus?: readonly number[]
  readonly categories?: readonly number[]
}

/** Which goods a rule or a coupon covers: all, or those included by sku or category, less those excluded. */
export interface Scope {
  readonly include?: Names
  readonly exclude?: Names
}

/** A rule as the server sends it; fields at their default are left out. */
export interface RuleJson {
  readonly id: number
  readonly version: number
  readonly kind: Kind
  readonly name: string
  readonly from_ms: number
  readonly until_ms: number
  readonly priority?: number
  readonly group?: string
  readonly measured?: 'before' | 'after'
  readonly scope?: Scope
  readonly store_ids?: readonly number[]
  readonly channels?: readonly string[]
  readonly members_only?: boolean
  readonly tiers?: readonly string[]
  readonly segment_ids?: readonly number[]
  readonly weekdays?: readonly number[]
  readonly month_days?: readonly number[]
  readonly hours?: readonly Pair[]
  readonly most_per_order?: number
  readonly on_return?: string
  readonly prices?: Readonly<Record<string, number>>
  readonly rate_bp?: number
  readonly off_fen?: number
  readonly steps?: readonly Pair[]
  readonly on?: 'all' | 'nth'
  readonly across?: boolean
  readonly buy?: number
  readonly get?: number
  readonly parts?: readonly Pair[]
  readonly price_fen?: number
  readonly every?: boolean
  readonly cap_fen?: number
  readonly gifts?: readonly Pair[]
}

/** One published version of a promotion. An empty list of stores, channels, tiers, days means all. */
export interface Rule extends Required<Omit<RuleJson, 'prices'>> {
  readonly prices: ReadonlyMap<number, number>
  readonly phase: number
  readonly stack: string
}

/** A rule with its defaults. Field by field, so that all rules are of one shape: engines read those much faster. */
export function ruleFromJson(body: RuleJson): Rule {
  const [phase, stack] = KINDS[body.kind]
  const prices = new Map<number, number>()
  for (const sku of Object.keys(body.prices ?? {})) prices.set(Number(sku), body.prices?.[sku] ?? 0)
  return {
    id: body.id,
    version: body.version,
    kind: body.kind,
    name: body.name,
    from_ms: body.from_ms,
    until_ms: body.until_ms,
    priority: body.priority ?? 0,
    group: body.group ?? '',
    measured: body.measured ?? 'before',
    scope: body.scope ?? {},
    store_ids: body.store_ids ?? [],
    channels: body.channels ?? [],
    members_only: body.members_only ?? false,
    tiers: body.tiers ?? [],
    segment_ids: body.segment_ids ?? [],
    weekdays: body.weekdays ?? [],
    month_days: body.month_days ?? [],
    hours: body.hours ?? [],
    most_per_order: body.most_per_order ?? 0,
    on_return: body.on_return ?? 'keep',
    rate_bp: body.rate_bp ?? 0,
    off_fen: body.off_fen ?? 0,
    steps: body.steps ?? [],
    on: body.on ?? 'all',
    across: body.across ?? false,
    buy: body.buy ?? 0,
    get: body.get ?? 0,
    parts: body.parts ?? [],
    price_fen: body.price_fen ?? 0,
    every: body.every ?? false,
    cap_fen: body.cap_fen ?? 0,
    gifts: body.gifts ?? [],
    prices,
    phase,
    stack,
  }
}

function names(part: Names | undefined, sku_id: number, category_id: number): boolean {
  return !!part?.skus?.includes(sku_id) || !!part?.categories?.includes(category_id)
}

/** Whether a scope holds a sku of this category. */
export function holds(scope: Scope, sku_id: number, category_id: number): boolean {
  if (names(scope.exclude, sku_id, category_id)) return false
  const { skus, categories } = scope.include ?? {}
  return !(skus?.length || categories?.length) || names(scope.include, sku_id, category_id)
}

/** Whether the goods count for a rule: its scope, and the skus it names a price or a part for. */
export function covers(rule: Rule, sku_id: number, category_id: number): boolean {
  if (rule.kind === 'bundle') return rule.parts.some(([part]) => part === sku_id)
  if (rule.prices.size && rule.phase === 1) return rule.prices.has(sku_id)
  return holds(rule.scope, sku_id, category_id)
}

/** A rule book as the server sends it: what a till keeps and a sale is stamped with. */
export interface BookJson {
  readonly version: number
  readonly rules: readonly RuleJson[]
  readonly mode: 'best' | 'fixed'
  readonly member_and_flash: 'best' | 'first'
  readonly stacking: readonly (readonly [string, string])[]
}

/** All rules that may matter, ready to be asked. `stacking` are excluded pairs (class of a segment, later deduction). */
export interface RuleBook {
  readonly version: number
  readonly rules: readonly Rule[]
  readonly mode: 'best' | 'fixed'
  readonly member_and_flash: 'best' | 'first'
  readonly stacking: readonly (readonly [string, string])[]
}

export function bookFromJson(body: BookJson): RuleBook {
  const { version, mode, member_and_flash, stacking } = body
  return { version, rules: body.rules.map(ruleFromJson), mode, member_and_flash, stacking }
}

export const NO_RULES: RuleBook = {
  version: 0,
  rules: [],
  mode: 'best',
  member_and_flash: 'best',
  stacking: ['activity', 'add_on', 'gift', 'goods', 'store', 'platform', 'points'].map(
    (later) => ['seckill', later] as const,
  ),
}

/** Where, when and for whom a basket is priced. The local parts are the store's; `tier` null is no member. */
export interface Here {
  readonly store_id: number
  readonly channel: string
  readonly now_ms: number
  readonly weekday: number
  readonly month_day: number
  readonly minute: number
  readonly tier: string | null
  readonly segment_ids: readonly number[]
}

/** What a rule may still give: units (phase 1), sets (phase 2) or orders; null is no limit. `fen` of its budget. */
export interface Left {
  readonly units: number | null
  readonly why: string
  readonly fen: number | null
}

export const UNLIMITED: Left = { units: null, why: 'quota_used', fen: null }

/** Why something did nothing: a code of `trade/pricing/DECISIONS.md` and its facts. */
export type Reason = { readonly code: string } & Readonly<Record<string, unknown>>
