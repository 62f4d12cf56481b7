import type { Plugin } from 'vite'

/**
 * uni-app phones home from both outputs; this takes it out of what we ship.
 *
 * In the weapp the runtime calls `wx.preloadAssets` three seconds after start with a picture whose address
 * holds our appid; on H5 a style sheet loads the shadow of the title bar from the vendor's host.  The
 * patterns can rot when uni-app is renewed: the guarantee is `npm run gate`, which fails on any foreign host.
 */
export function noBeacon(): Plugin {
  return {
    name: 'tongdian-no-beacon',
    enforce: 'post',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === 'chunk') file.code = clean(file.code)
        else if (typeof file.source === 'string') file.source = clean(file.source)
        else if (file.fileName.endsWith('.css')) file.source = clean(new TextDecoder().decode(file.source))
      }
    },
  }
}

const CALL = /\.preloadAssets\b/g
const ADDRESS = /https?:\/\/(?:[\w-]+\.)*dcloud\.(?:net\.cn|io)[^"'`)\s]*/g
const PICTURE = /url\(\s*["']?https?:\/\/(?:[\w-]+\.)*dcloud\.net\.cn[^)]*\)/g

function clean(text: string): string {
  return text.replace(PICTURE, 'none').replace(CALL, '.noBeacon').replace(ADDRESS, '')
}
