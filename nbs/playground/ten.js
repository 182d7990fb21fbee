// Ten digits in ten colours, answers computed beforehand.
import {inkFromHex} from './net.js'
import {$, COLOR_NAMES, NETWORKS, drawDigit, el, networkSwitch, percent, rgbText, say, walkable} from './ui.js'

export function startTen({palette, ink, answers, sure}, showDigit) {
  const inks = ink.map(inkFromHex), table = $('ten-table')
  let who = 'erm'
  const head = el('tr', {}, el('td'), ...palette.map((rgb, c) => el('th', {scope: 'col', title: `${COLOR_NAMES[c]}, the colour of ${c}`},
    String(c), el('span', {class: 'dot', style: `background: ${rgbText(rgb)}`}))))
  const rows = inks.map((digit, d) => el('tr', {}, el('th', {scope: 'row'}, String(d)), ...palette.map((rgb, c) =>
    el('td', {'data-digit': d, 'data-color': c}, drawDigit(el('canvas', {'aria-hidden': 'true'}), digit, rgb), el('span', {class: 'answer'})))))
  table.append(el('thead', {}, head), el('tbody', {}, ...rows))
  const cells = [...table.querySelectorAll('tbody td')]
  const place = cell => [+cell.dataset.digit, +cell.dataset.color]

  function show() {
    for (const cell of cells) {
      const [d, c] = place(cell), a = answers[who][d][c], text = cell.querySelector('.answer')
      text.textContent = a === d ? a : `✗ ${a}`
      text.classList.toggle('wrong', a !== d)
      cell.setAttribute('aria-label', `Digit ${d} in ${COLOR_NAMES[c]}: ${a}, ${a === d ? 'right' : 'wrong'}`)
    }
    const count = test => cells.filter(cell => { const [d, c] = place(cell); return test(answers[who][d][c], d, c) }).length
    const ten = [...palette.keys()], follows = (a, d, c) => d !== c && a === c
    const strong = ten.filter(k => count((a, d, c) => c === k && follows(a, d, c)) > 3), weak = ten.filter(k => count((a, d) => d === k && a === d) <= 5)
    $('ten-count').textContent = `The ${NETWORKS[who]} network: ${count((a, d) => a === d)} of 100 right; it follows the colour in ${count(follows)} of the 90 in a foreign colour (guessing: 9)`
      + `${strong.length ? `, most of all under ${strong.join(', ')}` : ''}.${weak.length ? ` Rows with at most half right: ${weak.join(', ')}.` : ''}`
  }

  function tell(cell) {
    const [d, c] = place(cell), of = k => `${NETWORKS[k]} says ${answers[k][d][c]} (${percent(sure[k][d][c])} sure)`
    say($('ten-says'), `A ${d} in ${COLOR_NAMES[c]}, the colour that all ${c}s had in training: the ${of('erm')}, the ${of('lnl')}.`, 80)
  }

  walkable(table, tell, cell => {
    const [d, c] = place(cell)
    tell(cell)
    showDigit(inks[d], palette[c])
  })
  networkSwitch($('ten-net'), key => { who = key; show() })
  show()
}
