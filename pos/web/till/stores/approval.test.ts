import type { Approval } from '@web/contract'
import { learnServerTime } from '@web/time'
import { createPinia, setActivePinia } from 'pinia'
import { expect, test } from 'vitest'
import { useApproval } from './approval'

test('a till whose clock is an hour ahead waits for the desk as long as any other', () => {
  setActivePinia(createPinia())
  const server = Date.now() - 3600_000
  learnServerTime(new Date(server).toISOString())
  const until_at = new Date(server + 600_000).toISOString()
  const asked = { id: 7, state: 'asked', approver_id: null, until_at } as Approval
  const approval = useApproval()
  approval.asked = asked
  approval.decided(asked)
  expect(approval.asked).toEqual(asked)
})
