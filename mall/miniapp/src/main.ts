import { createPinia } from 'pinia'
import { createSSRApp } from 'vue'
import App from './App.vue'
import { i18n } from './lib/i18n'
import { PAGES } from './stores/tracking'

/** uni-app calls this once for either output. */
export function createApp() {
  const app = createSSRApp(App)
  app.use(createPinia())
  app.use(i18n)
  app.mixin(PAGES)
  return { app }
}
