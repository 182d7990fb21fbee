// Fetches the data, then starts the parts. The film and the map are shown only if their data are there.
import {unpack} from './net.js'
import {$} from './ui.js'
import {startTen} from './ten.js'
import {startDraw} from './draw.js'
import {startSpy} from './spy.js'
import {startToy} from './toy.js'
import {startFilm} from './film.js'
import {startMap} from './map.js'

const framed = 'framed' in document.documentElement.dataset // by embed.js

async function get(name, as = 'json') {
  const answer = await fetch(name)
  if (!answer.ok) throw new Error(`${name} could not be read (${answer.status})`)
  return answer[as]()
}

// The manifest lists which results there are; the other parts stay hidden.
async function optional(manifest, name, part, start) {
  if (!manifest.parts.includes(name)) return
  const data = await get(name + '.json')
  for (const node of [$(part), document.querySelector(`nav [data-part=${part}]`)]) node.hidden = false
  start(data)
}

async function main() {
  const [manifest, buffer, ten, digits] = await Promise.all([get('manifest.json'), get('weights.bin', 'arrayBuffer'), get('tenbyten.json'), get('digits.json')])
  const networks = unpack(manifest, buffer)
  document.querySelector('main').hidden = false
  const showDigit = startDraw(networks, digits)
  startTen(ten, showDigit)
  startSpy(networks, digits)
  startToy()
  await optional(manifest, 'film', 'film', film => startFilm(film, digits.palette, manifest.guessing))
  await optional(manifest, 'grid', 'map', startMap)
  document.body.dataset.ready = 'yes'
  if (framed) setTimeout(() => $(parent.location.hash.slice(1))?.scrollIntoView(), 100) // playground.html#toy of the site, once the frame has grown
}

main().catch(error => {
  $('trouble').textContent = `Something went wrong: ${error.message}`
  $('trouble').hidden = false
})
