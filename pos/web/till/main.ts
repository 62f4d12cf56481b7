import '@web/tokens.css'
import { locale } from '@web/i18n'
import { showTheme } from '@web/theme'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { PATH } from './display/shown'
import { keepPages } from './pages'

keepPages()
showTheme()
document.documentElement.lang = locale.value
// The customer's window is the same page under another address, so that it opens without network too.
if (location.pathname === PATH) void showDisplay()
else createApp(App).use(createPinia()).mount('#app')

async function showDisplay(): Promise<void> {
  const { default: screen } = await import('./display/DisplayScreen.vue')
  createApp(screen).mount('#app')
}
