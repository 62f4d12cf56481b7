import { guessLine } from '@web/money'
import { expect, test } from 'vitest'
import written from '../../../tests/vectors/labels.json'
import { read, unitsOf } from '.'

/** Complaint 4.3: the same labels as `tests/trade/catalogue/test_labels.py` reads. */
test.each(written.cases)('$why', ({ code, layouts, wrong, read: expected, sold }) => {
  const said = read(code, layouts, written.today)
  if ('wrong' in said) return expect(said.wrong).toBe(wrong)
  expect(said).toEqual(expected)
  if (!sold) return
  const units = unitsOf(said, sold.weighed, sold.unit_price_fen)
  const line_fen = said.fen ?? guessLine(sold.unit_price_fen, units, sold.weighed)
  expect([units, line_fen]).toEqual([sold.units, sold.line_fen])
})
