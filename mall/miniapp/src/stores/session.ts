import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { sentence } from '../api/api'
import type { Me, SignedIn } from '../api/contract'
import type { Invitation } from '../api/contract-value'
import { currentToken, mall, onSignedOut, setToken } from '../api/mall'
import { toast } from '../lib/go'
import { t } from '../lib/i18n'
import { forgetInvite, invited } from '../lib/invite'
import { forgetPerson, keep, kept } from '../lib/kept'
import { sceneOf, tellScene } from '../lib/scene'
import { platform } from '../platform'
import { useCart } from './cart'
import { useCheckout } from './checkout'
import { useTelling } from './telling'
import { usePlace } from './place'
import { useTracking } from './tracking'

/** Waits for the person whose session only ran out. */
const BASKET = ['cart', 'cart_of', 'checkout']

/** Who is shopping. */
export const useSession = defineStore('session', () => {
  const signedIn = ref(currentToken() !== '')
  const me = ref<Me | null>(null)
  /** Who it was when the server last said: the member code is shown without network too. */
  const keptMe = ref<Me | null>(kept<Me>('me'))
  const fault = ref('')
  /** What the payment page said when it sent the person back; the order page takes it. */
  const paid = ref<'ok' | 'cancel' | null>(null)
  let starting: Promise<void> | null = null

  watch(me, (now) => {
    if (!now) return
    keptMe.value = now
    keep('me', now)
  })

  /** Nothing of this member stays on the phone, but the basket: it waits for them to sign in again. */
  function forget(): void {
    signedIn.value = false
    me.value = null
    keptMe.value = null
    useTracking().tracker.forget()
    forgetPerson(BASKET)
    useTelling().forget()
    track()
  }

  /** Another person may have agreed to something else. */
  function track(): void {
    useTracking().learn().catch(() => undefined)
  }

  onSignedOut(forget)

  /** The person has gone, or another has come: the basket goes too. */
  function leave(): void {
    setToken('')
    forget()
    useCart().empty()
    useCheckout().bring([], false)
    forgetPerson()
  }

  /** What came of the code a friend sent; a code told again at the next step is no news. */
  function hear(invitation: Invitation): void {
    if (invitation === 'accepted' || invitation === 'self' || invitation === 'already_member') {
      forgetInvite()
      toast(t(`invite.said.${invitation}`))
    }
  }

  function take(said: SignedIn & { invitation: Invitation }): void {
    hear(said.invitation)
    const basket = useCart()
    if (basket.owner !== null && basket.owner !== said.me.member_id) leave()
    setToken(said.token)
    signedIn.value = true
    me.value = said.me
    basket.belongTo(said.me.member_id)
    void tellScene()
    track()
  }

  async function begin(): Promise<void> {
    const said = platform.returned()
    paid.value = said.pay ?? null
    const scene = sceneOf(said.scene)
    if (scene) void usePlace().arrive(scene)
    if (said.phoneRefused) fault.value = t('me.phone_refused')
    try {
      if (said.guest && (signedIn.value || useCart().owner !== null)) leave()
      if (said.login) take(await mall.login(said.login, invited()))
      if (said.phone) await givePhone(said.phone)
      if (said.told && signedIn.value) await useTelling().take(said.told)
    } catch (error) {
      fault.value = sentence(error)
    }
  }

  /** Once per start of the app; later calls wait for the first. */
  function ready(): Promise<void> {
    starting ??= begin()
    return starting
  }

  /** True when signed in; false when the person has left for the sign-in page. */
  async function signIn(): Promise<boolean> {
    if (signedIn.value) return true
    // The weapp asks WeChat and needs no settings of ours.
    const settings = platform.inPlace ? { login_page: null, phone_page: null } : await mall.settings()
    const code = await platform.loginCode(settings)
    if (!code) return false
    take(await mall.login(code, invited()))
    return true
  }

  /** Signs out here at once, with or without a network; the server hears of it if it can. */
  function signOut(): void {
    void useTracking().tracker.flush()
    mall.logout().catch(() => undefined)
    leave()
  }

  async function refresh(): Promise<void> {
    if (signedIn.value) me.value = (await mall.me()).me
  }

  async function givePhone(code: string): Promise<void> {
    const said = await mall.phone(code, invited())
    me.value = said.me
    useCart().belongTo(said.me.member_id)
    hear(said.invitation)
    forgetInvite()
  }

  /** H5 only: leave for the page where the number is given. */
  async function askPhone(): Promise<void> {
    platform.askPhone(await mall.settings())
  }

  return { signedIn, me, keptMe, fault, paid, ready, signIn, signOut, forget, refresh, givePhone, askPhone }
})
