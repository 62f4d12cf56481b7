import { type Component, defineAsyncComponent } from 'vue'

const LOADS = {
  aloneBack: () => import('./parts/AloneBackSheet.vue'),
  held: () => import('./parts/HeldSheet.vue'),
  blind: () => import('./parts/BlindSheet.vue'),
  elsewhere: () => import('./elsewhere/StoresSheet.vue'),
  cash: () => import('./parts/CashSheet.vue'),
  join: () => import('./parts/JoinSheet.vue'),
  offline: () => import('./parts/OfflineSheet.vue'),
  note: () => import('./parts/NoteSheet.vue'),
  sellers: () => import('./parts/SellersSheet.vue'),
  void: () => import('./parts/VoidSheet.vue'),
  temporary: () => import('./parts/TemporarySheet.vue'),
  keys: () => import('./keys/AllKeys.vue'),
  pickup: () => import('./parts/PickupSheet.vue'),
  paper: () => import('./parts/PaperSheet.vue'),
  printer: () => import('./print/PrinterSheet.vue'),
  rejected: () => import('./parts/RejectedSheet.vue'),
  return: () => import('./parts/ReturnSheet.vue'),
  settings: () => import('./settings/SettingsSheet.vue'),
  shift: () => import('./parts/ShiftSheet.vue'),
  status: () => import('./status/StatusSheet.vue'),
  topback: () => import('./parts/TopUpBackSheet.vue'),
  topup: () => import('./parts/TopUpSheet.vue'),
  why: () => import('./parts/WhySheet.vue'),
}

export type Sheet = keyof typeof LOADS

/** What slides in beside the sale while scanning goes on; `counter.sheet` names the open one. */
export const SHEETS = Object.fromEntries(
  Object.entries(LOADS).map(([name, load]) => [
    name,
    defineAsyncComponent(load as () => Promise<Component>),
  ]),
) as Record<Sheet, Component>

/** Fetch them all while nothing else is to be done, so that the first key typed into one finds it there. */
export function fetchSheets(): void {
  const later = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 500))
  later(() => void Promise.all(Object.values(LOADS).map((load) => load())))
}
