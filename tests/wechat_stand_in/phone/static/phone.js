/* The little that the phone's pages do by themselves. */
'use strict'

/** Parts that may change are asked for again: <div data-part="/phone/..."> holds the answer's HTML. */
for (const part of document.querySelectorAll('[data-part]')) {
  let shown = part.innerHTML
  const ask = async () => {
    try {
      const answer = await fetch(part.dataset.part)
      const html = answer.ok ? await answer.text() : shown
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

for (const link of document.querySelectorAll('[data-go-after]')) {
  setTimeout(() => link.click(), Number(link.dataset.goAfter))
}

/** The password: any six digits; the slow take their time before the last one counts. */
const form = document.getElementById('pay')
if (form?.querySelector('[data-step]')) {
  const dots = [...form.querySelectorAll('.dots span')]
  let typed = 0
  let step = 'what'

  const to = (name) => {
    step = name
    for (const one of form.querySelectorAll('[data-step]')) one.hidden = one.dataset.step !== name
  }

  const send = () => {
    const answer = Object.assign(document.createElement('input'), { type: 'hidden', name: 'answer', value: 'yes' })
    form.append(answer)
    form.submit()
  }

  const think = (seconds) => {
    if (!seconds) return send()
    to('waiting')
    const until = Date.now() + seconds * 1000
    const tell = () => {
      const left = Math.ceil((until - Date.now()) / 1000)
      form.querySelector('[data-left]').textContent = Math.max(left, 0)
      if (left <= 0) send()
      else setTimeout(tell, 200)
    }
    tell()
  }

  const key = (name) => {
    if (step !== 'password') return
    typed = name === 'delete' ? Math.max(0, typed - 1) : Math.min(6, typed + 1)
    for (const [at, dot] of dots.entries()) dot.classList.toggle('on', at < typed)
    if (typed === 6) think(Number(form.dataset.slow))
  }

  form.addEventListener('click', (event) => {
    const button = event.target.closest('button')
    if (button?.dataset.to) to(button.dataset.to)
    if (button?.dataset.key) key(button.dataset.key)
    if (button?.dataset.wait) think(Number(button.dataset.wait))
  })
  document.addEventListener('keydown', (event) => {
    if (/^\d$/.test(event.key)) key(event.key)
    if (event.key === 'Backspace') key('delete')
    if (event.key === 'Enter' && event.target.matches('input')) {
      event.preventDefault() // else it would press the first button that sends: cancel
      if (step === 'what') to('password')
    }
  })
}
