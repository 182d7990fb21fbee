// The toy, drawn while it trains.
import {STEPS, Training, look, margin, shapeTells} from './toynet.js'
import {$, chart, css, percent, say} from './ui.js'

const SPAN = 3.4 // the plane reaches from −SPAN to SPAN
const YOUNG = 10 // steps before which the boundary still says more about the start than about the data
const PACE = {slow: {every: 350}, calm: {every: 60, steps: 1}, fast: {every: 16, steps: 4}} // milliseconds between pictures, steps between them

export function startToy() {
  let training, shape, played, moves = null, timer = null, seed = 1, colors // played: was the game on in this training?
  const knobs = ['toy-mu', 'toy-lam', 'toy-var'].map($)
  const settings = () => ({mu: $('toy-mu-on').checked ? +$('toy-mu').value : 0, lam: $('toy-lam-on').checked ? +$('toy-lam').value : 0})

  function drawPlane() {
    const canvas = $('plane'), pen = canvas.getContext('2d'), size = canvas.width, n = 60, cell = size / n
    const at = v => (v + SPAN) / (2 * SPAN) * size, back = i => ((i + .5) / n * 2 - 1) * SPAN
    pen.lineJoin = 'round'
    pen.fillStyle = colors.paper
    pen.fillRect(0, 0, size, size)
    pen.globalAlpha = .28
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        pen.fillStyle = colors[margin(training.net, [back(i), -back(j)]) > 0 ? 'square' : 'round']
        pen.fillRect(i * cell, j * cell, cell, cell)
      }
    pen.globalAlpha = .9
    for (const {x: [s, c], y} of training[$('toy-show').value].slice(0, 150)) {
      pen.fillStyle = colors[y ? 'square' : 'round']
      pen.strokeStyle = colors.ink
      pen.lineWidth = 1.2
      pen.beginPath()
      if (y) pen.rect(at(s) - 6, at(-c) - 6, 12, 12)
      else pen.arc(at(s), at(-c), 6.5, 0, 2 * Math.PI)
      pen.fill()
      pen.stroke()
    }
    pen.globalAlpha = 1
    const {f} = training.net, g = training.net.g // the boundary is a straight line: f's direction, where g's logits are equal
    const cut = (g[2] - g[3]) / (g[1] - g[0]) * Math.sqrt(training.net.variance + 1e-5) + training.net.mean - f[2], far = 9
    const norm2 = f[0] ** 2 + f[1] ** 2, foot = [f[0] * cut / norm2, f[1] * cut / norm2], along = [-f[1] / Math.sqrt(norm2), f[0] / Math.sqrt(norm2)]
    pen.strokeStyle = played ? colors.lnl : colors.erm
    pen.lineWidth = 6
    pen.beginPath()
    pen.moveTo(at(foot[0] - far * along[0]), at(-(foot[1] - far * along[1])))
    pen.lineTo(at(foot[0] + far * along[0]), at(-(foot[1] + far * along[1])))
    pen.stroke()
    pen.fillStyle = colors.ink
    pen.font = '22px system-ui, sans-serif'
    pen.textAlign = 'center'
    for (const [text, x, y] of [['round', at(-1), size - 10], ['square', at(1), size - 10]]) pen.fillText(text, x, y)
    pen.textAlign = 'left'
    for (const [text, y] of [['bright', at(-1)], ['dark', at(1)]]) {
      Object.assign(pen, {strokeStyle: colors.paper, lineWidth: 5})
      pen.strokeText(text, 8, y)
      pen.fillText(text, 8, y)
    }
  }

  function drawShadows() {
    const canvas = $('shadows'), pen = canvas.getContext('2d'), {width: w, height: h} = canvas, bins = 40, {net} = training
    const sign = net.g[1] > net.g[0] ? 1 : -1, at = z => (sign * z / 6 + .5) * w
    pen.fillStyle = colors.paper
    pen.fillRect(0, 0, w, h)
    const humps = [true, false].map(dark => {
      const counts = Array(bins).fill(0), things = training.test.filter(o => o.x[1] < 0 === dark)
      for (const {x} of things) { const b = Math.floor(at(look(net, x)) / w * bins); if (b >= 0 && b < bins) counts[b] += 1 / things.length }
      return counts
    })
    const most = Math.max(...humps.flat())
    pen.globalAlpha = .65
    humps.forEach((counts, k) => {
      pen.fillStyle = ['#333333', '#b4b4b4'][k]
      counts.forEach((v, i) => pen.fillRect(i * w / bins, h, w / bins, -v / most * h * .95))
    })
    pen.globalAlpha = 1
    pen.strokeStyle = colors.g
    pen.lineWidth = 4
    pen.setLineDash([10, 8])
    pen.beginPath()
    const cut = at((net.g[2] - net.g[3]) / (net.g[1] - net.g[0]))
    pen.moveTo(cut, 0)
    pen.lineTo(cut, h)
    pen.stroke()
    pen.setLineDash([])
  }

  function drawCurves() {
    const of = key => training.history.map(o => [o.step, o[key]]), common = {xMax: STEPS, xLabel: 'step (h joins at 60)', cursor: training.done}
    $('toy-curves').innerHTML = chart({...common, title: 'Accuracy in training and in the test, where colour means nothing', yMax: 1, percentAxis: true,
      lines: [{name: 'right in the test', color: colors.g, points: of('test')}, {name: 'right in training', color: colors.g, dash: '4 4', points: of('train')}]})
      + chart({...common, title: "h's share of right bands; dotted: guessing, and what shape alone tells", yMax: 1, percentAxis: true, levels: [[.25, 'guessing'], [shape.right, 'shape alone']], lines: [{name: 'h names the colour band', color: colors.h, points: of('hRight')}]})
      + chart({...common, title: 'Losses in nats; dotted: those of h by guessing, and by shape alone', yMax: 2, levels: [[Math.log(4), 'guessing: ln 4'], [shape.loss, 'shape alone']],
        lines: [{name: "h's loss", color: colors.h, points: of('hLoss')}, {name: "g's loss", color: colors.g, dash: '4 4', points: of('loss')}]})
  }

  function draw() {
    colors = Object.fromEntries(['round', 'square', 'erm', 'lnl', 'g', 'h', 'paper', 'ink'].map(k => [k, css(k)]))
    drawPlane()
    drawShadows()
    drawCurves()
    const tilt = training.tilt, lean = !training.done ? 'a random direction, not trained yet' : training.done < YOUNG ? 'still near its random start' : tilt < 50 ? 'it goes mostly by colour' : tilt < 75 ? 'it goes by both'
      : tilt <= 110 ? 'it goes by shape' : 'it leans to the other side: bright things count as round'
    $('toy-now').textContent = `Step ${training.done} of ${STEPS}. Right in training ${percent(training.right(training.train))}, in the test ${percent(training.right(training.test))}. Boundary at ${tilt.toFixed(0)}°: ${lean}.`
  }

  const told = {h: 'h moves: it learns to read the colour band from z.', fg: 'f and g move: name the label, and spoil h’s game.'}
  // What came of it, in one or two sentences: only what this run shows.
  function verdict() {
    const {tilt, train} = training, {mu, lam} = settings(), sure = percent(training.right(train))
    if (!played) return `Nobody worked against h: f and g used the colour as far as it helps in training (${sure} right there).` + (tilt < 75 ? ' Start over with the reversal on.' : '')
    if (tilt > 110) return `Too much: to make h wrong, f turned beyond the shape, and now a bright thing counts as rather round; even in training only ${sure} are right. Try smaller weights.`
    if (tilt >= 75) return 'The colour is gone: what h still reads is about what shape alone tells it. Start over with other weights, or without a game.'
    if (!+$('toy-var').value) return 'The colour stays. Without scatter it tells the label so well that z takes two values only, and then a small turn of f hardly changes h’s loss. Give the colour some scatter.'
    if (!mu) return 'The colour stays. Making h unsure pushes f only weakly while h is sure, and often that is too little here; another start or the reversal may do.'
    return 'The colour stays, at least in part: f does not work hard enough against h. Try a larger μ.'
  }

  // In slow motion every move of a step is shown by itself; otherwise whole steps.
  function move() {
    moves ??= training.step(settings())
    played ||= training.strength > 0 && settings().mu + settings().lam > 0
    const {value, done} = moves.next()
    if (done) { moves = null; return false }
    $('toy-move').textContent = told[value.who] + (value.who === 'h' ? ` (${value.k + 1} of 4)` : training.strength ? '' : ' h has not joined yet.')
    return true
  }
  function step() { while (move()); }

  function pause() {
    clearInterval(timer)
    timer = null
    $('toy-run').textContent = 'Run'
  }

  function finished() {
    if (training.done < STEPS || moves) return false
    pause()
    say($('toy-says'), `The training is over. ${percent(training.right(training.test))} right in the test; about 89\u00a0% is the best that shape alone allows. ${verdict()}`, 0)
    return true
  }

  function tick() {
    if (finished()) return
    const {steps} = PACE[$('toy-speed').value]
    if (!steps) move() || move() // a step that is over makes no move: begin the next one
    for (let k = 0; k < steps && training.done < STEPS; k++) step()
    draw()
    finished()
  }

  function run() {
    if (training.done >= STEPS) reset()
    $('toy-run').textContent = 'Pause'
    say($('toy-says'), 'Training. Watch the boundary; h joins at step 60.', 0)
    timer = setInterval(tick, PACE[$('toy-speed').value].every)
  }

  function reset() {
    pause()
    moves = null
    training = new Training(seed++, +$('toy-var').value)
    shape = shapeTells(training.train)
    played = false
    $('toy-move').textContent = ''
    say($('toy-says'), 'New things, a new network, in a random direction. Press Run.', 0)
    draw()
  }

  function labels() {
    knobs.forEach(k => { $(k.id + '-now').textContent = k.value })
    for (const id of ['toy-mu', 'toy-lam']) $(id).disabled = !$(id + '-on').checked
  }
  for (const o of [...knobs, $('toy-mu-on'), $('toy-lam-on')]) o.addEventListener('input', labels)
  $('toy-var').addEventListener('change', reset)
  $('toy-run').addEventListener('click', () => timer ? pause() : run())
  $('toy-step').addEventListener('click', () => { pause(); if (training.done < STEPS || moves) step(); draw(); finished() })
  $('toy-reset').addEventListener('click', reset)
  $('toy-show').addEventListener('change', draw)
  $('toy-speed').addEventListener('change', () => { if (timer) { pause(); run() } })
  addEventListener('theme', draw) // see embed.js
  labels()
  reset()
}
