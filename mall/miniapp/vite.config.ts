import uni from '@dcloudio/vite-plugin-uni'
import { defineConfig } from 'vite'
import { noBeacon } from './build/no-beacon'

// CommonJS inside an ES module package: the function hides under `default`.
const plugin = (uni as unknown as { default?: typeof uni }).default ?? uni

export default defineConfig({
  base: '/mall/',
  plugins: [plugin(), noBeacon()],
  define: {
    // Texts are read, never compiled to functions: neither our CSP nor the weapp allows `new Function`.
    __INTLIFY_JIT_COMPILATION__: true,
    __VUE_I18N_LEGACY_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
  },
})
