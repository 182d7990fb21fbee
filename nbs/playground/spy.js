// You are h: guess the colour of a digit from its feature maps.
import {CHANNELS, PLACES, features, inkFromHex, nearestColor, paint, spy} from './net.js'
import {$, COLOR_NAMES, css, drawDigit, el, networkSwitch, pick, rgbText} from './ui.js'

const HEADS = {erm: {fresh: 'a fresh h'}, lnl: {fresh: 'a fresh h', h: 'the h that played the game'}}
const WIDE = 8 // maps per row

export function startSpy(networks, digits) {
  const inks = digits.ink.map(inkFromHex), {palette} = digits
  const score = {erm: {you: 0, fresh: 0, rounds: 0}, lnl: {you: 0, fresh: 0, h: 0, rounds: 0}}
  let who = 'erm', color, digit, z, over

  // From nearly white over f's colour to nearly black; a fixed scale per network, so that rounds can be compared.
  const stops = [[247, 247, 247], [68, 119, 170], [8, 20, 38]]
  function heat(v) {
    const t = Math.min(1, Math.sqrt(Math.max(0, v))), [a, b] = t < .5 ? stops : stops.slice(1), s = t < .5 ? 2 * t : 2 * t - 1
    return [...a.map((o, i) => Math.round(o + s * (b[i] - o))), 255]
  }

  function drawMaps() {
    const canvas = $('maps'), cell = PLACES + 1, rows = CHANNELS / WIDE
    canvas.width = WIDE * cell - 1
    canvas.height = rows * cell - 1
    const pen = canvas.getContext('2d'), peak = networks[who].peak.map
    pen.fillStyle = css('line')
    pen.fillRect(0, 0, canvas.width, canvas.height)
    for (let m = 0; m < CHANNELS; m++) {
      const picture = new ImageData(PLACES, PLACES)
      for (let i = 0; i < PLACES * PLACES; i++) picture.data.set(heat(z[m * PLACES * PLACES + i] / peak), 4 * i)
      pen.putImageData(picture, m % WIDE * cell, Math.floor(m / WIDE) * cell)
    }
  }

  function drawStrip(canvas, values) {
    canvas.width = CHANNELS
    canvas.height = 1
    const picture = new ImageData(CHANNELS, 1), per = PLACES * PLACES
    for (let m = 0; m < CHANNELS; m++) {
      let sum = 0
      for (let i = 0; i < per; i++) sum += values[m * per + i]
      picture.data.set(heat(sum / per / networks[who].peak.strip), 4 * m)
    }
    canvas.getContext('2d').putImageData(picture, 0, 0)
  }

  const buttons = palette.map((c, k) => {
    const button = el('button', {type: 'button', 'aria-label': COLOR_NAMES[k]}, el('span', {}, String(k)),
      el('span', {class: 'dot', style: `background: ${rgbText(c)}`}), el('span', {}, COLOR_NAMES[k]), el('canvas', {'aria-hidden': 'true'}))
    button.addEventListener('click', () => guess(k))
    return button
  })
  $('guesses').append(...buttons)

  // The same shapes in all colours, but not the hidden digit: the ten strips are what h has to go by.
  function drawExamples() {
    const shape = pick(inks.filter((_, i) => digits.digits[i] !== digits.digits[digit]))
    palette.forEach((c, k) => drawStrip(buttons[k].querySelector('canvas'), features(networks[who], paint(shape, c))))
  }

  function showScore() {
    const {rounds, ...players} = score[who], names = {you: 'you', ...HEADS[who]}
    $('score').replaceChildren(...Object.entries(players).map(([k, n]) =>
      el('tr', {}, el('th', {scope: 'row'}, names[k]), el('td', {}, String(n)), el('td', {}, String(rounds)))))
  }

  function next() {
    over = false
    digit = Math.floor(Math.random() * inks.length)
    color = Math.floor(Math.random() * palette.length)
    z = features(networks[who], paint(inks[digit], palette[color]))
    drawMaps()
    drawStrip($('strip'), z)
    drawExamples()
    buttons.forEach(b => { b.disabled = false; b.classList.remove('truth', 'missed') })
    $('spy-next').disabled = true
    $('spy-picture').replaceChildren()
    $('spy-says').textContent = 'Which colour? Choose one of the ten, or press a key from 0 to 9.'
    showScore()
  }

  function guess(k) {
    if (over) return
    over = true
    score[who].rounds += 1
    score[who].you += k === color
    const others = Object.entries(HEADS[who]).map(([head, name]) => {
      const says = nearestColor(spy(networks[who], head, z), palette)
      score[who][head] += says === color
      return `${name[0].toUpperCase() + name.slice(1)} said ${COLOR_NAMES[says]}.`
    })
    $('spy-next').disabled = false
    $('spy-next').focus({preventScroll: true})
    buttons.forEach((b, i) => { b.disabled = true; b.classList.toggle('truth', i === color); b.classList.toggle('missed', i === k && k !== color) })
    $('spy-picture').replaceChildren(drawDigit(el('canvas', {role: 'img', 'aria-label': `a ${digits.digits[digit]} in ${COLOR_NAMES[color]}`}), inks[digit], palette[color]))
    $('spy-says').textContent = `${k === color ? '✓ Right' : `✗ You said ${COLOR_NAMES[k]}`}: it was a ${digits.digits[digit]} in ${COLOR_NAMES[color]}. ${others.join(' ')}`
    showScore()
  }

  $('spy').addEventListener('keydown', e => {
    if (!/^[0-9]$/.test(e.key) || e.ctrlKey || e.metaKey || e.altKey) return
    guess(+e.key)
    e.preventDefault()
  })
  $('spy-next').addEventListener('click', () => { next(); buttons[0].focus({preventScroll: true}) })
  networkSwitch($('spy-net'), key => { who = key; next() })
  next()
}
