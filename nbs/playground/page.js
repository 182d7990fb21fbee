// Fetches the data, then starts the parts. The film and the map are shown only if their data are there.
import {unpack} from './net.js'
import {$} from './ui.js'
import {startTen} from './ten.js'
import {startDraw} from './draw.js'
import {startSpy} from './spy.js'
import {startToy} from './toy.js'
import {startFilm} from './film.js'
import {startMap} from './map.js'

async function get(name, as = 'json') {
  const answer = await fetch(name)
  if (!answer.ok) throw new Error(`${name} could not be read (${answer.status})`)
  return answer[as]()
}

// A missing file is no error here: the part stays hidden.
async function optional(name, part, start) {
  const answer = await fetch(name)
  if (!answer.ok) return
  const data = await answer.json()
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
  await optional('film.json', 'film', film => startFilm(film, digits.palette))
  await optional('grid.json', 'map', startMap)
  document.body.dataset.ready = 'yes'
}

main().catch(error => {
  $('trouble').textContent = `Something went wrong: ${error.message}`
  $('trouble').hidden = false
})
