// Small helpers that the parts of the page share.

export const NETWORKS = {erm: 'baseline', lnl: 'unlearned'}
export const COLOR_NAMES = ['crimson', 'teal', 'yellow', 'blue', 'orange', 'purple', 'cyan', 'pink', 'lime', 'maroon'] // of the palette
export const $ = id => document.getElementById(id)
export const css = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()
export const percent = v => (100 * v).toFixed(v > .995 || v < .0005 ? 0 : 1).replace(/\.0$/, '') + '\u00a0%'
export const rgbText = rgb => `rgb(${rgb.join(',')})`
export const inkOn = ([r, g, b]) => .299 * r + .587 * g + .114 * b < 140 ? '#fff' : '#000' // text that can be read on a colour
export const pick = list => list[Math.floor(Math.random() * list.length)]

/** Make an element: el('td', {class: 'wrong'}, 'text', child). */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [k, v] of Object.entries(attributes)) if (v !== null && v !== false) node.setAttribute(k, v)
  node.append(...children)
  return node
}

/** A row of radio buttons, one per network. */
export function networkSwitch(fieldset, onChange) {
  for (const [key, name] of Object.entries(NETWORKS)) {
    const input = el('input', {type: 'radio', name: fieldset.id, value: key})
    input.checked = key === 'erm'
    input.addEventListener('change', () => onChange(key))
    fieldset.append(el('label', {style: `--mine: var(--${key})`}, input, name))
  }
}

/** Arrow keys walk through a table's cells; only one cell at a time is a tab stop. `onVisit` and `onChoose` get a cell. */
export function walkable(table, onVisit, onChoose) {
  const cells = [...table.tBodies[0].rows].map(row => [...row.querySelectorAll('td')])
  const here = cell => { const r = cells.findIndex(row => row.includes(cell)); return [r, cells[r].indexOf(cell)] }
  const moves = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}
  cells.flat().forEach((cell, i) => { cell.tabIndex = i ? -1 : 0 })
  const cellOf = e => e.target.closest('td')
  table.addEventListener('focusin', e => {
    if (!cellOf(e)) return
    cells.flat().forEach(c => { c.tabIndex = c === cellOf(e) ? 0 : -1 })
    onVisit(cellOf(e))
  })
  table.addEventListener('pointerover', e => { if (cellOf(e) && e.pointerType === 'mouse') onVisit(cellOf(e)) })
  table.addEventListener('click', e => { if (cellOf(e)) onChoose(cellOf(e)) })
  table.addEventListener('keydown', e => {
    if (!cellOf(e)) return
    const [r, c] = here(cellOf(e))
    if (e.key === 'Enter' || e.key === ' ') onChoose(cellOf(e))
    else if (moves[e.key]) cells[r + moves[e.key][0]]?.[c + moves[e.key][1]]?.focus()
    else return
    e.preventDefault()
  })
}

/** Say something in a live region, but not at every twitch of a slider: screen readers would drown in it. */
const waiting = new Map()
export function say(node, text, delay = 300) {
  clearTimeout(waiting.get(node))
  waiting.set(node, setTimeout(() => { if (node.textContent !== text) node.textContent = text }, delay))
}

/** A digit in its paint on a 28×28 canvas. */
export function drawDigit(canvas, ink, rgb) {
  canvas.width = canvas.height = 28
  const picture = new ImageData(28, 28)
  ink.forEach((on, i) => picture.data.set(on ? [...rgb, 255] : [0, 0, 0, 255], 4 * i))
  canvas.getContext('2d').putImageData(picture, 0, 0)
  return canvas
}

/** Curves in an SVG below their title. lines: [{color, dash, points: [[x, y]…], name}], those with a name get a place in the legend; `cursor` marks one x, `levels` are horizontal [y, text, below]. */
export function chart({title, lines, xMax, yMax = 1, xMin = 0, xLabel, levels = [], cursor = null, percentAxis = false}) {
  const w = 360, h = 150, left = 46, right = 10, top = 20, low = 26
  const x = v => (left + (v - xMin) / (xMax - xMin || 1) * (w - left - right)).toFixed(1)
  const y = v => (top + (1 - Math.min(v, yMax) / yMax) * (h - top - low)).toFixed(1)
  const ticks = [0, yMax / 2, yMax].map(v => `<text x="${left - 5}" y="${+y(v) + 4}" text-anchor="end">${percentAxis ? 100 * v + '\u00a0%' : +v.toFixed(1)}</text>
    <line x1="${left}" x2="${w - right}" y1="${y(v)}" y2="${y(v)}" stroke="currentColor" opacity=".15"/>`)
  const flat = levels.map(([v, text, below]) => `<line x1="${left}" x2="${w - right}" y1="${y(v)}" y2="${y(v)}" stroke="currentColor" stroke-dasharray="2 3"/>
    <text class="level" ${below ? `x="${w - right}" y="${+y(v) + 13}" text-anchor="end"` : `x="${left + 4}" y="${y(v) - 3}"`}>${text}</text>`)
  const paths = lines.map(({color, dash, points}) => `<polyline fill="none" stroke="${color}" stroke-width="2.5" stroke-dasharray="${dash ?? ''}"
    points="${points.filter(p => p[1] !== null).map(([a, b]) => x(a) + ',' + y(b)).join(' ')}"/>`)
  let at = left
  const names = lines.filter(o => o.name).map(({color, dash, name}) => {
    const label = `<line x1="${at}" x2="${at + 18}" y1="10" y2="10" stroke="${color}" stroke-width="3" stroke-dasharray="${dash ?? ''}"/><text x="${at + 22}" y="14">${name}</text>`
    at += 38 + 6.3 * name.length
    return label
  })
  const mark = cursor === null ? '' : `<line x1="${x(cursor)}" x2="${x(cursor)}" y1="${top}" y2="${h - low}" stroke="currentColor" stroke-width="1.5"/>`
  return `<div><p class="small chart-title" aria-hidden="true">${title}</p><svg class="chart" viewBox="0 0 ${w} ${h}" role="img" aria-label="${title}">${ticks.join('')}${flat.join('')}${paths.join('')}${mark}${names.join('')}
    <text x="${left}" y="${h - 8}" text-anchor="middle">${xMin}</text><text x="${w - right}" y="${h - 8}" text-anchor="end">${xMax}</text>
    <text x="${(w + left) / 2}" y="${h - 8}" text-anchor="middle">${xLabel}</text></svg></div>`
}
