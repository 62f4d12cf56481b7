/**
 * What must hold of the builds before they leave the house: `npm run gate` after both builds.
 *
 * No foreign host and no `preloadAssets` in either output (uni-app phones home, see build/no-beacon.ts), no
 * code made from text (our Content-Security-Policy and the weapp refuse it), and WXML that the WeChat team's
 * own template compiler takes without a warning.
 */
import { gzipSync } from 'node:zlib'
import compiler from 'glass-easel-template-compiler'
import { BUILDS, texts } from './files.mjs'

/** Names, not places: nothing is fetched from them. */
const KNOWN = new Set(['www.w3.org', 'vuejs.org', '127.0.0.1'])
const WEAPP_LIMIT = 2 * 1024 * 1024

const faults = []

function hosts(build, name, text) {
  for (const [address, host] of text.matchAll(/(?:https?:)?\/\/((?:[\w-]+\.)+[a-z]{2,}|\d+\.\d+\.\d+\.\d+)/gi)) {
    if (!KNOWN.has(host.toLowerCase())) faults.push(`${build}/${name}: foreign host ${address}`)
  }
}

/** A host may also be spelled with character codes: then a call that fetches it gives it away. */
function calls(build, name, text) {
  if (/preloadAssets/.test(text)) faults.push(`${build}/${name}: preloadAssets`)
  if (/\beval\(|new Function\(/.test(text)) faults.push(`${build}/${name}: code made from text`)
  const spelled = [...text.matchAll(/fromCharCode\(\.{3}\[([\d,\s]+)/g)]
  for (const [, codes] of spelled) {
    const said = String.fromCharCode(...codes.split(',').map(Number))
    if (/[a-z0-9]\.?dcloud|cdn/i.test(said)) console.log(`note: ${build}/${name} still spells "${said}" but nothing calls it`)
  }
}

function wxml(name, text) {
  const group = new compiler.TmplGroup()
  for (const warning of group.addTmpl(name.replace(/\.wxml$/, ''), text) ?? []) {
    const at = `${warning.startLine ?? warning.start_line ?? '?'}`
    faults.push(`weapp/${name}:${at}: ${warning.message ?? JSON.stringify(warning)}`)
  }
  group.free()
}

for (const [build, folder] of Object.entries(BUILDS)) {
  const files = texts(folder)
  if (files.length < 10) faults.push(`${build}: not built`)
  for (const [name, text] of files) {
    hosts(build, name, text)
    calls(build, name, text)
    if (name.endsWith('.wxml')) wxml(name, text)
  }
  const raw = files.reduce((sum, [, text]) => sum + Buffer.byteLength(text), 0)
  const packed = files.reduce((sum, [, text]) => sum + gzipSync(text, { level: 9 }).length, 0)
  if (build === 'weapp' && raw > WEAPP_LIMIT) faults.push(`weapp: ${raw} bytes, more than one package may have`)
  console.log(`${build}: ${files.length} files, ${Math.round(raw / 1024)} KB, ${Math.round(packed / 1024)} KB gz`)
}

for (const fault of faults) console.error(fault)
console.log(faults.length ? `gate: ${faults.length} faults` : 'gate: nothing foreign, every WXML compiles')
process.exitCode = faults.length ? 1 : 0
