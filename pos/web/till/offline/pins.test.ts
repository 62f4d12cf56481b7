import { expect, test } from 'vitest'
import { knowsPin, rememberPin } from './pins'

test('a PIN is known here for three days after the server took it', async () => {
  await rememberPin(7, '246810', 0)
  const hours = (n: number) => n * 3600_000
  expect(await knowsPin(7, '246810', hours(71))).toBe(true)
  expect(await knowsPin(7, '246811', hours(1))).toBe(false)
  expect(await knowsPin(8, '246810', hours(1))).toBe(false)
  expect(await knowsPin(7, '246810', hours(73))).toBe(false)
  expect(JSON.stringify({ ...localStorage })).not.toContain('246810')
})
