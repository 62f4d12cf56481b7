import { keep, kept } from '@web/kept'
import { computed, ref } from 'vue'

/** What every till knows how to do, and the key caps that do it here: the first one is the one shown. */
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
  discount: ['/'],
  delete: ['Delete'],
  less: ['-'],
  up: ['ArrowUp'],
  down: ['ArrowDown'],
  back: ['Esc'],
  note: ['Ctrl+B'],
  cashMove: ['Ctrl+I'],
  shift: ['Ctrl+J'],
  paper: ['Ctrl+K'],
  drawer: ['Ctrl+O'],
  reprint: ['Ctrl+P'],
  void: ['Ctrl+Delete'],
  why: ['Ctrl+Y'],
}

export type ActionName = keyof typeof COMMON
export type Keys = Record<ActionName, string[]>

export const PRESETS = { common: COMMON } satisfies Record<string, Keys>
export type PresetName = keyof typeof PRESETS

const KEPT = 'till.keys'

export const preset = ref<PresetName>(kept<PresetName>(KEPT) ?? 'common')
export const keysNow = computed<Keys>(() => PRESETS[preset.value])

const byKey = computed(() => {
  const names = Object.keys(keysNow.value) as ActionName[]
  return new Map(names.flatMap((name) => keysNow.value[name].map((key) => [key, name] as const)))
})

export function choosePreset(name: PresetName): void {
  preset.value = name
  keep(KEPT, name)
}

/** The key cap of an action; empty when it has none here. */
export function capOf(name: ActionName): string {
  return keysNow.value[name][0] ?? ''
}

/** What a key means here. */
export function nameAt(key: string): ActionName | undefined {
  return byKey.value.get(key)
}
