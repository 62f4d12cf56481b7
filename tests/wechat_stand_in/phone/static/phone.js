/* The little that the phone's pages do by themselves. */
'use strict'

/** Parts that may change are asked for again: <div data-part="/phone/..."> holds the answer's HTML. */
for (const part of document.querySelectorAll('[data-part]')) {
  let shown = part.innerHTML
  const ask = async () => {
    try {
      const answer = await fetch(part.dataset.part)
      const parsed = document.createElement('template')
      parsed.innerHTML = answer.ok ? await answer.text() : shown
      const html = parsed.innerHTML // as the browser writes it, or the first answer would always differ
      const busy = part.contains(document.activeElement) && document.activeElement.matches('input, textarea')
      if (html !== shown && !busy) {
        shown = html
        part.innerHTML = html
        part.dispatchEvent(new Event('renewed', { bubbles: true }))
      }
    } catch {
      /* the stand-in is being started again: the next time will do */
    }
    setTimeout(ask, Number(part.dataset.every ?? 1500))
  }
  setTimeout(ask, Number(part.dataset.every ?? 1500))
}

/** A talk shows its end. */
for (const view of document.querySelectorAll('[data-bottom]')) {
  const sink = () => view.scrollTo(0, view.scrollHeight)
  sink()
  view.addEventListener('renewed', sink)
}

/** <input data-filter=".row"> shows the rows that hold what is typed; it stays over a reload. */
for (const box of document.querySelectorAll('[data-filter]')) {
  box.value = sessionStorage.getItem(box.dataset.filter) ?? ''
  const filter = () => {
    sessionStorage.setItem(box.dataset.filter, box.value)
    for (const row of document.querySelectorAll(box.dataset.filter)) {
      row.hidden = !row.textContent.toLowerCase().includes(box.value.trim().toLowerCase())
    }
  }
  box.addEventListener('input', filter)
  filter()
}

for (const link of document.querySelectorAll('[data-go-after]')) {
  setTimeout(() => link.click(), Number(link.dataset.goAfter))
}

/** The password: any six digits; whoever is slow thinks before it counts.  A <form data-pay> shows one step of its steps. */
const paying = () => document.querySelector('form[data-pay]')
const stepOf = (form) => form.querySelector('[data-step]:not([hidden])')?.dataset.step

function to(form, name) {
  for (const one of form.querySelectorAll('[data-step]')) one.hidden = one.dataset.step !== name
}

function send(form) {
  form.append(Object.assign(document.createElement('input'), { type: 'hidden', name: 'answer', value: 'yes' }))
  form.submit()
}

function think(form, seconds) {
  const left = form.querySelector('[data-left]')
  if (!seconds) return send(form)
  if (left) to(form, 'waiting')
  const until = Date.now() + seconds * 1000
  const tell = () => {
    const rest = Math.ceil((until - Date.now()) / 1000)
    if (left) left.textContent = Math.max(rest, 0)
    if (rest <= 0) send(form)
    else setTimeout(tell, 200)
  }
  tell()
}

function key(form, name) {
  if (stepOf(form) !== 'password') return
  const dots = [...form.querySelectorAll('.dots span')]
  const on = dots.filter((dot) => dot.classList.contains('on')).length
  if (name !== 'delete' && on === dots.length) return
  const typed = name === 'delete' ? Math.max(0, on - 1) : on + 1
  for (const [at, dot] of dots.entries()) dot.classList.toggle('on', at < typed)
  if (typed === dots.length) think(form, Number(form.dataset.pay))
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('form[data-pay] button')
  if (button?.dataset.to) to(button.form, button.dataset.to)
  if (button?.dataset.key) key(button.form, button.dataset.key)
  if (button?.dataset.wait) think(button.form, Number(button.dataset.wait))
})

document.addEventListener('keydown', (event) => {
  const form = paying()
  if (!form) return
  if (/^\d$/.test(event.key)) key(form, event.key)
  if (event.key === 'Backspace') key(form, 'delete')
  if (event.key === 'Enter' && event.target.matches('input')) {
    event.preventDefault() // else it would press the first button that sends: cancel
    if (stepOf(form) === 'what') to(form, 'password')
  }
})
