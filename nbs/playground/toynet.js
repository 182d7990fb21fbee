// The two-dimensional problem of chapter 0: data, networks, losses and gradients, without any library.
// Things have a shape (first coordinate) and a colour (second). f: a direction to look from, then batch normalisation; z is ONE number.
// g: z -> round or square. h: z -> one of four bands of colour, with 16 hidden units. Only f works against h.

export const BANDS = 4, HIDDEN = 16, BATCH = 256, STEPS = 200, SPREAD = .8 // of the shape
export const RECIPE = {lr: .02, hRatio: 2, hSteps: 4, hBatch: 64, start: .3, ramp: .15, clip: 5}

/** Random numbers in 0..1 from a seed (mulberry32), so that the same seed gives the same story. */
export function random(seed) {
  return () => {
    seed = seed + 0x6D2B79F5 | 0
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed)
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t
    return ((t ^ t >>> 14) >>> 0) / 4294967296
  }
}

/** n things. In training colour goes with the label (0 round and dark, 1 square and bright); in the test a coin decides. */
export function points(rand, n, variance, biased) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - rand())) * Math.cos(2 * Math.PI * rand())
  return Array.from({length: n}, () => {
    const y = rand() < .5 ? 0 : 1, bright = biased ? y : rand() < .5 ? 0 : 1
    const x = [2 * y - 1 + SPREAD * normal(), 2 * bright - 1 + Math.sqrt(variance) * normal()]
    return {x, y, band: Math.min(BANDS - 1, Math.max(0, Math.trunc(x[1] + 2)))}
  })
}

/** What the best h could do that knows the shapes of these things and nothing else: share of right bands, and loss in nats. */
export function shapeTells(things) {
  const counts = [0, 1].map(y => Array.from({length: BANDS}, (_, b) => things.filter(o => o.y === y && o.band === b).length))
  const bands = counts.map(row => row.map(n => n / row.reduce((a, b) => a + b)))
  let right = 0, loss = 0
  for (const {x, band} of things) {
    const square = 1 / (1 + Math.exp(-2 * x[0] / SPREAD ** 2)), q = bands[0].map((p, b) => (1 - square) * p + square * bands[1][b])
    right += (q[band] === Math.max(...q)) / things.length
    loss -= Math.log(q[band]) / things.length
  }
  return {right, loss}
}

// A linear layer: weights row by row, then one offset per output, in one array, started as PyTorch does.
const layer = (rand, ins, outs) => Float64Array.from({length: (ins + 1) * outs}, () => (2 * rand() - 1) / Math.sqrt(ins))

export function newNet(rand) {
  const net = {f: layer(rand, 2, 1), g: layer(rand, 1, 2), h1: layer(rand, 1, HIDDEN), h2: layer(rand, HIDDEN, BANDS)}
  return {...net, mean: 0, variance: 1} // what the batch normalisation remembers for its evaluation mode
}

/** z of one thing in evaluation mode. */
export const look = (net, [s, c]) => (net.f[0] * s + net.f[1] * c + net.f[2] - net.mean) / Math.sqrt(net.variance + 1e-5)
export const gLogits = (net, z) => [0, 1].map(k => net.g[k] * z + net.g[2 + k])
/** Logit of square minus logit of round: positive where the answer is "square". */
export const margin = (net, x) => { const [a, b] = gLogits(net, look(net, x)); return b - a }

function hForward(net, z) {
  const hidden = Float64Array.from({length: HIDDEN}, (_, j) => Math.max(0, net.h1[j] * z + net.h1[HIDDEN + j]))
  const at = HIDDEN * BANDS
  return {hidden, logits: Array.from({length: BANDS}, (_, k) => hidden.reduce((sum, v, j) => sum + v * net.h2[k * HIDDEN + j], net.h2[at + k]))}
}
export const hLogits = (net, z) => hForward(net, z).logits

function softmax(logits) {
  const top = Math.max(...logits), e = logits.map(v => Math.exp(v - top)), sum = e.reduce((a, b) => a + b)
  return e.map(v => v / sum)
}

// Gradient of h's loss, given the gradients at its logits: for its own weights (into `grad`, if there is one) and for z (returned).
function hBackward(net, z, hidden, dLogits, grad) {
  let dz = 0
  for (let j = 0; j < HIDDEN; j++) {
    let d = 0
    for (let k = 0; k < BANDS; k++) {
      d += dLogits[k] * net.h2[k * HIDDEN + j]
      if (grad) grad.h2[k * HIDDEN + j] += dLogits[k] * hidden[j]
    }
    if (hidden[j] <= 0) continue
    dz += d * net.h1[j]
    if (grad) { grad.h1[j] += d * z; grad.h1[HIDDEN + j] += d }
  }
  if (grad) dLogits.forEach((d, k) => { grad.h2[HIDDEN * BANDS + k] += d })
  return dz
}

/** Adam, one memory per parameter array. */
export function adam() {
  const memory = {}
  let t = 0
  return (net, grads, lr) => {
    t += 1
    for (const [name, g] of Object.entries(grads)) {
      const m = memory[name] ??= {mean: new Float64Array(g.length), square: new Float64Array(g.length)}
      g.forEach((v, i) => {
        m.mean[i] = .9 * m.mean[i] + .1 * v
        m.square[i] = .999 * m.square[i] + .001 * v * v
        net[name][i] -= lr * m.mean[i] / (1 - .9 ** t) / (Math.sqrt(m.square[i] / (1 - .999 ** t)) + 1e-8)
      })
    }
  }
}

/** h's loss (cross-entropy, nats) and its gradients on some z and bands; z is a constant for h. */
export function hGradients(net, z, bands) {
  const grads = {h1: new Float64Array(net.h1.length), h2: new Float64Array(net.h2.length)}
  let loss = 0
  z.forEach((v, i) => {
    const {hidden, logits} = hForward(net, v), q = softmax(logits)
    loss -= Math.log(q[bands[i]]) / z.length
    hBackward(net, v, hidden, q.map((p, k) => (p - (k === bands[i])) / z.length), grads)
  })
  return {loss, grads}
}

/** f in training mode: z of a batch, normalised by the batch's own mean and width. */
export function fForward(net, batch) {
  const v = batch.map(({x: [s, c]}) => net.f[0] * s + net.f[1] * c + net.f[2])
  const mean = v.reduce((a, b) => a + b) / v.length, variance = v.reduce((a, b) => a + (b - mean) ** 2, 0) / v.length
  const width = Math.sqrt(variance + 1e-5)
  return {z: v.map(o => (o - mean) / width), mean, variance, width}
}

/** Equation (9) for f and g: L_c + λ·ΣQlogQ − μ·L_B, with h fixed. Losses, and gradients for f and g. */
export function fgGradients(net, batch, {z, width}, lam, mu) {
  const n = batch.length, grads = {f: new Float64Array(3), g: new Float64Array(4)}
  let loss = 0, hLoss = 0, hRight = 0
  const dz = batch.map(({y, band}, i) => {
    const p = softmax(gLogits(net, z[i])), d = p.map((v, k) => (v - (k === y)) / n)
    loss -= Math.log(p[y]) / n
    d.forEach((v, k) => { grads.g[k] += v * z[i]; grads.g[2 + k] += v })
    const {hidden, logits} = hForward(net, z[i]), q = softmax(logits)
    hLoss -= Math.log(q[band]) / n
    hRight += (q[band] === Math.max(...q)) / n
    const logq = q.map(v => Math.log(v + 1e-30)), negEntropy = q.reduce((sum, v, k) => sum + v * logq[k], 0)
    const against = q.map((v, k) => (lam * v * (logq[k] - negEntropy) - mu * (v - (k === band))) / n)
    return d[0] * net.g[0] + d[1] * net.g[1] + hBackward(net, z[i], hidden, against)
  })
  // back through the batch normalisation: what only shifts or stretches the whole batch has no effect
  const mean = dz.reduce((a, b) => a + b) / n, along = dz.reduce((sum, v, i) => sum + v * z[i], 0) / n
  batch.forEach(({x: [s, c]}, i) => {
    const d = (dz[i] - mean - z[i] * along) / width
    grads.f[0] += d * s; grads.f[1] += d * c; grads.f[2] += d
  })
  return {loss, hLoss, hRight, grads}
}

function clip(grads, most) {
  const norm = Math.sqrt(Object.values(grads).reduce((sum, g) => sum + g.reduce((s, v) => s + v * v, 0), 0))
  if (norm > most) for (const g of Object.values(grads)) g.forEach((v, i) => { g[i] = v * most / norm })
}

/** A training of 200 steps by chapter 0's recipe. `step` yields after every move, so that it can be watched in slow motion. */
export class Training {
  constructor(seed, variance) {
    this.rand = random(seed)
    this.train = points(this.rand, 1024, variance, true)
    this.test = points(this.rand, 2048, variance, false)
    this.net = newNet(this.rand)
    this.optimise = adam()
    this.optimiseH = adam()
    this.done = 0
    this.history = []
  }

  /** 0 until 30 % of the training, then up to 1 over another 15 %: the game comes in slowly. */
  get strength() { return Math.min(1, Math.max(0, (this.done / STEPS - RECIPE.start) / RECIPE.ramp)) }
  /** Constant for the first half, then a cosine down to 0. */
  get lr() { return RECIPE.lr * (1 + Math.cos(Math.PI * Math.max(0, 2 * this.done / STEPS - 1))) / 2 }

  nextBatch() {
    const from = this.done * BATCH % this.train.length
    if (from === 0) // a new round: shuffle
      for (let i = this.train.length - 1; i > 0; i--) {
        const j = Math.floor(this.rand() * (i + 1));
        [this.train[i], this.train[j]] = [this.train[j], this.train[i]]
      }
    return this.train.slice(from, from + BATCH)
  }

  /** One step. h learns only once the game is on, as in chapter 0. λ and μ are those of this moment. */
  * step({lam, mu}) {
    const {net} = this, batch = this.nextBatch(), seen = fForward(net, batch), bands = batch.map(o => o.band), s = this.strength
    for (let k = 0; s > 0 && k < RECIPE.hSteps; k++) {
      const part = [k * RECIPE.hBatch % BATCH, k * RECIPE.hBatch % BATCH + RECIPE.hBatch]
      const {loss, grads} = hGradients(net, seen.z.slice(...part), bands.slice(...part))
      this.optimiseH(net, grads, RECIPE.hRatio * this.lr)
      yield {who: 'h', k, loss}
    }
    const {loss, hLoss, hRight, grads} = fgGradients(net, batch, seen, s * lam, s * mu)
    clip(grads, RECIPE.clip)
    this.optimise(net, grads, this.lr)
    net.mean += .1 * (seen.mean - net.mean)
    net.variance += .1 * (seen.variance * BATCH / (BATCH - 1) - net.variance)
    this.done += 1
    this.history.push({step: this.done, loss, hLoss: s > 0 ? hLoss : null, hRight: s > 0 ? hRight : null, train: this.right(this.train), test: this.right(this.test)})
    yield {who: 'fg', loss}
  }

  /** Share of right answers. */
  right(things) { return things.filter(({x, y}) => (margin(this.net, x) > 0) === (y === 1)).length / things.length }
  /** 0°: only the colour counts; 90°: only the shape. */
  get tilt() {
    const sign = Math.sign(this.net.g[1] - this.net.g[0])
    return Math.atan2(sign * this.net.f[0], sign * this.net.f[1]) * 180 / Math.PI
  }
}
