import { onShow } from '@dcloudio/uni-app'
import type { Key } from './i18n'
import { t } from './i18n'

/** Every way through the mall, by name. */
export const go = {
  home: () => uni.switchTab({ url: '/pages/home/home' }),
  category: () => uni.switchTab({ url: '/pages/category/category' }),
  cart: () => uni.switchTab({ url: '/pages/cart/cart' }),
  me: () => uni.switchTab({ url: '/pages/me/me' }),
  /** Every page is made anew: none remembers who was here. */
  meAnew: () => uni.reLaunch({ url: '/pages/me/me' }),
  product: (id: number) => uni.navigateTo({ url: `/pages/product/product?id=${id}` }),
  search: () => uni.navigateTo({ url: '/pages/search/search' }),
  checkout: () => uni.navigateTo({ url: '/pages/checkout/checkout' }),
  order: (id: number) => uni.navigateTo({ url: `/pages/order/order?id=${id}` }),
  orderInstead: (id: number) => uni.redirectTo({ url: `/pages/order/order?id=${id}` }),
  orders: () => uni.navigateTo({ url: '/pages/orders/orders' }),
  askFor: (order_id: number) => uni.navigateTo({ url: `/pages/aftersale/ask?order=${order_id}` }),
  aftersale: (id: number) => uni.navigateTo({ url: `/pages/aftersale/case?id=${id}` }),
  aftersaleInstead: (id: number) => uni.redirectTo({ url: `/pages/aftersale/case?id=${id}` }),
  aftersales: () => uni.navigateTo({ url: '/pages/aftersale/cases' }),
  pickup: (order_id: number, parcel_id: number) => uni.navigateTo({ url: `/pages/pickup/pickup?order=${order_id}&parcel=${parcel_id}` }),
  points: () => uni.navigateTo({ url: '/pages/points/points' }),
  card: () => uni.navigateTo({ url: '/pages/card/card' }),
  coupons: () => uni.navigateTo({ url: '/pages/coupons/coupons' }),
  offers: () => uni.navigateTo({ url: '/pages/offers/offers' }),
  wallet: () => uni.navigateTo({ url: '/pages/wallet/wallet' }),
  invite: () => uni.navigateTo({ url: '/pages/invite/invite' }),
  profile: () => uni.navigateTo({ url: '/pages/profile/profile' }),
  privacy: () => uni.navigateTo({ url: '/pages/privacy/privacy' }),
  tier: () => uni.navigateTo({ url: '/pages/tier/tier' }),
  favourites: () => uni.navigateTo({ url: '/pages/favourites/favourites' }),
  addresses: () => uni.navigateTo({ url: '/pages/addresses/addresses' }),
  chooseAddress: () => uni.navigateTo({ url: '/pages/addresses/addresses?choose=1' }),
  address: (id: number | null) => uni.navigateTo({ url: `/pages/address/address${id ? `?id=${id}` : ''}` }),
  group: (id: number) => uni.navigateTo({ url: `/pages/group/group?id=${id}` }),
  invoice: (order_id: number) => uni.navigateTo({ url: `/pages/invoice/invoice?order=${order_id}` }),
  tickets: () => uni.navigateTo({ url: '/pages/ticket/tickets' }),
  ticket: (id: number) => uni.navigateTo({ url: `/pages/ticket/ticket?id=${id}` }),
  ticketInstead: (id: number) => uni.redirectTo({ url: `/pages/ticket/ticket?id=${id}` }),
  askUs: (order_id: number) => uni.navigateTo({ url: `/pages/ticket/ask${order_id ? `?order=${order_id}` : ''}` }),
  stores: () => uni.navigateTo({ url: '/pages/stores/stores' }),
  back: () => uni.navigateBack({ fail: () => void go.home() }),
}

/** The page's title in the language of the screen. */
export function useTitle(key: Key): void {
  onShow(() => uni.setNavigationBarTitle({ title: t(key) }))
}

const TABS: Key[] = ['tab.home', 'tab.category', 'tab.cart', 'tab.me']

/** Tab names follow the language; called once a tab page is there. */
export function nameTabs(): void {
  TABS.forEach((key, index) => uni.setTabBarItem({ index, text: t(key), fail: () => undefined }))
}

/** The cart's tab shows how many kinds of goods are in it. */
export function badge(count: number): void {
  const quiet = { index: 2, fail: () => undefined }
  if (count) uni.setTabBarBadge({ ...quiet, text: count > 99 ? '99+' : String(count) })
  else uni.removeTabBarBadge(quiet)
}

export function toast(title: string): void {
  uni.showToast({ title, icon: 'none', duration: 1800 })
}
