import type { Platform } from './types'

/** How bright the screen was before it was raised. */
let before: number | null = null

function bright(on: boolean): void {
  if (!on) {
    if (before !== null) uni.setScreenBrightness({ value: before })
    before = null
    return
  }
  uni.getScreenBrightness({
    success: ({ value }) => {
      before ??= value
      uni.setScreenBrightness({ value: 1 })
    },
  })
}

/** A chosen picture in base64, made smaller by WeChat; as it is where that fails. */
async function read(path: string): Promise<string> {
  const src = await new Promise<string>((resolve) => {
    uni.compressImage({ src: path, quality: 80, success: ({ tempFilePath }) => resolve(tempFilePath), fail: () => resolve(path) })
  })
  return new Promise((resolve, reject) => {
    uni.getFileSystemManager().readFile({ filePath: src, encoding: 'base64', success: ({ data }) => resolve(String(data)), fail: reject })
  })
}

/** The weapp: WeChat itself signs in, gives the number and pays. */
export const mp: Platform = {
  server: import.meta.env?.VITE_SERVER ?? 'http://127.0.0.1:8000',
  inPlace: true,
  returned: () => ({}),
  loginCode: () =>
    new Promise((resolve, reject) => {
      uni.login({ provider: 'weixin', success: ({ code }) => resolve(code), fail: reject })
    }),
  askPhone: () => undefined,
  pay: ({ payment }) =>
    new Promise((resolve) => {
      uni.requestPayment({
        ...payment,
        provider: 'wxpay',
        orderInfo: '',
        success: () => resolve('ok'),
        // Cancelled or failed: the order waits either way, and asking the server tells which it was.
        fail: () => resolve('cancel'),
      })
    }),
  askMessages: (templates) =>
    new Promise((resolve) => {
      uni.requestSubscribeMessage({
        tmplIds: templates,
        success: (said) => {
          const answers = new Map(Object.entries(said))
          resolve(templates.map((id) => ({ template_id: id, accepted: answers.get(id) === 'accept' })))
        },
        // Switched off altogether, or not asked by a tap: nobody was asked.
        fail: () => resolve(null),
      })
    }),
  whereAmI: () =>
    new Promise((resolve) => {
      uni.getLocation({
        type: 'gcj02',
        success: ({ latitude, longitude }) =>
          resolve({ lat: latitude.toFixed(6), lng: longitude.toFixed(6) }),
        fail: () => resolve(null),
      })
    }),
  topInset: () => uni.getWindowInfo().statusBarHeight ?? 20,
  bright,
  photos: (most) =>
    new Promise((resolve, reject) => {
      uni.chooseImage({
        count: most,
        sizeType: ['compressed'],
        success: ({ tempFilePaths }) => {
          Promise.all([...tempFilePaths].map(read)).then(resolve, reject)
        },
        // Put away without choosing.
        fail: () => resolve([]),
      })
    }),
  handOver: (_name, data) =>
    new Promise((resolve, reject) => {
      uni.setClipboardData({ data, showToast: false, success: () => resolve(false), fail: reject })
    }),
  nameFields: () => undefined,
  setLanguage: () => undefined,
}
