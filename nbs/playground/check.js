// For node: reads {ink: [hex], rgb: [[r,g,b]]} from standard input and writes the logits of both networks, their h's answers,
// and the milliseconds per network. The chapter compares them with PyTorch's.  node check.js < digits.json
import {readFileSync} from 'node:fs'
import {classify, features, inkFromHex, paint, spy, unpack} from './net.js'

const here = new URL('./', import.meta.url), {ink, rgb} = JSON.parse(readFileSync(0, 'utf8'))
const bytes = readFileSync(new URL('weights.bin', here)), out = {}
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
const networks = unpack(JSON.parse(readFileSync(new URL('manifest.json', here))), buffer)
const images = ink.map((hex, i) => paint(inkFromHex(hex), rgb[i]))
for (const [name, net] of Object.entries(networks)) {
  const start = performance.now()
  const logits = images.map(x => classify(net, features(net, x)))
  const ms = (performance.now() - start) / images.length
  out[name] = {ms, logits, fresh: images.slice(0, 50).map(x => spy(net, 'fresh', features(net, x)))}
}
process.stdout.write(JSON.stringify(out))
