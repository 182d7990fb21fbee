// f, g and h by hand, in plain JavaScript.
// Why not onnxruntime-web? Its WebAssembly file alone is more than 10 MB, over the budget of the whole page (3 MB).
// These networks have a hundred thousand parameters; four loops run them in some ten milliseconds.
//
// Everything is a flat Float32Array in PyTorch's order: channel, row, column.

export const SIDE = 28          // pixels of a digit
export const PLACES = 14        // rows and columns of a feature map
export const CHANNELS = 32      // feature maps
export const BINS = 8           // colour bins per channel of R, G, B

/** Cut the binary file into named tensors: {erm: {'f.1.weight': {shape, data}, …}, lnl: {…}}. */
export function unpack(manifest, buffer) {
  const networks = {}
  for (const {network, name, shape, offset} of manifest.tensors) {
    const length = shape.reduce((a, b) => a * b, 1)
    networks[network] ??= {peak: manifest.peak[network]}
    networks[network][name] = {shape, data: new Float32Array(buffer, 4 * offset, length)}
  }
  return networks
}

/** Unpack the ink of a digit: 784 bits written as hexadecimal digits -> Uint8Array of 0 and 1. */
export function inkFromHex(hex) {
  const bits = [...hex].flatMap(c => [8, 4, 2, 1].map(b => parseInt(c, 16) & b ? 1 : 0))
  return Uint8Array.from(bits)
}

/** `colorize` of lnl.data: ink gets the colour (bytes), the rest stays black; in 0..1, as the networks want it. */
export function paint(ink, rgb) {
  const image = new Float32Array(3 * ink.length)
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < ink.length; i++) image[c * ink.length + i] = ink[i] * rgb[c] / 255
  return image
}

// A border of zeros, so that the loops of the convolution need no tests at the edges.
function pad(x, channels, size, border) {
  const wide = size + 2 * border, out = new Float32Array(channels * wide * wide)
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < size; y++)
      out.set(x.subarray((c * size + y) * size, (c * size + y + 1) * size), (c * wide + y + border) * wide + border)
  return out
}

// Convolution with "same" padding. Each weight is multiplied with a whole row at a time.
function conv(net, name, x, size, {stride = 1, groups = 1} = {}) {
  const {shape: [outs, ins, k], data: w} = net[name + '.weight'], bias = net[name + '.bias'].data
  const border = k >> 1, wide = size + 2 * border, n = Math.ceil(size / stride)
  const padded = pad(x, ins * groups, size, border), out = new Float32Array(outs * n * n)
  for (let o = 0; o < outs; o++) {
    const first = ins * Math.floor(o * groups / outs), map = out.subarray(o * n * n, (o + 1) * n * n).fill(bias[o])
    for (let i = 0; i < ins; i++)
      for (let ky = 0; ky < k; ky++)
        for (let kx = 0; kx < k; kx++) {
          const weight = w[((o * ins + i) * k + ky) * k + kx]
          for (let y = 0; y < n; y++) {
            const row = ((first + i) * wide + y * stride + ky) * wide + kx
            for (let at = 0; at < n; at++) map[y * n + at] += weight * padded[row + at * stride]
          }
        }
  }
  return out
}

function relu(x) {
  for (let i = 0; i < x.length; i++) if (x[i] < 0) x[i] = 0
  return x
}

// 3×3 windows two apart. Behind a ReLU nothing is below 0, so the border may be 0 instead of −∞.
function maxPool(x, channels, size) {
  const n = size / 2, wide = size + 2, padded = pad(x, channels, size, 1), out = new Float32Array(channels * n * n)
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < n; y++)
      for (let at = 0; at < n; at++) {
        let most = 0
        for (let ky = 0; ky < 3; ky++)
          for (let kx = 0; kx < 3; kx++) most = Math.max(most, padded[(c * wide + 2 * y + ky) * wide + 2 * at + kx])
        out[(c * n + y) * n + at] = most
      }
  return out
}

const mean = (x, from, n) => x.subarray(from, from + n).reduce((a, b) => a + b, 0) / n

/** f: an image [3,28,28] in 0..1 -> features z [32,14,14]. */
export function features(net, image) {
  // `Normalize` and the first batch normalisation are one factor and one offset per channel.
  const scale = net['in.weight'].data, shift = net['in.bias'].data, per = SIDE * SIDE
  const x = image.map((v, i) => v * scale[Math.floor(i / per)] + shift[Math.floor(i / per)])
  const pooled = maxPool(relu(conv(net, 'f.1', x, SIDE)), CHANNELS, SIDE)
  return relu(conv(net, 'f.2', pooled, PLACES))
}

/** g: features -> ten logits. */
export function classify(net, z) {
  const y = relu(conv(net, 'g.2', relu(conv(net, 'g.1', z, PLACES, {stride: 2})), 7))
  const {shape: [outs, ins], data: w} = net['g.3.weight'], bias = net['g.3.bias'].data
  const pooled = Array.from({length: ins}, (_, c) => mean(y, 49 * c, 49))
  return Array.from({length: outs}, (_, o) => pooled.reduce((sum, v, i) => sum + v * w[o * ins + i], bias[o]))
}

/** h (`head` is 'h', the one that played the game, or 'fresh'): features -> logits of the 8 bins for R, G and B,
    averaged over the places. Its batch normalisation has been folded into its first convolution. */
export function spy(net, head, z) {
  const y = conv(net, head + '.2', relu(conv(net, head + '.1', z, PLACES)), PLACES, {groups: 3})
  const per = PLACES * PLACES
  return [0, 1, 2].map(a => Array.from({length: BINS}, (_, b) => mean(y, (a * BINS + b) * per, per)))
}

export const argmax = values => values.indexOf(Math.max(...values))

export function softmax(logits) {
  const top = Math.max(...logits), e = logits.map(v => Math.exp(v - top)), sum = e.reduce((a, b) => a + b, 0)
  return e.map(v => v / sum)
}

/** The palette colour nearest to the middles of the bins that h names. */
export function nearestColor(logits, palette) {
  const rgb = logits.map(l => 256 / BINS * (argmax(l) + .5))
  const far = palette.map(c => c.reduce((sum, v, i) => sum + (v - rgb[i]) ** 2, 0))
  return far.indexOf(Math.min(...far))
}
