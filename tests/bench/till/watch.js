// Seen from inside the page: when a key went down, when what it did was on the screen, when a write was on the disk.
window.bench = { scans: [], keys: [], searches: [], commits: [], first: null }

/** Calls back when what is in the page now has been painted. */
const painted = (done) =>
  requestAnimationFrame(() => free(done))

/** Calls back at the first change inside `where` that `is` says is the one. */
function changed(where, is, done) {
  const observer = new MutationObserver(() => {
    if (!is()) return
    observer.disconnect()
    painted(done)
  })
  observer.observe(where, { attributes: true, childList: true, subtree: true, characterData: true })
}

const box = () => document.querySelector('[data-testid=scan-input]')
/** The code of the last scan as the screen shows it, once its line is there too. */
const shown = () =>
  document.querySelector('[data-testid=line].touched')
    ? document.querySelector('[data-testid=echo] code')?.textContent
    : null

function type(text, enter) {
  box().focus()
  box().value = text
  box().dispatchEvent(new Event('input', { bubbles: true }))
  if (enter) box().dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
}

window.benchScan = (code) =>
  new Promise((done, fail) => {
    const at = performance.now()
    const late = setTimeout(() => fail(new Error(`no line for ${code}`)), 9000)
    changed(document.body, () => shown() === code, () => {
      clearTimeout(late)
      window.bench.scans.push(performance.now() - at)
      done()
    })
    type(code, true)
  })

/** Calls back when the page has nothing left to do for what just happened. */
function free(done) {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = done
  port2.postMessage(0)
}

window.benchSearch = (text) =>
  new Promise((done) => {
    const at = performance.now()
    type(text, false)
    free(() => window.bench.keys.push(performance.now() - at))
    setTimeout(done, 400)
  })

// The first scan after a cold start is fired as soon as there is a box to fire it into.
window.bench.first = new Promise((done) => {
  const looking = setInterval(() => {
    const code = sessionStorage.getItem('bench.first')
    if (!code || !box()) return
    clearInterval(looking)
    changed(document.body, () => shown() === code, () => done(performance.now()))
    type(code, true)
  }, 4)
})

const begin = IDBDatabase.prototype.transaction
IDBDatabase.prototype.transaction = function (stores, mode, options) {
  const at = performance.now()
  const made = begin.call(this, stores, mode, options)
  if (mode === 'readwrite' && options?.durability === 'strict')
    made.addEventListener('complete', () => window.bench.commits.push(performance.now() - at))
  return made
}

const post = Worker.prototype.postMessage
Worker.prototype.postMessage = function (message, ...more) {
  const at = performance.now()
  if (message.words !== undefined)
    this.addEventListener('message', ({ data }) => {
      if (data.id === message.id) free(() => window.bench.searches.push(performance.now() - at))
    })
  post.call(this, message, ...more)
}
