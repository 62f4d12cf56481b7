/** Runs the mall's weapp output on glass-easel: modules, pages, a page stack.  See pack.mjs. */
import * as glassEasel from 'glass-easel'
import { MiniProgramEnv } from 'glass-easel-miniprogram-adapter'
import { log, makeWx } from './wx.mjs'

const { templates, configs, modules } = window.WEAPP
const TABS = configs.app.tabBar.list.map((tab) => tab.pagePath)
const inPixels = (style) => style.replace(/(-?[\d.]+)rpx/g, 'calc(100vw*$1/750)')

// Styles that are set while running carry rpx too.
const setAttribute = Element.prototype.setAttribute
Element.prototype.setAttribute = function (name, value) {
  if (name === 'src' && this.localName === 'image') this.style.backgroundImage = `url("${value.replace(/^https?:\/\/127\.0\.0\.1:8000/, '')}")`
  return setAttribute.call(this, name, name === 'style' ? inPixels(String(value)) : value)
}

// WeChat's events own their detail; uni-app replaces one that is inherited.
const wrap = glassEasel.Event.prototype.wrapShadowedEvent
glassEasel.Event.prototype.wrapShadowedEvent = function (...words) {
  const event = wrap.apply(this, words)
  return Object.defineProperty(event, 'detail', { value: event.detail, writable: true, enumerable: true })
}

const env = new MiniProgramEnv()
const space = env.createCodeSpace('', true)
// uni-app adds handlers to instances while rendering.
space.getComponentSpace().updateComponentOptions({ useMethodCallerListeners: true })
const context = new glassEasel.CurrentWindowBackendContext()
context.onEvent((target, type, detail, options) => glassEasel.triggerEvent(target, type, detail, options))
document.addEventListener('input', ({ target }) => {
  glassEasel.triggerEvent(target.__wxElement, 'input', { value: target.value }, { bubbles: true })
})
const backend = env.associateBackend(context)
glassEasel.globalOptions.throwGlobalError = false
glassEasel.addGlobalErrorListener?.((error) => {
  log.errors.push(String(error?.stack ?? error))
  return false
})
window.addEventListener('error', ({ message }) => log.errors.push(message))
window.addEventListener('unhandledrejection', ({ reason }) => log.errors.push(String(reason?.stack ?? reason)))

const stack = []
const loaded = new Map()
let loading = ''
let app = null

function join(from, to) {
  const parts = from.split('/').slice(0, -1)
  for (const part of to.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}

function load(name) {
  if (loaded.has(name)) return loaded.get(name).exports
  const module = { exports: {} }
  loaded.set(name, module)
  const before = loading
  loading = name
  modules[name]((path) => load(join(name, path).replace(/\.js$/, '')), module, module.exports)
  loading = before
  return module.exports
}

/** uni-app asks a page for `route` while it is being made, and calls hooks by their method names. */
function define(definition) {
  const path = loading
  const created = definition.lifetimes?.created ?? definition.created
  const isPage = configs.app.pages.includes(path)
  const withRoute = {
    ...definition,
    created() {
      if (isPage) this.route = path
      created?.call(this)
    },
  }
  space.componentEnv(path, ({ Component }) => Component(withRoute))
}

function register(name) {
  const config = configs[name] ?? {}
  space.addComponentStaticConfig(name, { ...config, addGlobalClass: true })
  space.addCompiledTemplate(name, { groupList: templates, content: templates[name] })
  for (const used of Object.values(config.usingComponents ?? {})) register(join(name, used))
  load(name)
}

function show(page) {
  for (const other of stack) other.box.hidden = other !== page
  const isTab = TABS.includes(page.path)
  document.getElementById('tabs').hidden = !isTab
  page.call('onShow')
}

function open(url) {
  const [path, query = ''] = url.replace(/^\//, '').split('?')
  register(path)
  const box = document.createElement('div')
  box.className = TABS.includes(path) ? 'host-page host-tab' : 'host-page'
  box.dataset.page = path
  const title = document.createElement('div')
  title.className = 'host-title'
  title.textContent = configs[path]?.navigationBarTitleText ?? ''
  title.hidden = configs[path]?.navigationStyle === 'custom'
  const place = document.createElement('div')
  box.append(...(title.hidden ? [place] : [title, place]))
  document.getElementById('pages').append(box)
  const root = backend.createRoot('body', space, path)
  const page = { path, box, root, title }
  page.instance = root.get()
  page.call = (name, ...words) => page.instance[name]?.(...words)
  stack.push(page)
  root.attach(box, place)
  page.call('onLoad', Object.fromEntries(new URLSearchParams(query)))
  show(page)
  page.call('onReady')
}

function close() {
  const page = stack.pop()
  page.call('onUnload')
  page.root.release()
  page.box.remove()
}

const here = () => stack[stack.length - 1]
const answer = (options) => {
  options?.success?.({})
  options?.complete?.({})
}

const navigation = {
  navigateTo(options) {
    here().call('onHide')
    open(options.url)
    answer(options)
  },
  redirectTo(options) {
    close()
    open(options.url)
    answer(options)
  },
  navigateBack(options) {
    if (stack.length < 2) return options?.fail?.({})
    close()
    show(here())
    answer(options)
  },
  switchTab(options) {
    while (stack.length > 1 && !TABS.includes(here().path)) close()
    const path = options.url.replace(/^\//, '')
    const known = stack.find((page) => page.path === path)
    if (known) {
      stack.push(...stack.splice(stack.indexOf(known), 1))
      show(known)
    } else open(path)
    answer(options)
  },
  setNavigationBarTitle: ({ title }) => {
    here().title.textContent = title
  },
}

Object.assign(window, {
  wx: makeWx(navigation),
  App: (definition) => {
    app = definition
    app.onLaunch?.({ path: '', query: {} })
    app.onShow?.({})
  },
  Page: define,
  Component: define,
  Behavior: (definition) => definition,
  getApp: () => app,
  getCurrentPages: () => stack.map((page) => page.instance),
})
window.global = window

// glass-easel keeps `data-*` to itself; the tests find things by `data-testid`.
setInterval(() => {
  for (const element of document.querySelectorAll('#pages *')) {
    const id = element.__wxElement?.dataset?.testid
    if (id && element.dataset.testid !== id) element.dataset.testid = id
  }
}, 100)

load('app')
open(TABS[0])
for (const tab of configs.app.tabBar.list) {
  const key = document.createElement('span')
  key.textContent = tab.text
  key.dataset.tab = tab.pagePath
  // Not onclick: the click that follows a tap would land on a bar that has only just appeared.
  key.onpointerdown = () => navigation.switchTab({ url: `/${tab.pagePath}` })
  document.getElementById('tabs').append(key)
}
