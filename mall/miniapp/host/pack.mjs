/**
 * Packs the real weapp output (dist/build/mp-weixin) into one page for Chromium: `npm run host`.
 *
 * Nothing of the output is rebuilt: its modules run as they are, its WXML is compiled by the WeChat team's
 * compiler, its WXSS only has `rpx` and `page` put into words a browser knows.  Answers dist/host/index.html.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import compiler from 'glass-easel-template-compiler'
import { BUILDS, texts } from '../gate/files.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const OUT = fileURLToPath(new URL('../dist/host/', import.meta.url))
const files = new Map(texts(BUILDS.weapp))
const ending = (tail) => [...files].filter(([name]) => name.endsWith(tail)).map(([name, text]) => [name.slice(0, -tail.length), text])

/** `bindtap` and `bind:tap` are one to WeChat; glass-easel knows the second. */
const events = (wxml) => wxml.replace(/\s(bind|catch)([a-z_]+)=/g, ' $1:$2=')

function templates() {
  const group = new compiler.TmplGroup()
  for (const [name, text] of ending('.wxml')) group.addTmpl(name, events(text))
  return group.getTmplGenObjectGroups()
}

const inBrowser = (wxss) =>
  wxss.replace(/(-?[\d.]+)rpx/g, 'calc(100vw*$1/750)').replace(/(^|[},\s])page(?=\s*\{)/g, '$1.host-page')

/** A page's styles reach its own page only, as in WeChat. */
function styles() {
  return ending('.wxss')
    .map(([name, text]) => (name.startsWith('pages/') ? `[data-page="${name}"]{${inBrowser(text)}}` : inBrowser(text)))
    .join('\n')
}

const modules = ending('.js').map(
  ([name, text]) => `${JSON.stringify(name)}:function(require,module,exports){${text}\n}`,
)
const configs = Object.fromEntries(ending('.json').map(([name, text]) => [name, JSON.parse(text)]))

mkdirSync(OUT, { recursive: true })
buildSync({ entryPoints: [join(HERE, 'host.mjs')], bundle: true, format: 'iife', outfile: join(OUT, 'host.js') })
const runtime = readFileSync(join(OUT, 'host.js'), 'utf-8')
const weapp = `window.WEAPP={templates:(function(){return ${templates()}})(),configs:${JSON.stringify(configs)},modules:{${modules.join(',')}}};`
writeFileSync(join(OUT, 'host.js'), `${weapp}\n${runtime}`)
writeFileSync(join(OUT, 'host.css'), `${readFileSync(join(HERE, 'host.css'), 'utf-8')}\n${styles()}`)
writeFileSync(
  join(OUT, 'index.html'),
  '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">' +
    '<link rel="stylesheet" href="host.css"><div id="pages"></div><div id="tabs"></div><script src="host.js"></script>',
)
cpSync(join(BUILDS.weapp, 'static'), join(OUT, 'static'), { recursive: true })
console.log(`host: ${modules.length} modules packed into dist/host`)
