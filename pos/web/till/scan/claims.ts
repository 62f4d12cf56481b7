import { onBeforeUnmount, onMounted } from 'vue'
import type { Scan } from './entry'

type Claim = (scan: Scan) => boolean

const claims: Claim[] = []

/** While a sheet or panel is there it may take codes before anybody else; the last one opened is asked first. */
export function useClaim(claim: Claim): void {
  onMounted(() => claims.push(claim))
  onBeforeUnmount(() => void claims.splice(claims.indexOf(claim), 1))
}

/** Whether what is open took the code. */
export const claimed = (scan: Scan): boolean => claims.toReversed().some((claim) => claim(scan))
