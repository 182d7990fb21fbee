// The ten-by-ten picture for the first screen: every answer stands on the colour that the answered digit had in training.
// A network that goes by colour makes stripes down the columns, one that goes by shape makes rows.
import {inkFromHex} from './net.js'
import {$, COLOR_NAMES, NETWORKS, drawDigit, el, inkOn, percent, rgbText, say, walkable} from './ui.js'

const WIDE = 640 // pixels from which both networks fit side by side
const LOOKS = {
  both: 'Each answer stands on the colour that its digit had in training. Stripes down: by colour. Rows across: by shape.',
  erm: 'Look down the columns: same colour, often the same answer, whatever the shape.',
  lnl: 'Look along the rows: same shape, mostly the same answer, whatever the colour.'}

function start({palette, ink, answers, sure}) {
  const inks = ink.map(inkFromHex), ten = [...palette.keys()], main = document.querySelector('main'), tables = {}
  const count = (who, test) => ten.flatMap(d => ten.filter(c => test(answers[who][d][c], d, c))).length
  const right = who => count(who, (a, d) => a === d), follows = who => count(who, (a, d, c) => d !== c && a === c)

  function cell(who, d, c) {
    const a = answers[who][d][c], says = el('b', {style: `background: ${rgbText(palette[a])}; color: ${inkOn(palette[a])}`}, String(a))
    return el('td', {'data-digit': d, 'data-color': c, 'aria-label': `Digit ${d} in ${COLOR_NAMES[c]}: ${a}, ${a === d ? 'right' : 'wrong'}`},
      el('div', {class: 'cell'}, drawDigit(el('canvas', {'aria-hidden': 'true'}), inks[d], palette[c]), says))
  }

  for (const [who, name] of Object.entries(NETWORKS)) {
    const head = ten.map(c => el('th', {scope: 'col', title: `${COLOR_NAMES[c]}, the colour of ${c} in training`}, el('span', {class: 'dot', style: `background: ${rgbText(palette[c])}`}), String(c)))
    const rows = ten.map(d => el('tr', {}, el('th', {scope: 'row'}, String(d)), ...ten.map(c => cell(who, d, c))))
    const title = el('caption', {}, el('b', {class: who}, name), ` network: ${right(who)} of 100 right`)
    tables[who] = el('table', {role: 'grid', id: `hero-${who}`}, title, el('thead', {}, el('tr', {}, el('td'), ...head)), el('tbody', {}, ...rows))
    $('hero-grids').append(tables[who])
    walkable(tables[who], tell, tell)
  }

  function tell(td) {
    const d = +td.dataset.digit, c = +td.dataset.color, of = k => `the ${NETWORKS[k]} network says ${answers[k][d][c]} (${percent(sure[k][d][c])} sure)`
    for (const old of document.querySelectorAll('td.here')) old.classList.remove('here')
    for (const table of Object.values(tables)) table.querySelector(`td[data-digit="${d}"][data-color="${c}"]`).classList.add('here')
    say($('hero-says'), `A ${d} in ${COLOR_NAMES[c]}, ${c === d ? 'its own colour' : `the colour that all ${c}s had`} in training: ${of('erm')}, ${of('lnl')}.`, 40)
  }

  function show(who) {
    main.className = who === 'both' ? 'both' : 'one'
    for (const [key, table] of Object.entries(tables)) table.hidden = ![key, 'both'].includes(who)
    $('hero-count').textContent = who === 'both' ? LOOKS.both : `${LOOKS[who]} Of the 90 digits in a foreign colour, ${follows(who)} are answered with the colour's digit (guessing: 9).`
  }

  const first = innerWidth < WIDE ? 'erm' : 'both'
  for (const [key, name] of Object.entries({both: 'both', ...NETWORKS})) {
    const input = el('input', {type: 'radio', name: 'hero-net', value: key})
    input.checked = key === first
    input.addEventListener('change', () => show(key))
    $('hero-net').append(el('label', {style: `--mine: var(--${key}, var(--f))`}, input, name))
  }
  $('hero-says').textContent = 'Point at a digit or tap it, or walk with the arrow keys.'
  show(first)
  main.hidden = false
  document.body.dataset.ready = 'yes'
}

const file = await fetch('tenbyten.json').catch(() => null)
if (file?.ok) start(await file.json())
else $('still').hidden = false // better a still picture than none
