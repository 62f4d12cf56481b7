import { onBeforeUnmount, onMounted } from 'vue'
import type { Scan } from './entry'

/** Takes a code, or says false; the next code waits until it is done. */
type Claim = (scan: Scan) => Promise<void> | false

const claims: Claim[] = []

/** While a sheet or panel is there it may take codes before anybody else; the last one opened is asked first. */
export function useClaim(claim: Claim): void {
  onMounted(() => claims.push(claim))
  onBeforeUnmount(() => void claims.splice(claims.indexOf(claim), 1))
}

/** What is open takes the code, or false. */
export function claimed(scan: Scan): Promise<void> | false {
  for (const claim of claims.toReversed()) {
    const taken = claim(scan)
    if (taken) return taken
  }
  return false
}
