import { Finder } from './finder'
import type { Row } from './goods'

export type Asked = { rows: Row[] } | { id: number; words: string }

const finder = new Finder()

self.onmessage = ({ data }: MessageEvent<Asked>) => {
  if ('rows' in data) finder.fill(data.rows)
  else self.postMessage({ id: data.id, found: finder.find(data.words) })
}
