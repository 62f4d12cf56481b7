import { beforeEach, expect, test } from 'vitest'
import zh from '../../../../config/web/locale/zh-CN.json'
import {
  capOf,
  choosePreset,
  chosen,
  keysNow,
  nameAt,
  PRESET_NAMES,
  refusal,
  resetKeys,
  setKey,
} from './presets'

beforeEach(() => {
  choosePreset('common')
  resetKeys()
})

test.each(PRESET_NAMES)('no key of %s means two things', (preset) => {
  choosePreset(preset)
  const keys = Object.values(keysNow.value).flat()
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([])
  expect(Object.keys(zh)).toContain(`settings.preset.${preset}`)
})

test('a key of its own makes the keys one’s own, over the preset that was there', () => {
  choosePreset('pospal')
  setKey('find', 'F11')
  expect(chosen.value.preset).toBe('custom')
  expect([capOf('find'), capOf('member'), nameAt('F2')]).toEqual(['F11', 'F9', undefined])
  setKey('pay', 'F2')
  expect(keysNow.value.pay).toEqual(['F2', '+'])
  resetKeys()
  expect([chosen.value.preset, capOf('find')]).toEqual(['pospal', 'F2'])
})

test.each([
  ['Ctrl+N', 'reserved'],
  ['Ctrl+T', 'reserved'],
  ['Ctrl+W', 'reserved'],
  ['7', 'types'],
  ['Enter', 'types'],
  ['F9', 'pay'],
  ['F24', null],
  ['Ctrl+M', null],
])('the return cannot or can have %s', (key, why) => {
  expect(refusal('return', key)).toBe(why)
})
