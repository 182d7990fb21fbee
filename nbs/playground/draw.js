// Draw a digit or take one, turn its colour, and see both networks answer.
import {argmax, classify, features, inkFromHex, paint, softmax} from './net.js'
import {digitFromStrokes} from './stroke.js'
import {$, COLOR_NAMES, NETWORKS, drawDigit, el, inkOn, percent, rgbText, say} from './ui.js'

const HUES = 24 // steps of the strip that shows all hues

/** Hue 0..360, saturation and brightness 0..1 -> bytes, as `colorize` makes them: int(255*colour). */
export function hsv(hue, sat, val) {
  const channel = n => { const k = (n + hue / 60) % 6; return Math.floor(255 * val * (1 - sat * Math.max(0, Math.min(k, 4 - k, 1)))) }
  return [channel(5), channel(3), channel(1)]
}

export function hueOf([r, g, b]) {
  const val = Math.max(r, g, b), chroma = val - Math.min(r, g, b)
  const hue = !chroma ? 0 : val === r ? (g - b) / chroma : val === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma
  return [Math.round(60 * (hue + 6)) % 360, Math.round(100 * chroma / (val || 1)), Math.round(val / 2.55)]
}

export function startDraw(networks, digits) {
  const pad = $('pad'), pen = pad.getContext('2d'), inks = digits.ink.map(inkFromHex), sliders = ['hue', 'sat', 'val'].map($)
  let ink = null, rgb = digits.palette[0], strokes = [], drawing = false, turning = 0
  const panels = Object.fromEntries(Object.keys(networks).map(k => [k, panel(k)]))
  $('bars').append(...Object.values(panels).map(p => p.node))

  function panel(key) {
    const big = el('span', {class: 'big'}, '–')
    const rows = Array.from({length: 10}, (_, d) => {
      const fill = el('b'), value = el('span')
      return {fill, value, node: el('div', {class: 'bar'}, el('span', {}, String(d)), el('i', {}, fill), value)}
    })
    const node = el('div', {class: 'network', id: `bars-${key}`, style: `--mine: var(--${key})`},
      el('h3', {}, el('span', {class: key}, NETWORKS[key])), el('p', {}, 'says ', big), ...rows.map(r => r.node))
    return {node, big, rows}
  }

  const probabilities = (key, color) => softmax(classify(networks[key], features(networks[key], paint(ink, color))))

  // All hues, one at a time between other work, so that the page stays quick. A newer call stops an older one.
  function turnAllHues() {
    const mine = ++turning, found = {erm: [], lnl: []}
    const [, sat, val] = sliders.map(s => +s.value)
    const colors = Array.from({length: HUES}, (_, i) => hsv(360 * i / HUES, sat / 100, val / 100))
    function one() {
      if (mine !== turning || !ink) return
      const i = found.erm.length
      for (const key in found) found[key].push(argmax(probabilities(key, colors[i])))
      if (i + 1 < HUES) setTimeout(one)
      else showTurn(colors, found)
    }
    setTimeout(one, 150)
  }

  function showTurn(colors, found) {
    const rows = Object.entries(found).flatMap(([key, answers]) => {
      const usual = [...answers].sort((a, b) => answers.filter(v => v === a).length - answers.filter(v => v === b).length).at(-1)
      return [el('span', {class: 'who'}, NETWORKS[key]), ...answers.map(a => el('span', {class: a === usual ? 'cell' : 'cell odd', style: `--mine: var(--${key})`}, String(a)))]
    })
    $('turn').replaceChildren(...colors.map(c => el('span', {class: 'hue', style: `background: ${rgbText(c)}`})), ...rows)
    const kinds = key => new Set(found[key]).size, many = n => n === 1 ? 'one answer' : `${n} different answers`
    $('turn-says').textContent = `Over ${HUES} hues: baseline ${many(kinds('erm'))}, unlearned ${many(kinds('lnl'))}. Dark cells differ from the row's usual answer.`
  }

  function answer() {
    sliders.forEach(s => { $(s.id + '-now').textContent = s.value + (s.id === 'hue' ? '°' : '\u00a0%') })
    if (!ink) return
    drawDigit($('seen'), ink, rgb)
    const told = Object.entries(panels).map(([key, {big, rows}]) => {
      const p = probabilities(key, rgb), best = argmax(p)
      big.textContent = best
      rows.forEach((row, d) => {
        row.fill.style.width = 100 * p[d] + '%'
        row.value.textContent = percent(p[d])
        row.node.classList.toggle('best', d === best)
      })
      return `${NETWORKS[key]} says ${best} (${percent(p[best])})`
    })
    say($('draw-says'), `The ${told.join(', the ')}.`)
  }

  function redraw() {
    pen.clearRect(0, 0, 280, 280)
    Object.assign(pen, {lineWidth: 22, lineCap: 'round', lineJoin: 'round', strokeStyle: rgbText(rgb), imageSmoothingEnabled: false})
    if (!strokes.length && ink) pen.drawImage($('seen'), 0, 0, 280, 280)
    for (const line of strokes) {
      pen.beginPath()
      line.forEach(([x, y], i) => i ? pen.lineTo(x, y) : pen.moveTo(x, y))
      pen.lineTo(...line.at(-1)) // a dot is a line too
      pen.stroke()
    }
  }

  function update() {
    answer()
    redraw()
    turnAllHues()
  }

  function clear() {
    strokes = []
    ink = null
    turning++ // an older round of hues must not come back
    pen.clearRect(0, 0, 280, 280)
    $('seen').getContext('2d').clearRect(0, 0, 28, 28)
    for (const {big, rows} of Object.values(panels)) {
      big.textContent = '–'
      for (const {fill, value, node} of rows) {
        fill.style.width = 0
        value.textContent = ''
        node.classList.remove('best')
      }
    }
    $('turn').replaceChildren()
    $('turn-says').textContent = ''
    say($('draw-says'), 'Draw a digit, or take one.')
  }

  function take(newInk) {
    strokes = []
    ink = newInk
    update()
  }

  function setColor(newRgb) {
    rgb = newRgb
    hueOf(rgb).forEach((v, i) => { sliders[i].value = v })
  }

  const at = e => { const box = pad.getBoundingClientRect(); return [(e.clientX - box.left) * 280 / box.width, (e.clientY - box.top) * 280 / box.height] }
  pad.addEventListener('pointerdown', e => {
    if (e.button || !e.isPrimary) return // neither the right button nor a second finger draws
    if (!strokes.length) clear() // a taken digit makes room
    drawing = true
    pad.setPointerCapture(e.pointerId)
    strokes.push([at(e)])
    redraw()
  })
  pad.addEventListener('pointermove', e => {
    if (!drawing || !e.isPrimary) return
    strokes.at(-1).push(at(e))
    ink = digitFromStrokes(strokes)
    answer()
    redraw()
  })
  for (const end of ['pointerup', 'pointercancel']) pad.addEventListener(end, e => {
    if (!drawing || !e.isPrimary) return
    drawing = false
    ink = digitFromStrokes(strokes)
    update()
  })
  $('pad-clear').addEventListener('click', clear)

  const next = Array(10).fill(0)
  $('takes').append(...next.map((_, d) => {
    const button = el('button', {type: 'button', 'aria-label': `Take a ${d}`}, String(d))
    const mine = inks.filter((_, i) => digits.digits[i] === d)
    button.addEventListener('click', () => take(mine[next[d]++ % mine.length]))
    return button
  }))
  $('paints').append(...digits.palette.map((c, d) => {
    const button = el('button', {type: 'button', 'aria-label': `${COLOR_NAMES[d]}, the colour of ${d}`, title: COLOR_NAMES[d], style: `background: ${rgbText(c)}; color: ${inkOn(c)}`}, String(d))
    button.addEventListener('click', () => { setColor(c); update() })
    return button
  }))
  for (const s of sliders) s.addEventListener('input', () => {
    rgb = hsv(sliders[0].value, sliders[1].value / 100, sliders[2].value / 100)
    update()
  })

  setColor(digits.palette[0])
  take(inks[digits.digits.indexOf(3)])
  return (newInk, newRgb) => {
    setColor(newRgb)
    take(newInk)
    $('draw').scrollIntoView()
    $('hue').focus({preventScroll: true})
  }
}
