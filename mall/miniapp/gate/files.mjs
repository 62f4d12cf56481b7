/** What the two builds consist of. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../dist/build/', import.meta.url))
export const BUILDS = { h5: join(ROOT, 'h5'), weapp: join(ROOT, 'mp-weixin') }

const isText = (name) => /\.(?:js|css|html|json|svg|wxml|wxss|wxs)$/.test(name)

/** Every text file of a build, as [path inside it, its text]. */
export function texts(folder) {
  const walk = (at) =>
    readdirSync(at).flatMap((name) => {
      const path = join(at, name)
      return statSync(path).isDirectory() ? walk(path) : [path]
    })
  return walk(folder)
    .filter(isText)
    .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf-8')])
}
