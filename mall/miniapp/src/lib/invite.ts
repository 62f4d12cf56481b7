import { keep, kept } from './kept'

/** The invite code a person came by is kept until their phone is known: then it has been told. */
export function rememberInvite(code: unknown): void {
  if (typeof code === 'string' && /^[0-9A-Za-z]{4,20}$/.test(code)) keep('invite', code.toUpperCase())
}

export function invited(): string | null {
  return kept<string>('invite')
}

export function forgetInvite(): void {
  keep('invite', null)
}

/** Where a friend's tap leads: the mall, with the code. */
export function invitePath(code: string): string {
  return `/pages/home/home?invite=${code}`
}
