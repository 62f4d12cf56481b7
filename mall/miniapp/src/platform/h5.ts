import type { Settings } from '../api/contract'
import type { TemplateAnswer } from '../api/contract-value'
import { t } from '../lib/i18n'
import { Told } from '../lib/told'
import type { Platform, Returned } from './types'

/** This page's address, without what an earlier phone page said. */
function here(): string {
  const { origin, pathname, hash } = window.location
  return origin + pathname + hash
}

function leaveFor(page: string | null): void {
  if (!page) throw new Told(t('signin.only_wechat'))
  window.location.assign(`${page}${/[?&]$/.test(page) ? '' : '&'}redirect=${encodeURIComponent(here())}`)
}

/** `<id>:accept,<id>:reject`, as the stand-in's page answers. */
function told(words: string | null): TemplateAnswer[] | undefined {
  return words?.split(',').map((one) => {
    const [template_id = '', said] = one.split(':')
    return { template_id, accepted: said === 'accept' }
  })
}

function returned(): Returned {
  const said = new URLSearchParams(window.location.search)
  if (window.location.search) window.history.replaceState(window.history.state, '', here())
  const pay = said.get('pay')
  return {
    scene: said.get('scene') ?? undefined,
    login: said.get('wx_code') ?? undefined,
    guest: said.has('wx_guest'),
    phone: said.get('phone_code') ?? undefined,
    phoneRefused: said.has('phone_refused'),
    pay: pay === 'ok' || pay === 'cancel' ? pay : undefined,
    told: told(said.get('subscribed')),
  }
}

/** As large as the server keeps it: nothing more need be sent. */
const LONGEST_PX = 1600

/** Upright, not too large, in base64 without its head; a file that is no picture is sent as it is, for the server to refuse. */
async function small(file: File): Promise<string> {
  const drawn = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => null)
  if (!drawn) return bare(await file.arrayBuffer())
  const by = Math.min(1, LONGEST_PX / Math.max(drawn.width, drawn.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(drawn.width * by))
  canvas.height = Math.max(1, Math.round(drawn.height * by))
  canvas.getContext('2d')?.drawImage(drawn, 0, 0, canvas.width, canvas.height)
  return canvas.toDataURL('image/jpeg', 0.85).split(',')[1] ?? ''
}

/** Bytes in base64, in pieces that `fromCharCode` takes. */
function bare(bytes: ArrayBuffer): string {
  const all = new Uint8Array(bytes)
  let text = ''
  for (let at = 0; at < all.length; at += 8192) text += String.fromCharCode(...all.subarray(at, at + 8192))
  return btoa(text)
}

function files(most: number): Promise<File[]> {
  return new Promise((resolve) => {
    const field = document.createElement('input')
    field.type = 'file'
    field.accept = 'image/*'
    field.multiple = most > 1
    field.onchange = () => resolve(Array.from(field.files ?? []).slice(0, most))
    field.oncancel = () => resolve([])
    field.click()
  })
}

/** A browser: WeChat's part is played by pages that send the person back here. */
export const h5: Platform = {
  // In full: uni-app puts its base before a picture's path.
  get server() {
    return window.location.origin
  },
  inPlace: false,
  returned,
  loginCode: async (settings: Settings) => {
    leaveFor(settings.login_page)
    return null
  },
  askPhone: (settings) => leaveFor(settings.phone_page),
  pay: async (answer) => {
    leaveFor(answer.pay_page)
    return 'away'
  },
  askMessages: async (templates, page) => {
    if (page) leaveFor(`${page}templates=${templates.join(',')}`)
    return null
  },
  whereAmI: () =>
    new Promise((resolve) => {
      if (!navigator.geolocation) return resolve(null)
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => resolve({ lat: coords.latitude.toFixed(6), lng: coords.longitude.toFixed(6) }),
        () => resolve(null),
        { timeout: 6000, maximumAge: 600_000 },
      )
    }),
  topInset: () => 0,
  // A browser cannot.
  bright: () => undefined,
  photos: async (most) => Promise.all((await files(most)).map(small)),
  handOver: async (name, text) => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
    link.download = name
    link.click()
    URL.revokeObjectURL(link.href)
    return true
  },
  nameFields: () => {
    document.querySelectorAll('uni-input[aria-label], uni-textarea[aria-label]').forEach((wrap) => {
      wrap.querySelector('input, textarea')?.setAttribute('aria-label', wrap.getAttribute('aria-label') ?? '')
    })
  },
  setLanguage: (locale) => {
    document.documentElement.lang = locale
  },
}
