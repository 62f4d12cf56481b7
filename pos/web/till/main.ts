import '@web/tokens.css'
import { locale } from '@web/i18n'
import { showTheme } from '@web/theme'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { keepPages } from './pages'

keepPages()
showTheme()
document.documentElement.lang = locale.value
createApp(App).use(createPinia()).mount('#app')
