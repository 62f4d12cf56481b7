// Seen from inside the page: when a key went down, when what it did was painted, when a write was on the disk.
window.bench = { scans: [], keys: [], searches: [], commits: [], committed: [], first: null }

const box = () => document.querySelector('[data-testid=scan-input]')
/** The code of the last scan as the screen shows it, once its line is there too. */
const shown = () =>
  document.querySelector('[data-testid=line].touched')
    ? document.querySelector('[data-testid=echo] code')?.textContent
    : null

/** Calls back when the page has nothing left to do for what just happened. */
function free(done) {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = done
  port2.postMessage(0)
}

/** Calls back when what is in the page now has been laid out and painted: behind the next frame. */
const painted = (done) => requestAnimationFrame(() => free(done))

// From the Enter of a code to the frame in which its line stands.
const awaited = []
let keys = ''
addEventListener('keydown', (event) => {
  if (event.key.length === 1) keys += event.key
  if (event.key !== 'Enter') return
  // A hand may have typed before it.
  const code = /\d{13}$/.exec(keys)?.[0]
  if (code) awaited.push({ code, at: performance.now() })
  keys = ''
}, true)

function look() {
  if (awaited.length === 0) return
  const code = shown()
  const upTo = awaited.findIndex((one) => one.code === code)
  if (upTo < 0) return
  const seen = awaited.splice(0, upTo + 1)
  painted(() => window.bench.scans.push(...seen.map((one) => performance.now() - one.at)))
}
addEventListener('DOMContentLoaded', () =>
  new MutationObserver(look).observe(document.body, { attributes: true, childList: true, subtree: true, characterData: true }))

const after = (ms) => new Promise((done) => setTimeout(done, ms))

/** One key as a reader sends it, at its own clock's time: to what has the focus, and into the field that has it then. */
function press(key, at_ms) {
  const to = document.activeElement ?? document.body
  const down = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
  Object.defineProperty(down, 'timeStamp', { value: at_ms })
  if (to.dispatchEvent(down)) {
    if (key === 'Enter') document.activeElement?.form?.requestSubmit()
    else document.execCommand('insertText', false, key)
  }
  ;(document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keyup', { key, bubbles: true }))
}

/** A wedge reader in the page: codes one after another, each at its moment, 2 ms a key; what is late follows at once. */
window.benchFire = async (codes, from_ms, every_ms) => {
  for (const [turn, code] of codes.entries()) {
    await after(Math.max(0, from_ms + turn * every_ms - performance.now()))
    const from = performance.now()
    for (const [at, key] of [...code, 'Enter'].entries()) {
      press(key, from + 2 * at)
      await (at % 2 ? after(4) : new Promise(free))
    }
  }
}

/** Until the last of them is painted; one that is not within five seconds is lost. */
window.benchIdle = async () => {
  const late = performance.now() + 5000
  while (awaited.length > 0 && performance.now() < late) await after(20)
  awaited.length = 0
  await new Promise(painted)
}

function type(text, enter) {
  box().focus()
  box().value = text
  box().dispatchEvent(new Event('input', { bubbles: true }))
  if (enter) box().dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))
}

window.benchSearch = (text) =>
  new Promise((done) => {
    const at = performance.now()
    type(text, false)
    free(() => window.bench.keys.push(performance.now() - at))
    setTimeout(done, 250)
  })

// The first scan after a cold start is fired as soon as there is a box to fire it into.
const first = sessionStorage.getItem('bench.first')
if (first)
  window.bench.first = new Promise((done) => {
    const looking = setInterval(() => {
      if (!box()) return
      clearInterval(looking)
      const observer = new MutationObserver(() => {
        if (shown() !== first) return
        observer.disconnect()
        painted(() => done(performance.now()))
      })
      observer.observe(document.body, { attributes: true, childList: true, subtree: true, characterData: true })
      type(first, true)
    }, 4)
  })

const begin = IDBDatabase.prototype.transaction
IDBDatabase.prototype.transaction = function (stores, mode, options) {
  const at = performance.now()
  const made = begin.call(this, stores, mode, options)
  if (mode === 'readwrite' && options?.durability === 'strict')
    made.addEventListener('complete', () => {
      window.bench.committed.push(performance.now())
      window.bench.commits.push(performance.now() - at)
    })
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
