// From strokes of the pen to a digit as MNIST has it: in a box of 20×20 pixels, its centre of mass in the middle of 28×28.
// The pen's width does not grow with the drawing: strokes are kept as lines and drawn anew at their final size.

const BOX = 20, PEN = 1.45 // pixels; half the width of a line, which gives about as much ink as MNIST's digits have

// Squared distance of the pixel (x, y) from a piece of line.
function distance2(x, y, [[ax, ay], [bx, by]]) {
  const dx = bx - ax, dy = by - ay, length2 = dx * dx + dy * dy
  const t = length2 ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length2)) : 0
  return (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2
}

function draw(pieces, shiftX, shiftY) {
  return Uint8Array.from({length: 784}, (_, i) =>
    pieces.some(p => distance2(i % 28 - shiftX, Math.floor(i / 28) - shiftY, p) <= PEN * PEN) ? 1 : 0)
}

/** strokes: [[[x, y], …], …] in any unit -> Uint8Array(784) of 0 and 1. */
export function digitFromStrokes(strokes) {
  const all = strokes.flat(), xs = all.map(p => p[0]), ys = all.map(p => p[1])
  const [left, top] = [Math.min(...xs), Math.min(...ys)], size = Math.max(Math.max(...xs) - left, Math.max(...ys) - top)
  const scale = size > 0 ? (BOX - 2 * PEN) / size : 0, [w, h] = [Math.max(...xs) - left, Math.max(...ys) - top]
  const place = ([x, y]) => [(x - left - w / 2) * scale + 13.5, (y - top - h / 2) * scale + 13.5] // box in the middle first
  const pieces = strokes.flatMap(s => s.map(place).map((p, i, line) => [line[Math.max(0, i - 1)], p]))
  const ink = draw(pieces, 0, 0), total = ink.reduce((a, b) => a + b)
  const centre = along => ink.reduce((sum, on, i) => sum + on * along(i), 0) / total
  return draw(pieces, 13.5 - centre(i => i % 28), 13.5 - centre(i => Math.floor(i / 28)))
}
