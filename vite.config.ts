import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { VitePWA } from 'vite-plugin-pwa'
import { defineConfig } from 'vitest/config'

const FACES = ['till', 'desk']

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512"><rect width="512" height="512" rx="96" fill="#0a7a5c"/><path d="M120 208h272l-24-80H144zM136 208v176h240V208M216 384V296h80v88" fill="none" stroke="#fff" stroke-width="28" stroke-linejoin="round"/></svg>`

/** The till works without network once it was opened: its pages are kept, and a new version asks before it comes in. */
const till = [
  {
    name: 'icon',
    generateBundle(this: { emitFile(file: object): void }) {
      this.emitFile({ type: 'asset', fileName: 'icon.svg', source: ICON })
    },
  },
  VitePWA({
    registerType: 'prompt',
    injectRegister: false,
    manifest: {
      name: '通店收银',
      short_name: '收银',
      lang: 'zh-CN',
      display: 'fullscreen',
      start_url: '/till/',
      scope: '/till/',
      theme_color: '#16191d',
      background_color: '#f2f4f5',
      icons: [{ src: 'icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
    },
    workbox: {
      globPatterns: ['**/*.{js,css,html,svg}'],
      navigateFallback: '/till/index.html',
      runtimeCaching: [
        {
          urlPattern: ({ url }) => url.pathname.startsWith('/pictures/'),
          handler: 'CacheFirst',
          options: { cacheName: 'pictures', expiration: { maxEntries: 5000 } },
        },
      ],
    },
  }),
]

/** One build per staff face: `--mode till` and `--mode desk`; without a mode, what the tests need. */
export default defineConfig(({ mode }) => {
  const shared = {
    plugins: [vue()],
    resolve: { alias: { '@web': resolve(import.meta.dirname, 'config/web') } },
  }
  if (!FACES.includes(mode)) {
    const include = ['{config,pos,office}/web/**/*.test.ts']
    const test = { environment: 'happy-dom', include, css: true }
    return { ...shared, assetsInclude: ['**/*.bin'], test }
  }
  // The development server hands API calls to the Flask address in TONGDIAN_ORIGIN.
  const target = process.env.TONGDIAN_ORIGIN
  return {
    ...shared,
    plugins: mode === 'till' ? [...shared.plugins, ...till] : shared.plugins,
    root: `pos/web/${mode}`,
    base: `/${mode}/`,
    publicDir: false as const,
    build: {
      outDir: resolve(import.meta.dirname, 'dist', mode),
      emptyOutDir: true,
      target: 'es2022',
    },
    server: target ? { proxy: { '/api': target, '/pictures': target } } : {},
  }
})
