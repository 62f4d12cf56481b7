import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const FACES = ['till', 'desk']

/** One build per staff face: `--mode till` and `--mode desk`; without a mode, what the tests need. */
export default defineConfig(({ mode }) => {
  const shared = {
    plugins: [vue()],
    resolve: { alias: { '@web': resolve(import.meta.dirname, 'config/web') } },
  }
  if (!FACES.includes(mode)) {
    const include = ['{config,pos,office}/web/**/*.test.ts']
    return { ...shared, test: { environment: 'happy-dom', include } }
  }
  // The development server hands API calls to the Flask address in TONGDIAN_ORIGIN.
  const target = process.env.TONGDIAN_ORIGIN
  return {
    ...shared,
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
