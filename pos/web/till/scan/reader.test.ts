import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Reader } from './reader'

const GOODS = '6901234567892'

let box: HTMLInputElement
let other: HTMLInputElement
let scanned: string[]
let sent: string[]
let cut: number
let reader: Reader
let at = 10_000

beforeEach(() => {
  vi.useFakeTimers()
  document.body.innerHTML =
    '<form><input data-testid="scan-input"></form><input data-testid="other">'
  ;[box, other] = [...document.querySelectorAll('input')] as [HTMLInputElement, HTMLInputElement]
  scanned = []
  sent = []
  document.forms[0]?.addEventListener('submit', (event) => {
    event.preventDefault()
    sent.push(box.value)
  })
  cut = 0
  reader = new Reader({
    sells: (code) => code === GOODS,
    scan: (code) => scanned.push(code),
    cutOff: () => {
      cut += 1
    },
  })
})
afterEach(() => vi.useRealTimers())

/** Keys with so much time between them; what each field would do with them is done here. */
function type(field: HTMLInputElement, keys: string[], gap_ms = 5, pause_at = -1): boolean {
  field.focus()
  let stopped = false
  for (const [no, key] of keys.entries()) {
    at += no === pause_at ? 200 : gap_ms
    const event = new KeyboardEvent('keydown', { key, cancelable: true })
    Object.defineProperties(event, { target: { value: field }, timeStamp: { value: at } })
    reader.take(event)
    stopped = event.defaultPrevented
    if (key.length === 1 && !stopped) field.value += key
  }
  at += 200
  return stopped
}

test('a code fired at an amount goes where codes go, and the amount stays', () => {
  type(other, [...'50'], 120)
  expect(type(other, [...GOODS, 'Enter'])).toBe(true)
  expect([scanned, other.value]).toEqual([[GOODS], '50'])
})

test('what a hand types is left alone, however long it is', () => {
  expect(type(other, [...GOODS, 'Enter'], 90)).toBe(false)
  expect(type(other, [...'246810', 'Enter'])).toBe(false)
  expect([scanned, other.value]).toEqual([[], `${GOODS}246810`])
})

test('the box takes its codes itself, without what a hand had begun before', () => {
  expect(type(box, [...GOODS, 'Enter'])).toBe(false)
  expect([scanned, box.value]).toEqual([[], GOODS])
  box.value = ''
  type(box, [...'12'], 120)
  type(box, [...GOODS, 'Enter'])
  expect(box.value).toBe(GOODS)
  box.value = ''
  type(box, [...'3*'], 120)
  type(box, [...GOODS, 'Enter'])
  expect(box.value).toBe(`3*${GOODS}`)
})

test('a key that did something is no part of the code behind it', () => {
  type(box, ['-'])
  box.value = ''
  at -= 195
  type(box, [...`3*${GOODS}`, 'Enter'])
  expect(box.value).toBe(`3*${GOODS}`)
})

test('Tab ends a code as Enter does, and keeps the focus; a hand moves on with it', () => {
  expect(type(other, [...GOODS, 'Tab'])).toBe(true)
  expect([scanned, other.value]).toEqual([[GOODS], ''])
  expect(type(box, [...'20011', 'Tab'])).toBe(true)
  expect([sent, box.value]).toEqual([['20011'], '20011'])
  expect(type(other, [...GOODS, 'Tab'], 90)).toBe(false)
  expect(type(box, ['Tab'], 90)).toBe(false)
  expect([scanned, sent]).toEqual([[GOODS], ['20011']])
})

test('a code that a busy machine held up in the middle is whole all the same', () => {
  const code = [...GOODS, 'Enter']
  for (let held = 1; held < code.length; held += 1) {
    box.value = ''
    other.value = '50'
    type(box, code, 5, held)
    expect(box.value).toBe(GOODS)
    at += 1000
    expect(type(other, code, 5, held)).toBe(true)
    expect(other.value).toBe('50')
    at += 1000
  }
  expect(scanned).toEqual(Array.from({ length: code.length - 1 }, () => GOODS))
  box.value = ''
  type(box, [...'3*'], 120)
  type(box, code, 5, 4)
  expect(box.value).toBe(`3*${GOODS}`)
  box.value = ''
  type(box, [...'138'], 90)
  type(box, code, 5, 4)
  expect(box.value).toBe(GOODS)
})

test('a field that takes such codes keeps them', () => {
  other.dataset.takes = 'phone goods'
  expect(type(other, [...GOODS, 'Enter'])).toBe(false)
  expect(scanned).toEqual([])
})

test('a field that opens in the middle of a code has all of it', () => {
  for (const field of [other, box]) {
    other.dataset.takes = 'goods'
    type(field, [...GOODS])
    field.value = GOODS.slice(4)
    at -= 200
    type(field, ['Enter'])
    expect(field.value).toBe(GOODS)
  }
})

test('GS comes as Ctrl+]', () => {
  box.focus()
  const event = new KeyboardEvent('keydown', { key: ']', ctrlKey: true, cancelable: true })
  reader.take(event)
  expect([event.defaultPrevented, box.value]).toEqual([true, '\x1d'])
})

/** Complaint 4.24: half a scan is said, and is no part of the next. */
test('a scan that was cut off is said once', () => {
  type(box, [...GOODS.slice(0, 7)])
  vi.advanceTimersByTime(1100)
  expect([box.value, cut]).toEqual(['', 1])
  type(box, [...'苹果'])
  vi.advanceTimersByTime(1100)
  expect([box.value, cut]).toEqual(['苹果', 1])
})

test('keys of a reader are typed into the box at once, at the end or when they stop', () => {
  const typed = vi.fn()
  box.addEventListener('input', typed)
  type(box, [...GOODS])
  expect(box.value).toBe(GOODS.slice(0, 1))
  vi.advanceTimersByTime(100)
  expect([box.value, typed.mock.calls.length]).toEqual([GOODS, 1])
  for (const key of ['Backspace', 'Enter']) {
    box.value = ''
    at += 1000
    type(box, [...GOODS])
    at -= 195
    type(box, [key])
    expect(box.value).toBe(GOODS)
  }
})

test('a fast hand sees each of its keys', () => {
  type(box, [...'12345678'], 20)
  expect(box.value).toBe('12345678')
})
