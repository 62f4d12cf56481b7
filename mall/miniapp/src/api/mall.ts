import { device, keep, kept } from '../lib/kept'
import { platform } from '../platform'
import type { EventBatch } from '../lib/tracker'
import { Api } from './api'
import type {
  Basket,
  Card,
  CardPage,
  Category,
  DailySignIn,
  Home,
  Me,
  Order,
  ParcelOptions,
  ParcelSays,
  PayAnswer,
  Points,
  Product,
  Quote,
  Settings,
  SignedIn,
  SignIns,
  Slot,
  Store,
  Tier,
} from './contract'
import type { Case, LeftOrder, RefundPreview, SentPhoto, Story, Wish } from './contract-after'
import type { Ticket, TicketGlance, TicketWish } from './contract-ticket'
import type { InvoicePage, InvoiceStand, InvoiceTitle } from './contract-invoice'
import type { Alternatives, Brand, Instead, Narrowed } from './contract-browse'
import type {
  CardState,
  Consents,
  Copy,
  Coupon,
  CouponTab,
  Gender,
  Invitation,
  Invite,
  Leaving,
  NewSecret,
  Offer,
  OrderGlance,
  Profile,
  Purpose,
  Scene,
  Telling,
  TemplateAnswer,
  TopUp,
  WalletPage,
} from './contract-value'
import type { Group, GroupCard, InGroup } from './contract-group'
import type { RushCard } from './contract-price'
import type { Recommended } from './contract-recommend'
import type { Address, AddressForm, Mode, Region, WayOffered } from './contract-way'
import { overUni } from './transport'

const BASE = '/api/mall'

let token = ''
let tokenRead = false
const whenSignedOut: (() => void)[] = []

/** The session's token, from storage at first use. */
export function currentToken(): string {
  if (!tokenRead) {
    token = kept<string>('token') ?? ''
    tokenRead = true
  }
  return token
}

export function setToken(next: string): void {
  if (next !== currentToken()) api.forget()
  token = next
  tokenRead = true
  keep('token', next || null)
}

/** Be told when the server no longer knows our token. */
export function onSignedOut(hear: () => void): void {
  whenSignedOut.push(hear)
}

const api = new Api(overUni(platform.server), {
  token: currentToken,
  onSignedOut: (of) => {
    // The late answer to somebody who has left says nothing about who is here now.
    if (of !== currentToken()) return
    setToken('')
    for (const hear of whenSignedOut) hear()
  },
})

/** `?a=1&b=2` of what is there. */
function query(of: Record<string, string | number | boolean | null | undefined>): string {
  const pairs = Object.entries(of).filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
  return pairs.length ? `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}` : ''
}

interface Invited {
  invitation: Invitation
}

/** The code of WeChat, and the friend's invite code where the person came by one. */
function withInvite(code: string, invite: string | null): object {
  return invite ? { code, invite } : { code }
}

/** Every endpoint of the mall, by name. */
export const mall = {
  settings: () => api.get<Settings>(`${BASE}/settings`),
  login: (code: string, invite: string | null) => api.write<SignedIn & Invited>(`${BASE}/login`, withInvite(code, invite)),
  logout: () => api.write<object>(`${BASE}/logout`),
  phone: (code: string, invite: string | null) =>
    api.write<{ me: Me } & Invited>(`${BASE}/phone`, { ...withInvite(code, invite), device: device() }),
  invite: () => api.get<{ invite: Invite }>(`${BASE}/me/invite`),
  me: () => api.get<{ me: Me }>(`${BASE}/me`),
  points: (before: number | null) => api.get<Points>(`${BASE}/points${query({ before })}`),
  signIns: () => api.get<{ sign_ins: SignIns | null }>(`${BASE}/sign-in`),
  signInToday: () => api.write<{ sign_in: DailySignIn }>(`${BASE}/sign-in`),
  tier: () => api.get<{ tier: Tier }>(`${BASE}/tier`),
  stores: (place: { lat: string; lng: string } | null) =>
    api.get<{ stores: Store[] }>(`${BASE}/stores${query({ ...place })}`),
  categories: () => api.get<{ categories: Category[] }>(`${BASE}/categories`),
  home: (store_id: number) => api.get<Home>(`${BASE}/home${query({ store_id })}`),
  products: (of: Narrowed & { store_id: number; category_id?: number; q?: string; meant?: boolean; after?: string | null }) =>
    api.get<CardPage>(`${BASE}/products${query({ ...of })}`),
  filters: (store_id: number, category_id: number) =>
    api.get<{ brands: Brand[] }>(`${BASE}/filters${query({ store_id, category_id })}`),
  hotWords: (store_id: number) => api.get<{ hot: string[] }>(`${BASE}/search${query({ store_id })}`),
  suggest: (store_id: number, q: string) => api.get<{ names: string[] }>(`${BASE}/search/suggest${query({ store_id, q })}`),
  instead: (store_id: number, q: string) => api.get<Instead>(`${BASE}/search/instead${query({ store_id, q })}`),
  product: (store_id: number, product_id: number) =>
    api.get<{ product: Product }>(`${BASE}/products/${product_id}${query({ store_id })}`),
  alternatives: (store_id: number, sku_id: number) =>
    api.get<Alternatives>(`${BASE}/skus/${sku_id}/alternatives${query({ store_id })}`),
  wish: (store_id: number, sku_id: number, waits: boolean) => api.write<{ waits: boolean }>(`${BASE}/skus/${sku_id}/wish`, { store_id, waits }),
  slots: (store_id: number, mode: Mode = 'pickup', group: InGroup | null = null) =>
    api.get<{ slots: Slot[] }>(`${BASE}/slots${query({ store_id, mode, ...group })}`),
  groupOffers: (store_id: number) => api.get<{ offers: GroupCard[] }>(`${BASE}/groups${query({ store_id })}`),
  rushes: (store_id: number) => api.get<{ rushes: RushCard[] }>(`${BASE}/rushes${query({ store_id })}`),
  favourites: (store_id: number) => api.get<{ products: Card[]; elsewhere: number }>(`${BASE}/favourites${query({ store_id })}`),
  isFavourite: (product_id: number) => api.get<{ kept: boolean }>(`${BASE}/favourites/${product_id}`),
  keepFavourite: (product_id: number, kept: boolean) => api.write<{ kept: boolean }>(`${BASE}/favourites`, { product_id, kept }),
  recommended: (store_id: number, place: 'home' | 'product' | 'cart', products: number[] = []) =>
    api.get<Recommended>(`${BASE}/recommended${query({ store_id, place, products: products.join(',') })}`),
  group: (id: number) => api.get<{ group: Group }>(`${BASE}/groups/${id}`),
  ways: (store_id: number) => api.get<{ ways: WayOffered[] }>(`${BASE}/ways${query({ store_id })}`),
  regions: (under: string | null) => api.get<{ regions: Region[] }>(`${BASE}/regions${query({ under })}`),
  addresses: () => api.get<{ addresses: Address[]; most: number }>(`${BASE}/addresses`),
  keepAddress: (id: number | null, form: AddressForm) =>
    api.write<{ id: number }>(`${BASE}/addresses${id ? `/${id}` : ''}`, form),
  removeAddress: (id: number) => api.write<{ removed: number }>(`${BASE}/addresses/${id}/remove`),
  quote: (basket: Basket) => api.ask<{ quote: Quote }>(`${BASE}/quote`, basket),
  order: (order: Basket & { request_id?: string; expected_payable_fen: number; token?: string; promise_at?: string; remark: string; may_substitute?: boolean; may_split?: boolean; group_id?: number }) =>
    api.write<{ order: Order }>(`${BASE}/orders`, order),
  orders: (before: number | null) => api.get<{ orders: Order[] }>(`${BASE}/orders${query({ before })}`),
  glance: (trade_no: string) =>
    api.get<{ order: OrderGlance }>(`${BASE}/orders/by-trade-no/${encodeURIComponent(trade_no)}`),
  scene: (code: string) => api.get<{ scene: Scene }>(`${BASE}/scene/${encodeURIComponent(code)}`),
  scanned: (code: string) => api.write<{ scene: Scene; remembered: boolean }>(`${BASE}/scene`, { code }),
  oneOrder: (id: number) => api.get<{ order: Order }>(`${BASE}/orders/${id}`),
  pay: (id: number) => api.write<PayAnswer>(`${BASE}/orders/${id}/pay`),
  parcelOptions: (id: number, parcel_id: number) =>
    api.get<{ options: ParcelOptions }>(`${BASE}/orders/${id}/parcels/${parcel_id}/options`),
  answerParcel: (id: number, parcel_id: number, says: ParcelSays, at_store_id?: number) =>
    api.write<{ order: Order }>(`${BASE}/orders/${id}/parcels/${parcel_id}/answer`, { says, at_store_id }),
  answerSubstitute: (id: number, parcel_id: number, substitute_id: number, agrees: boolean) =>
    api.write<{ order: Order }>(`${BASE}/orders/${id}/parcels/${parcel_id}/substitutes/${substitute_id}`, { agrees }),
  parcelQr: (id: number, parcel_id: number) => api.get<{ qr: string; until_at: string }>(`${BASE}/orders/${id}/parcels/${parcel_id}/qr`),
  replaceCode: (id: number, parcel_id: number, delegated: boolean) =>
    api.write<{ order: Order }>(`${BASE}/orders/${id}/parcels/${parcel_id}/code`, { delegated }),
  received: (id: number, parcel_id: number) => api.write<{ order: Order }>(`${BASE}/orders/${id}/parcels/${parcel_id}/received`),
  cancel: (id: number, reason: string) => api.write<{ order: Order }>(`${BASE}/orders/${id}/cancel`, { reason }),
  askToCancel: (id: number) => api.write<{ order: Order }>(`${BASE}/orders/${id}/ask-to-cancel`),
  story: (id: number) => api.get<{ story: Story }>(`${BASE}/orders/${id}/story`),
  sendPhoto: (data: string) => api.write<SentPhoto>(`${BASE}/photos`, { data }),
  leftOf: (id: number) => api.get<{ order: LeftOrder }>(`${BASE}/aftersales/orders/${id}`),
  previewWish: (wish: Wish) => api.ask<{ fault: boolean; preview: RefundPreview | null }>(`${BASE}/aftersales/preview`, wish),
  askFor: (wish: Wish & { words: string; photos: string[] }) => api.write<{ case: Case }>(`${BASE}/aftersales`, wish),
  cases: (before: number | null) => api.get<{ cases: Case[] }>(`${BASE}/aftersales${query({ before })}`),
  oneCase: (id: number) => api.get<{ case: Case }>(`${BASE}/aftersales/${id}`),
  cancelCase: (id: number) => api.write<{ case: Case }>(`${BASE}/aftersales/${id}/cancel`),
  appealCase: (id: number) => api.write<{ case: Case }>(`${BASE}/aftersales/${id}/appeal`),
  shipCase: (id: number, carrier: string, tracking_no: string) =>
    api.write<{ case: Case }>(`${BASE}/aftersales/${id}/ship`, { carrier, tracking_no }),
  card: () => api.get<{ card: CardState }>(`${BASE}/card`),
  cardSecret: () => api.write<NewSecret>(`${BASE}/card/secret`),
  consents: () => api.get<Consents>(`${BASE}/consents`),
  consent: (choices: { purpose: Purpose; version: string; given: boolean }[]) =>
    api.write<Consents>(`${BASE}/consents`, { choices }),
  eventConsent: () => api.get<{ consent: { version: string; given: boolean | null } }>(`${BASE}/events/consent`),
  tellEvents: (batch: EventBatch) => api.write<object>(`${BASE}/events`, batch),
  forgetEvents: (anon_id: string) => api.write<{ gone: number }>(`${BASE}/events/forget`, { anon_id }),
  telling: () => api.get<Telling>(`${BASE}/consents/messages`),
  tell: (answers: TemplateAnswer[]) => api.write<Telling>(`${BASE}/consents/messages`, { answers }),
  coupons: (tab: CouponTab, before: number | null) =>
    api.get<{ coupons: Coupon[]; before: number | null }>(`${BASE}/coupons${query({ tab, before })}`),
  offers: (after: number) => api.get<{ offers: Offer[]; after: number | null }>(`${BASE}/coupons/centre${query({ after })}`),
  claim: (template_id: number) => api.write<{ coupon: Coupon }>(`${BASE}/coupons/claim`, { template_id, device: device() }),
  claimByCode: (code: string) => api.write<{ coupon: Coupon }>(`${BASE}/coupons/claim`, { code }),
  wallet: (store_id: number | null, before: number | null) =>
    api.get<WalletPage>(`${BASE}/wallet${query({ store_id, before })}`),
  topUp: (store_id: number, amount_fen: number) =>
    api.write<{ top_up: TopUp }>(`${BASE}/top-ups`, { store_id, amount_fen }),
  oneTopUp: (id: number) => api.get<{ top_up: TopUp }>(`${BASE}/top-ups/${id}`),
  payTopUp: (id: number) => api.write<PayAnswer>(`${BASE}/top-ups/${id}/pay`),
  invoice: (order_id: number) => api.get<InvoicePage>(`${BASE}/orders/${order_id}/invoice`),
  askInvoice: (order_id: number, wish: InvoiceTitle) => api.write<InvoiceStand>(`${BASE}/orders/${order_id}/invoice`, wish),
  tickets: (before: number | null) => api.get<{ tickets: TicketGlance[] }>(`${BASE}/tickets${before ? `?before=${before}` : ''}`),
  ticket: (id: number) => api.get<{ ticket: Ticket }>(`${BASE}/tickets/${id}`),
  askUs: (wish: TicketWish) => api.write<{ ticket: Ticket }>(`${BASE}/tickets`, wish),
  writeUs: (id: number, words: string, photos: string[]) => api.write<{ ticket: Ticket }>(`${BASE}/tickets/${id}/write`, { words, photos }),
  closeTicket: (id: number) => api.write<{ ticket: Ticket }>(`${BASE}/tickets/${id}/close`),
  profile: () => api.get<{ profile: Profile; promised: number }>(`${BASE}/me/profile`),
  editProfile: (said: { nickname: string; birthday: string | null; gender: Gender | null }) =>
    api.write<{ profile: Profile; points: number }>(`${BASE}/me/profile`, said),
  copy: () => api.get<{ export: Copy | null }>(`${BASE}/me/export`),
  askCopy: () => api.write<{ export: Copy | null }>(`${BASE}/me/export`),
  takeCopy: () => api.write<{ data: object }>(`${BASE}/me/export/take`),
  leaving: () => api.get<{ leaving: Leaving | null }>(`${BASE}/me/delete`),
  leave: () => api.write<{ leaving: Leaving | null }>(`${BASE}/me/delete`),
  stay: () => api.write<{ leaving: Leaving | null }>(`${BASE}/me/delete/cancel`),
}
