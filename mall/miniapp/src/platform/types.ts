import type { PayAnswer, Settings } from '../api/contract'
import type { TemplateAnswer } from '../api/contract-value'

/** What came back in the address from one of the stand-in's phone pages. */
export interface Returned {
  /** H5 only: the scanned code in the address; the weapp is told at its start. */
  scene?: string
  login?: string
  /** The phone is somebody else's now who has not signed in here. */
  guest?: boolean
  phone?: string
  phoneRefused?: boolean
  pay?: 'ok' | 'cancel'
  /** What the person said to message templates. */
  told?: TemplateAnswer[]
}

export type Paid = 'ok' | 'cancel' | 'away'

/** Everything in which the weapp and the browser differ. */
export interface Platform {
  /** Where the server is, without a slash at the end. */
  server: string
  /** True when signing in, phone and paying happen without leaving the page. */
  inPlace: boolean
  /** What a phone page said, once: asked at start, and taken out of the address. */
  returned(): Returned
  /** A single-use code of WeChat, or null: the person has left for the sign-in page. */
  loginCode(settings: Settings): Promise<string | null>
  /** Leave for the page where the person gives their number; the weapp has a button instead. */
  askPhone(settings: Settings): void
  pay(answer: PayAnswer): Promise<Paid>
  /** Let WeChat ask about at most three templates; null when the page is being left for it, or nobody can ask. */
  askMessages(templates: string[], page: string | null): Promise<TemplateAnswer[] | null>
  /** Degrees, or null when the person does not tell. */
  whereAmI(): Promise<{ lat: string; lng: string } | null>
  /** Height of the status bar in px, and of the row of the weapp's capsule. */
  topInset(): number
  /** The screen at its brightest for a scanner, and back as it was. */
  bright(on: boolean): void
  /** Let the person choose up to `most` pictures; each comes small enough to send, in base64.  None when they do not. */
  photos(most: number): Promise<string[]>
  /** Hand a text to the person: as a file, or on the clipboard where there are no files; true for a file. */
  handOver(name: string, text: string): Promise<boolean>
  /** Give the fields of a page the names that stand on their vendor's wrapping; the weapp does so itself. */
  nameFields(): void
  setLanguage(locale: string): void
}
