import { h5 } from './h5'
import { mp } from './mp'
import type { Platform } from './types'

/** The build replaces the condition, so that only one side is shipped. */
export const platform: Platform = process.env.UNI_PLATFORM === 'h5' ? h5 : mp
