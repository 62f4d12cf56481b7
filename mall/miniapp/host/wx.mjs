/** The part of `wx` that the mall calls, on a browser.  What it was asked is kept in `window.HOST`. */

export const log = { calls: [], toasts: [], errors: [], payment: null }
window.HOST = log

const done = (options, said = {}) => {
  options?.success?.(said)
  options?.complete?.(said)
}
const kept = (key) => {
  const text = localStorage.getItem(`wx.${key}`)
  return text === null ? '' : JSON.parse(text)
}

/** The weapp knows its server by address; here it is the origin that serves this page. */
function request({ url, method, header, data, success, fail, complete }) {
  const { pathname, search } = new URL(url, location.href)
  fetch(pathname + search, { method, headers: header, body: method === 'GET' ? undefined : data })
    .then(async (answer) => {
      const said = { statusCode: answer.status, data: await answer.json(), header: Object.fromEntries(answer.headers) }
      success?.(said)
      complete?.(said)
    })
    .catch((error) => fail?.({ errMsg: String(error) }))
  return {}
}

const SYSTEM = { platform: 'devtools', system: 'host', SDKVersion: '3.8.0', statusBarHeight: 20, language: 'zh_CN', pixelRatio: 2 }
const screen = () => ({ ...SYSTEM, windowWidth: innerWidth, windowHeight: innerHeight, screenWidth: innerWidth, screenHeight: innerHeight, safeArea: {} })

/** What only has to succeed here; that it was called is kept. */
const QUIET = [
  'setTabBarItem', 'setTabBarBadge', 'removeTabBarBadge', 'pageScrollTo', 'stopPullDownRefresh', 'hideToast',
  'onAppShow', 'onAppHide', 'onMemoryWarning', 'onNetworkStatusChange', 'reportEvent', 'setStorage',
]

const quiet = Object.fromEntries(
  QUIET.map((name) => [
    name,
    (options) => {
      log.calls.push(name)
      if (options && typeof options === 'object') done(options)
    },
  ]),
)

export function makeWx(navigation) {
  return {
    ...quiet,
    request,
    getStorageSync: kept,
    setStorageSync: (key, value) => localStorage.setItem(`wx.${key}`, JSON.stringify(value)),
    getStorageInfoSync: () => ({
      keys: Object.keys(localStorage).filter((key) => key.startsWith('wx.')).map((key) => key.slice(3)),
    }),
    removeStorageSync: (key) => localStorage.removeItem(`wx.${key}`),
    getSystemInfoSync: screen,
    getWindowInfo: screen,
    getDeviceInfo: () => SYSTEM,
    getAppBaseInfo: () => SYSTEM,
    getLaunchOptionsSync: () => ({ path: '', query: {} }),
    getEnterOptionsSync: () => ({ path: '', query: {} }),
    login: (options) => done(options, { code: window.HOST_LOGIN_CODE }),
    // The test pays at the stand-in, and then says how it went.
    requestPayment: (options) => {
      log.payment = { ...options }
      window.HOST_PAY(log.payment.package).then(() => done(options), () => options.fail?.({ errMsg: 'requestPayment:fail cancel' }))
    },
    showToast: ({ title }) => log.toasts.push(title),
    showModal: (options) => done(options, { confirm: true }),
    getLocation: (options) => options.fail?.({ errMsg: 'getLocation:fail auth deny' }),
    preloadAssets: () => log.errors.push('preloadAssets was called'),
    canIUse: () => true,
    ...navigation,
  }
}
