import { Refused } from '../api/api'
import { currentToken, mall } from '../api/mall'
import { keep, kept } from './kept'

const SCENE = 'scene'

/** The code of a start: WeChat gives it percent-encoded in `scene`; null when there is none of ours. */
export function sceneOf(said: unknown): string | null {
  if (typeof said !== 'string') return null
  try {
    const code = decodeURIComponent(said)
    return /^[0-9A-Za-z]{7,18}$/.test(code) ? code : null
  } catch {
    return null
  }
}

/** Kept until the shop has heard of it, which takes a sign-in. */
export function rememberScene(code: string): void {
  keep(SCENE, code)
}

/** Tell the shop by which code the person came, once they are signed in; what it refuses is not told again. */
export async function tellScene(): Promise<void> {
  const code = kept<string>(SCENE)
  if (!code || !currentToken()) return
  try {
    await mall.scanned(code)
  } catch (error) {
    if (!(error instanceof Refused)) return
  }
  keep(SCENE, null)
}
