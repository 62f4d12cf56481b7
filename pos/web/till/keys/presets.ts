import { keep, kept } from '@web/kept'
import { computed, ref } from 'vue'

/** What every till knows how to do, and by which keys: the first one is the one shown. */
const COMMON = {
  keys: ['F1'],
  member: ['F2'],
  find: ['F3'],
  points: ['F4'],
  coupons: ['F5'],
  hold: ['F6'],
  held: ['Shift+F6'],
  return: ['F7'],
  seller: ['F8'],
  pay: ['F9', '+'],
  stored: ['F10'],
  elsewhere: ['F11'],
  desk: ['F12'],
  labels: [],
  discount: ['/'],
  display: ['Shift+F11'],
  delete: ['Delete'],
  less: ['-'],
  up: ['ArrowUp'],
  down: ['ArrowDown'],
  back: ['Esc'],
  note: ['Ctrl+B'],
  cashMove: ['Ctrl+I'],
  shift: ['Ctrl+J'],
  pickup: ['Ctrl+E'],
  paper: ['Ctrl+K'],
  drawer: ['Ctrl+O'],
  printer: ['Shift+F12'],
  reprint: ['Ctrl+P'],
  void: ['Ctrl+Delete'],
  why: ['Ctrl+Y'],
  settings: ['Ctrl+,'],
  status: ['Ctrl+H'],
}

export type ActionName = keyof typeof COMMON
export type Keys = Record<ActionName, string[]>

/** As cashiers who come from another till have them in their fingers; what differs from ours, and who makes room. */
const SISS: Partial<Keys> = {
  coupons: ['F2'],
  discount: ['F3', '/'],
  return: ['F4'],
  hold: ['F5'],
  held: ['F6'],
  member: ['F7'],
  drawer: ['F8'],
  shift: ['F10'],
  points: ['Ctrl+J'],
  find: ['Ctrl+F'],
  seller: ['Ctrl+S'],
  stored: ['Ctrl+O'],
}
const POSPAL: Partial<Keys> = {
  find: ['F2'],
  hold: ['F3'],
  held: ['F4'],
  discount: ['F5', '/'],
  coupons: ['F6'],
  pay: ['F8', '+'],
  member: ['F9'],
  points: ['Ctrl+G'],
  seller: ['Ctrl+S'],
}

const PRESETS = { common: {}, siss: SISS, pospal: POSPAL } satisfies Record<string, Partial<Keys>>
type Ready = keyof typeof PRESETS
export type PresetName = Ready | 'custom'
export const PRESET_NAMES: PresetName[] = [...(Object.keys(PRESETS) as Ready[]), 'custom']

/** What this device keeps: the chosen preset, and of one's own keys what they began with and what was changed. */
interface Chosen {
  preset: PresetName
  from: Ready
  own: Partial<Keys>
}

const KEPT = 'till.keys'
export const chosen = ref<Chosen>({
  preset: 'common',
  from: 'common',
  own: {},
  ...kept<Partial<Chosen>>(KEPT),
})

export const keysNow = computed<Keys>(() => {
  const { preset, from, own } = chosen.value
  if (preset !== 'custom') return { ...COMMON, ...PRESETS[preset] }
  return { ...COMMON, ...PRESETS[from], ...own }
})

const byKey = computed(() => {
  const names = Object.keys(keysNow.value) as ActionName[]
  return new Map(names.flatMap((name) => keysNow.value[name].map((key) => [key, name] as const)))
})

/** One's own keys begin with those of the preset that was there before. */
export function choosePreset(preset: PresetName): void {
  const before = chosen.value
  const from =
    preset !== 'custom' ? preset : before.preset === 'custom' ? before.from : before.preset
  chosen.value = { preset, from, own: from === before.from ? before.own : {} }
  keep(KEPT, chosen.value)
}

/** Give an action another key, which makes the keys one's own; what it has beside it stays. */
export function setKey(name: ActionName, key: string): void {
  const { preset, from, own } = chosen.value
  const base = preset === 'custom' ? from : preset
  const others = keysNow.value[name].slice(1).filter((one) => one !== key)
  const before = preset === 'custom' ? own : {}
  chosen.value = { preset: 'custom', from: base, own: { ...before, [name]: [key, ...others] } }
  keep(KEPT, chosen.value)
}

/** Back to what the preset says. */
export function resetKeys(): void {
  const { from } = chosen.value
  chosen.value = { preset: from, from, own: {} }
  keep(KEPT, null)
}

/** A key as it is written on its cap. */
export function capText(key: string): string {
  return key.replace('ArrowUp', '↑').replace('ArrowDown', '↓').replace('Delete', 'Del')
}

/** The key cap of an action; empty when it has none here. */
export function capOf(name: ActionName): string {
  return capText(keysNow.value[name][0] ?? '')
}

/** What a key means here. */
export function nameAt(key: string): ActionName | undefined {
  return byKey.value.get(key)
}

/** The browser does not give these away, or a field needs them. */
const RESERVED = /^Ctrl\+(Shift\+)?([NTWCVXAZ]|Tab)$/
const MAY_BE =
  /^(Ctrl\+.+|((Ctrl|Shift)\+)*(F\d+|Insert|Delete|Home|End|PageUp|PageDown|Arrow(Up|Down)|Pause)|Esc|[-+/])$/

/** Why a key cannot be an action's: it is the browser's, it types, or it is another action's already. */
export function refusal(name: ActionName, key: string): 'reserved' | 'types' | ActionName | null {
  if (RESERVED.test(key)) return 'reserved'
  if (!MAY_BE.test(key)) return 'types'
  const other = nameAt(key)
  return other && other !== name ? other : null
}
