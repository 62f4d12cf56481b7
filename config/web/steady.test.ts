import { expect, test } from 'vitest'
import { effect, ref } from 'vue'
import { steady } from './steady'

test('who reads it runs again only where it says something else', () => {
  const answer = ref({ lines: [{ fen: 100 }, { fen: 200 }] })
  const second = steady(() => answer.value.lines[1])
  const seen: unknown[] = []
  effect(() => seen.push(second.value?.fen))
  answer.value = { lines: [{ fen: 150 }, { fen: 200 }] }
  expect(seen).toEqual([200])
  answer.value = { lines: [{ fen: 150 }, { fen: 210 }] }
  expect(seen).toEqual([200, 210])
})
