/**
 * Answer each question on standard input with the TypeScript engine and compare it with Python's answer, field by field.
 *
 * One question a line, as `written.py` makes them. Writes what was compared as JSON; of answers that differ the first
 * with its question, and exits with 1.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'

const ENTRY = resolve(import.meta.dirname, '../../config/web/pricing/index.ts')

/** The engine as the till's build makes it, without its minifier. */
async function engine() {
  const outDir = await mkdtemp(join(tmpdir(), 'pricing-'))
  const lib = { entry: ENTRY, formats: ['es'], fileName: 'pricing' }
  const options = { lib, outDir, minify: false, target: 'es2022' }
  await build({ configFile: false, logLevel: 'error', build: options })
  const found = await import(pathToFileURL(join(outDir, 'pricing.js')).href)
  await rm(outDir, { recursive: true })
  return found
}

/** The question as the engine takes it. */
function argumentsOf({ bookFromJson }, asked) {
  const left = new Map(Object.entries(asked.left).map(([id, one]) => [Number(id), one]))
  const { goods, here, purse, wish, freight_fen, explain } = asked
  return [goods, bookFromJson(asked.book), here, { left, purse, wish, freight_fen, explain }]
}

function shown({ plan, ...priced }) {
  const applied = plan.applied.map(({ rule, ...one }) => ({ rule_id: rule.id, ...one }))
  const used = plan.used.map(({ voucher, base_fen, worth }) => {
    const { off_fen, lost_fen, shares } = worth
    return { coupon_id: voucher.held.id, base_fen, off_fen, lost_fen, shares }
  })
  const { rule, voucher, ...freight } = plan.freight
  freight.rule_id = rule?.id ?? 0
  freight.coupon_id = voucher?.held.id ?? 0
  return { ...priced, plan: { ...plan, applied, used, freight } }
}

/** Where two answers first differ, or nothing. */
function difference(python, typescript, path = 'answer') {
  const both = [python, typescript].every((one) => one !== null && typeof one === 'object')
  if (!both) return python === typescript ? undefined : { path, python, typescript }
  for (const key of new Set([...Object.keys(python), ...Object.keys(typescript)])) {
    const found = difference(python[key], typescript[key], `${path}.${key}`)
    if (found) return found
  }
  return undefined
}

const typescript = await engine()
const done = { compared: 0, differing: 0, micros: 0 }
for await (const line of createInterface({ input: process.stdin })) {
  const { answer, clock, offsets, ...asked } = JSON.parse(line)
  const told = { store_id: clock.store_id, version: 0, offsets, books: [], member: null }
  const here = typescript.hereAt(told, clock.channel, clock.now_ms, clock)
  const question = argumentsOf(typescript, asked)
  const began = performance.now()
  let mine
  try {
    mine = typescript.price(...question)
  } catch (error) {
    mine = { error: String(error.stack) }
  }
  done.micros += Math.round(1000 * (performance.now() - began))
  done.compared += 1
  const found =
    difference(answer, mine?.plan ? shown(mine) : mine) ?? difference(clock, here, 'clock')
  if (!found) continue
  done.differing += 1
  done.first ??= { ...found, python: found.python ?? 'nothing', asked }
}
process.stdout.write(`${JSON.stringify(done)}\n`)
process.exitCode = done.differing ? 1 : 0
