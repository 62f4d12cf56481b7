import { Finder } from './finder'
import { CatalogueStore } from './store'

/** The goods of a store are on this device, newly written; or somebody looks for words. */
export type Asked = { store_id: number } | { id: number; words: string }

const finder = new Finder()
let kept: CatalogueStore | null = null
let filled: Promise<void> | null = null

/** Read here and not handed over: to copy 200,000 rows from the page would stop it for half a second. */
async function fill(store_id: number): Promise<void> {
  kept ??= new CatalogueStore(store_id)
  finder.fill((await kept.load()).flatMap(({ rows }) => rows))
}

self.onmessage = ({ data }: MessageEvent<Asked>) => {
  if ('store_id' in data) {
    const filling = fill(data.store_id)
    filled ??= filling
  } else void filled?.then(() => self.postMessage({ id: data.id, found: finder.find(data.words) }))
}
