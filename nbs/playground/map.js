// One training per cell: what happens for which λ and μ.
import {$, el, percent, say, walkable} from './ui.js'

const COLLAPSE = .2 // accuracy below which a network reads no digits any more; guessing has .1

export function startMap({cells, n_train: images}) {
  const values = key => [...new Set(cells.map(c => c[key]))].sort((a, b) => a - b)
  const find = (lam, mu) => cells.find(c => c.lam === lam && c.mu === mu), collapsed = c => c.accuracy === null || c.accuracy < COLLAPSE
  const lams = values('lam'), mus = values('mu'), table = $('map-table')

  function cellFor(lam, mu) {
    const c = find(lam, mu)
    if (!c) return el('td', {'aria-label': `λ ${lam}, μ ${mu}: not run`, 'data-lam': lam, 'data-mu': mu, style: '--tint: transparent; --on: var(--soft)'}, '–')
    const share = c.accuracy ?? 0, text = c.accuracy === null ? '✗' : percent(c.accuracy)
    // the colour of the unlearned network on white, the stronger the more digits are right; text with a contrast of at least 4.5 on it
    const style = `--tint: color-mix(in srgb, var(--lnl) ${Math.round(100 * share ** 2)}%, #fff); --on: ${share ** 2 > .66 ? '#fff' : '#000'}`
    return el('td', {class: collapsed(c) ? 'collapsed' : null, 'data-lam': lam, 'data-mu': mu, style, 'aria-label': `λ ${lam}, μ ${mu}: ${c.accuracy === null ? 'stopped' : text + ' right'}`},
      text, ...(collapsed(c) ? [el('small', {}, c.accuracy === null ? 'stopped' : 'collapse')] : []))
  }

  table.append(
    el('thead', {}, el('tr', {}, el('td'), ...mus.map(mu => el('th', {scope: 'col'}, `μ ${mu}`)))),
    el('tbody', {}, ...lams.map(lam => el('tr', {}, el('th', {scope: 'row'}, `λ ${lam}`), ...mus.map(mu => cellFor(lam, mu))))))

  function sentence(c) {
    if (c.accuracy === null) return 'The training stopped: its numbers were not finite any more.'
    if (collapsed(c)) return 'Collapse: f hides so much that g cannot read the digits either.'
    if (!c.lam && !c.mu) return 'Nobody works against h: this is the baseline.'
    if (c.follows_color > .15) return 'It still goes by colour: f does not work hard enough against h.'
    if (c.accuracy > .8) return 'Colour hardly matters, and the digits are read well.'
    return 'Colour hardly matters, but the digits are not read as well as they could be.'
  }

  function tell(td) {
    for (const other of table.querySelectorAll('tbody td')) other.setAttribute('aria-selected', other === td)
    const c = find(+td.dataset.lam, +td.dataset.mu), at = `λ = ${td.dataset.lam}, μ = ${td.dataset.mu}`
    if (!c) return say($('map-says'), `${at}: this combination was not run.`, 80)
    const probe = c.probe_conv === null ? '' : ` A fresh h reads ${percent(c.probe_conv)} of the colour bins.`
    const numbers = c.accuracy === null ? '' : ` ${percent(c.accuracy)} of the test digits are right; ${percent(c.follows_color)} of those in a foreign colour are answered with the colour's digit.${probe}`
    say($('map-says'), `${at}: ${sentence(c)}${numbers}`, 80)
  }

  walkable(table, tell, td => td.focus())
  $('map-says').textContent = `Point at a cell, or walk through the map with the arrow keys. Each cell was trained on ${images.toLocaleString('en')} digits; the percentage is the share of test digits that are right.`
}
