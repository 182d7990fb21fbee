// A recorded training: one slider moves both networks through their snapshots.
import {$, NETWORKS, chart, css, el, percent, rgbText, say} from './ui.js'

const FACTS = {accuracy: 'right in the test', follows_color: "answered with the colour's digit", h: 'colour bins read by h itself', probe_conv: 'colour bins read by a fresh h'}

export function startFilm({film, digits, color_ids: colors}, palette, guessing) {
  const slider = $('film-step'), frames = film.erm.map(f => f.step)
  slider.value = slider.max = frames.length - 1 // the end first; Play begins at the first step
  $('film-guessing').textContent = percent(guessing)
  const panels = Object.fromEntries(Object.keys(film).map(key => [key, panel(key)]))
  $('film-both').append(...Object.values(panels).map(p => p.node))
  let timer = null

  function panel(key) {
    const ten = el('canvas', {class: 'tens', width: 10, height: 10, role: 'img'}), matrix = el('canvas', {class: 'confusion', width: 10, height: 10, role: 'img'}), scatter = el('canvas', {width: 420, height: 420, role: 'img'})
    const values = Object.fromEntries(Object.keys(FACTS).map(k => [k, el('dd')]))
    const list = el('dl', {class: 'facts'}, ...Object.entries(FACTS).flatMap(([k, name]) => [el('dt', {}, name), values[k]]))
    const picture = (canvas, text) => el('figure', {}, canvas, el('figcaption', {class: 'small'}, text))
    const node = el('div', {id: `film-${key}`}, el('h3', {}, el('span', {class: key}, NETWORKS[key])), list, el('div', {class: 'movie'},
      ...film[key][0].ten ? [picture(ten, 'ten digits (rows) in ten colours (columns), each field in the colour of the answer: stripes down by colour, rows by shape')] : [],
      picture(matrix, 'the whole test: digit shown (rows), answer (columns); dark: often'), picture(scatter, 'features, two axes')))
    return {node, ten, matrix, scatter, values}
  }

  function drawMatrix(canvas, counts) {
    const picture = new ImageData(10, 10)
    counts.flatMap(row => row.map(n => n / Math.max(1, row.reduce((a, b) => a + b))))
      .forEach((v, i) => { const grey = Math.round(247 - 225 * v); picture.data.set([grey, grey, grey, 255], 4 * i) })
    canvas.getContext('2d').putImageData(picture, 0, 0)
  }

  function drawTen(canvas, rows) {
    const picture = new ImageData(10, 10)
    rows.flat().forEach((answer, i) => picture.data.set([...palette[answer], 255], 4 * i))
    canvas.getContext('2d').putImageData(picture, 0, 0)
  }

  function drawScatter(canvas, dots) {
    const pen = canvas.getContext('2d'), size = canvas.width
    // the middle 98 % of the digits fill the picture; a few far ones stay at its border
    const far = [0, 1].map(axis => { const v = dots.map(p => Math.abs(p[axis])).sort((a, b) => a - b); return v[Math.floor(.98 * (v.length - 1))] || 1 })
    pen.fillStyle = css('paper')
    pen.fillRect(0, 0, size, size)
    Object.assign(pen, {font: 'bold 20px system-ui, sans-serif', textAlign: 'center', textBaseline: 'middle', lineWidth: 2.5, strokeStyle: css('ink'), lineJoin: 'round'})
    dots.forEach((p, i) => {
      const [x, y] = p.map((v, axis) => (Math.max(-1, Math.min(1, v / far[axis])) * .46 + .5) * size)
      pen.fillStyle = rgbText(palette[colors[i]])
      pen.strokeText(digits[i], x, y)
      pen.fillText(digits[i], x, y)
    })
  }

  function drawCurves(step) {
    const line = (key, what, dash) => ({name: NETWORKS[key], color: css(key), dash, points: film[key].map(f => [f.step, f[what]])})
    const both = what => Object.keys(film).map(key => line(key, what)), common = {xMax: frames.at(-1), xLabel: 'step', cursor: step, percentAxis: true}
    const readers = Object.keys(film).flatMap(key => [{...line(key, 'probe_conv'), name: null}, {...line(key, 'h', '4 4'), name: null}])
    const legend = [['a fresh h reads the colour', null], ['h itself', '4 4']].map(([name, dash]) => ({name, dash, color: 'currentColor', points: []}))
    $('film-curves').innerHTML = `<div class="columns">${chart({...common, title: 'Accuracy in the test', lines: both('accuracy')})}${chart({...common, levels: [[guessing, 'guessing', true]],
      title: "Who reads the colour's bin: a fresh h (solid) and h itself (dashed); gold: baseline, purple: unlearned", lines: [...readers, ...legend]})}</div>`
  }

  function show() {
    const i = +slider.value, step = frames[i]
    $('film-now').textContent = step
    slider.setAttribute('aria-valuetext', `step ${step}`)
    for (const [key, p] of Object.entries(panels)) {
      const frame = film[key][i]
      for (const k in FACTS) p.values[k].textContent = frame[k] === null ? '–' : percent(frame[k])
      if (frame.ten) drawTen(p.ten, frame.ten)
      drawMatrix(p.matrix, frame.confusion)
      drawScatter(p.scatter, frame.scatter)
      p.ten.setAttribute('aria-label', `Ten digits in ten colours: ${frame.ten?.flatMap((row, d) => row.filter(a => a === d)).length} of 100 right for the ${NETWORKS[key]} network at step ${step}`)
      p.matrix.setAttribute('aria-label', `Confusion matrix of the ${NETWORKS[key]} network at step ${step}`)
      p.scatter.setAttribute('aria-label', `Features of ${digits.length} digits for the ${NETWORKS[key]} network at step ${step}`)
    }
    drawCurves(step)
    const told = Object.keys(film).map(key => `${NETWORKS[key]} ${percent(film[key][i].accuracy)} right, a fresh h reads ${percent(film[key][i].probe_conv)} of its colour bins`)
    say($('film-says'), `Step ${step}: ${told.join('; ')}.`)
  }

  function stop() {
    clearInterval(timer)
    timer = null
    $('film-play').textContent = 'Play'
  }

  slider.addEventListener('input', () => { stop(); show() })
  $('film-play').addEventListener('click', () => {
    if (timer) return stop()
    if (+slider.value === frames.length - 1) slider.value = 0
    $('film-play').textContent = 'Stop'
    show()
    timer = setInterval(() => {
      slider.value = +slider.value + 1
      show()
      if (+slider.value === frames.length - 1) stop()
    }, 900)
  })
  addEventListener('theme', show) // see embed.js
  show()
}
