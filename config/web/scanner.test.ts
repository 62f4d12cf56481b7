import { expect, test } from 'vitest'
import { ScanQueue, Wedge } from './scanner'

test('a thousand scans in a row are handled once each, in order', async () => {
  const handled: number[] = []
  const queue = new ScanQueue<number>(async (scan) => {
    await Promise.resolve()
    handled.push(scan)
  })
  const scans = Array.from({ length: 1000 }, (_, at) => at)
  for (const scan of scans) queue.push(scan)
  await expect.poll(() => handled.length).toBe(1000)
  expect(handled).toEqual(scans)
})

test('scans wait while the queue is paused, and none is lost', async () => {
  const handled: string[] = []
  const queue = new ScanQueue<string>(async (scan) => {
    handled.push(scan)
  })
  queue.pause()
  queue.push('a')
  queue.push('b')
  await Promise.resolve()
  expect([handled, queue.length]).toEqual([[], 2])
  queue.resume()
  await expect.poll(() => handled).toEqual(['a', 'b'])
})

function type(
  wedge: Wedge,
  keys: string[],
  target: EventTarget = document.body,
  gap_ms = 5,
): boolean[] {
  return keys.map((key, at) => {
    const event = new KeyboardEvent('keydown', { key })
    Object.defineProperties(event, {
      target: { value: target },
      timeStamp: { value: 10_000 + at * gap_ms },
    })
    return wedge.take(event)
  })
}

test('a reader without a field is heard, and its Enter presses no button', () => {
  const codes: string[] = []
  const taken = type(new Wedge((code) => codes.push(code)), [...'6901234567892', 'Enter'])
  expect(codes).toEqual(['6901234567892'])
  expect(taken.at(-1)).toBe(true)
})

test('Enter alone, letters, and typing in a field are left to others', () => {
  const codes: string[] = []
  const wedge = new Wedge((code) => codes.push(code))
  expect(type(wedge, ['Enter', 'a'])).toEqual([false, false])
  expect(type(wedge, [...'12345678', 'Enter'], document.createElement('input'))).not.toContain(true)
  expect(codes).toEqual([])
})

test('labels of shelves and bags have letters and dashes', () => {
  const codes: string[] = []
  const wedge = new Wedge((code) => codes.push(code), true)
  type(wedge, [...'P12-1', 'Enter', ...'TP.1.2.3.af', 'Enter'])
  expect(codes).toEqual(['P12-1', 'TP.1.2.3.af'])
})

test('half a code of long ago is forgotten', () => {
  const codes: string[] = []
  const wedge = new Wedge((code) => codes.push(code))
  type(wedge, [...'99999'], document.body, 1500)
  expect(type(wedge, ['Enter'])).toEqual([false])
  expect(codes).toEqual([])
})
