import { sentence } from '@web/api'
import { defineStore } from 'pinia'
import { nextTick } from 'vue'
import { api } from '../server'
import { usePrinter } from '../stores/printer'
import { useSession } from '../stores/session'

const PATH = '/api/desk/codes'

/** A code that hangs in the store: S its poster, T a table or shelf, G a guide, P a product. */
export interface SceneCode {
  id: number
  kind: 'S' | 'T' | 'G' | 'P'
  code: string
  label: string
  name: string
  drawn: boolean
  made_at: string
}

export interface Guide {
  id: number
  name: string
  role: string
}

interface Answer {
  codes: SceneCode[]
  guides: Guide[]
}

/** The store's mini-program codes: made, looked at, printed and taken back. */
export const useSceneCodes = defineStore('scene-codes', {
  state: () => ({
    open: false,
    loaded: false,
    codes: [] as SceneCode[],
    guides: [] as Guide[],
    printing: null as SceneCode | null,
    busy: false,
    said: '',
  }),
  getters: {
    mayMake: () => useSession().staff?.permissions.includes('desk.answer') ?? false,
    /** Guides without a code. */
    without: (state): Guide[] =>
      state.guides.filter(
        (one) => !state.codes.some((code) => code.kind === 'G' && code.name === one.name),
      ),
  },
  actions: {
    async show(): Promise<void> {
      this.$patch({ open: true, loaded: false, said: '' })
      await this.run(() => api.get<Answer>(PATH))
    },

    leave(): void {
      this.$patch({ open: false, said: '', printing: null })
    },

    make(of: object): Promise<boolean> {
      return this.run(() => api.write<Answer>(PATH, of))
    },

    revoke(one: SceneCode): Promise<boolean> {
      return this.run(() => api.write<Answer>(`${PATH}/${one.id}/revoke`, {}))
    },

    async run(ask: () => Promise<Answer>): Promise<boolean> {
      this.$patch({ busy: true, said: '' })
      try {
        const { codes, guides } = await ask()
        this.$patch({ codes, guides, loaded: true })
        return true
      } catch (error) {
        this.said = sentence(error)
        return false
      } finally {
        this.busy = false
      }
    },

    picture: (one: SceneCode): string => `${PATH}/${one.id}/picture`,

    async print(one: SceneCode): Promise<void> {
      usePrinter().job = null // one thing on the page
      this.printing = one
      await nextTick()
      const image = document.querySelector<HTMLImageElement>('.poster img')
      await image?.decode().catch(() => undefined)
      window.print()
    },
  },
})
