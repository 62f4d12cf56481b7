import uni from '@dcloudio/vite-plugin-uni'
import { defineConfig } from 'vite'
import { noBeacon } from './build/no-beacon'

// CommonJS inside an ES module package: the function hides under `default`.
const plugin = (uni as unknown as { default?: typeof uni }).default ?? uni

export default defineConfig({
  base: '/mall/',
  plugins: [plugin(), noBeacon()],
  // The same vue-i18n in both outputs, without its compiler: src/lib/i18n.ts fills in the blanks.
  resolve: { alias: [{ find: /^vue-i18n$/, replacement: 'vue-i18n/dist/vue-i18n.runtime.esm-bundler.js' }] },
  define: {
    __VUE_I18N_LEGACY_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
  },
})
