// Walks through the talk in headless Chromium, at two sizes. Run by .ci/slides_test.py, which says where everything is:
//   node slides_test.mjs PLAYWRIGHT CHROMIUM SITE [FOLDER FOR SCREENSHOTS]
// Prints JSON: [[check, [what is wrong]]].
import {createServer} from 'node:http'
import {readFile} from 'node:fs/promises'
import {createRequire} from 'node:module'

const [playwright, chromium, site, shots] = process.argv.slice(2)
const SIZES = [[1280, 720], [1024, 768]]
const SPARE = .98 // of the slide's height is what content may take: fonts differ from machine to machine
const SMALLEST = 14 // pixels on the screen, of any text
const SHARE = .38 // of the slide's area is what a picture takes at least, white rim included; and .9 of its width
const TYPES = {html: 'text/html', js: 'text/javascript', css: 'text/css', woff: 'font/woff'}

const server = createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url, 'http://x').pathname)
  const body = await readFile(site + path).catch(() => null)
  if (body) response.writeHead(200, {'content-type': TYPES[path.split('.').pop()] ?? 'application/octet-stream'}).end(body)
  else response.writeHead(path === '/favicon.ico' ? 204 : 404).end()
})
await new Promise(done => server.listen(0, '127.0.0.1', done))
const origin = `http://127.0.0.1:${server.address().port}`

// in the page: what is wrong with the slide that is shown
function look({spare, smallest, share}) {
  const wrong = [], slide = Reveal.getCurrentSlide(), scale = Reveal.getScale()
  const frame = document.querySelector('.reveal .slides').getBoundingClientRect()
  const unseen = 'aside.notes, aside.notes *, script, style, mjx-assistive-mml, mjx-assistive-mml *'
  const all = [...slide.querySelectorAll('*')].filter(o => !o.matches(unseen) && o.getClientRects().length)
  const name = o => `<${o.localName}> "${(o.textContent || o.alt || '').trim().replace(/\s+/g, ' ').slice(0, 40)}"`
  let low = frame.top, lowest, right = frame.left, widest
  for (const o of all) {
    const box = o.getBoundingClientRect()
    if (box.bottom > low) { low = box.bottom; lowest = o }
    if (box.right > right) { right = box.right; widest = o }
    if (box.left < frame.left - 1 || box.top < frame.top - 1) wrong.push(`${name(o)} begins outside`)
    const flow = getComputedStyle(o)
    if (/auto|scroll|hidden|clip/.test(flow.overflowX + flow.overflowY) && (o.scrollWidth > o.clientWidth + 1 || o.scrollHeight > o.clientHeight + 1)) wrong.push(`${name(o)} is cut, or scrolls`)
    if (o.childNodes.length && [...o.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && parseFloat(flow.fontSize) * scale < smallest)
      wrong.push(`${name(o)} is written in ${(parseFloat(flow.fontSize) * scale).toFixed(1)} pixels`)
  }
  const tall = (low - frame.top) / frame.height
  if (tall > spare) wrong.push(`takes ${Math.round(100 * tall)} % of the slide's height: ${name(lowest)}`)
  if (right > frame.right + 1) wrong.push(`is ${Math.round((right - frame.left) / frame.width * 100)} % as wide as the slide: ${name(widest)}`)
  for (const o of slide.querySelectorAll('table')) if (o.scrollWidth > o.clientWidth + 1) wrong.push(`${name(o)} is cut`)
  for (const o of slide.querySelectorAll('img')) {
    if (!o.complete || !o.naturalWidth) { wrong.push(`a picture is missing: ${name(o)}`); continue }
    const box = o.getBoundingClientRect(), shown = Math.min(box.width / o.naturalWidth, box.height / o.naturalHeight) // object-fit may leave a rim
    const part = shown ** 2 * o.naturalWidth * o.naturalHeight / (frame.width * frame.height), wide = shown * o.naturalWidth / frame.width
    if (Math.abs(box.width / box.height / (o.naturalWidth / o.naturalHeight) - 1) > .02) wrong.push(`a picture is stretched: ${name(o)}`)
    if (part < share || wide < .9) wrong.push(`a picture takes ${Math.round(100 * part)} % of the slide, ${Math.round(100 * wide)} % of its width: ${name(o)}`)
  }
  const bad = slide.querySelector('mjx-merror, mjx-container [style*="color: red"]') // an unknown command is set in red
  if (bad) wrong.push(`a formula is wrong: ${bad.closest('mjx-container').textContent.slice(0, 60)}`)
  if (/\\\(|\\\[/.test([...slide.querySelectorAll(':scope > :not(aside)')].map(o => o.innerText).join(' '))) wrong.push('a formula is not typeset')
  return wrong
}

const {chromium: browsers} = createRequire(import.meta.url)(playwright)
const browser = await browsers.launch({executablePath: chromium, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking']})
const results = [], trouble = new Set(), foreign = new Set()
for (const [width, height] of SIZES) {
  const page = await browser.newPage({viewport: {width, height}})
  page.setDefaultTimeout(120_000)
  page.on('console', m => { if (['error', 'warning'].includes(m.type())) trouble.add(m.text().slice(0, 200)) })
  page.on('pageerror', e => trouble.add(e.message.slice(0, 200)))
  page.on('response', r => { if (r.status() >= 400) trouble.add(`${r.status()} ${new URL(r.url()).pathname}`) })
  page.on('request', r => { if (!r.url().startsWith(origin) && !/^(data|blob|about):/.test(r.url())) foreign.add(r.url().slice(0, 200)) })
  await page.goto(`${origin}/slides/index.html`)
  await page.waitForFunction(() => window.Reveal?.isReady())
  await page.waitForFunction(() => window.MathJax?.startup?.promise)
  await page.evaluate(async () => { await MathJax.startup.promise; await document.fonts.ready })
  const wrong = [], total = await page.evaluate(() => Reveal.getTotalSlides())
  for (let i = 0; i < total; i++) {
    await page.evaluate(async i => {
      Reveal.slide(i)
      await Promise.all([...Reveal.getCurrentSlide().querySelectorAll('img')].map(o => o.decode().catch(() => {})))
      await document.fonts.ready
      await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
    }, i)
    const title = await page.evaluate(() => Reveal.getCurrentSlide().querySelector('h1, h2')?.innerText)
    for (const o of await page.evaluate(look, {spare: SPARE, smallest: SMALLEST, share: SHARE})) wrong.push(`${i + 1} ${title}: ${o}`)
    if (shots) await page.screenshot({path: `${shots}/${width}-${String(i + 1).padStart(2, '0')}.png`})
  }
  if (total < 2) wrong.push(`there are ${total} slides`)
  results.push([`all ${total} slides fit at ${width}×${height}; pictures fill them, no text is tiny`, wrong])
  await page.close()
}
results.push(['the talk runs without errors in the console', [...trouble]])
results.push(['the talk asks no outside host', [...foreign]])
await browser.close()
server.close()
console.log(JSON.stringify(results))
