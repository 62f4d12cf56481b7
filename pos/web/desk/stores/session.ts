import { Refused, sentence } from '@web/api'
import type { Staff } from '@web/contract'
import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { defineStore } from 'pinia'
import { api } from '../server'

export type Stage = 'starting' | 'down' | 'login' | 'desk'
/** The store's own work, or what waits for a decision. */
export type Face = 'store' | 'centre'

const FACE = 'desk.face'

/** Who stands at the desk. */
export const useSession = defineStore('session', {
  state: () => ({
    stage: 'starting' as Stage,
    said: '',
    staff: null as Staff | null,
    wanted: (kept<Face>(FACE) ?? 'store') as Face,
  }),
  getters: {
    faces(): Face[] {
      const may = this.staff?.permissions ?? []
      const needs = { store: 'desk.fulfil', centre: 'centre.read' }
      return (['store', 'centre'] as const).filter((face) => may.includes(needs[face]))
    },
    face(): Face {
      return this.faces.includes(this.wanted) ? this.wanted : (this.faces[0] ?? 'store')
    },
  },
  actions: {
    async start(): Promise<void> {
      try {
        const { staff } = await api.get<{ staff: Staff }>('/api/staff/me')
        this.staff = staff
        this.stage = this.mayWork() ? 'desk' : 'login'
      } catch (error) {
        this.stage = error instanceof Refused ? 'login' : 'down'
        this.said = sentence(error)
      }
    },

    mayWork(): boolean {
      return this.faces.length > 0
    },

    turnTo(face: Face): void {
      this.wanted = face
      keep(FACE, face)
    },

    async signIn(login: string, password: string): Promise<string | null> {
      try {
        const body = { login, password }
        this.staff = (await api.write<{ staff: Staff }>('/api/staff/login', body)).staff
        api.anew()
      } catch (error) {
        return sentence(error)
      }
      if (this.mayWork()) {
        this.stage = 'desk'
        return null
      }
      const name = this.staff.name
      await this.signOut()
      return t('desk.notAllowed', { name })
    },

    leave(): void {
      this.staff = null
      this.stage = 'login'
    },

    async signOut(): Promise<void> {
      await api.write('/api/staff/logout', {}).catch(() => undefined)
      this.leave()
    },
  },
})
