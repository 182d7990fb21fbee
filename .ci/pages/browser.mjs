// node browser.mjs < job.json: opens the pages of a folder in Chromium, at several widths, light and dark, and prints what is wrong there as JSON.
// Needs playwright-core in $NODE_PATH. Heights are those of the first view, with everything folded that a page folds; widths with all of it open.
// The folder is served from 127.0.0.1; a request to any other host is refused and reported.
import {createServer} from 'node:http'
import {readFile} from 'node:fs/promises'
import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'

const job = JSON.parse(readFileSync(0, 'utf8'))
const {chromium} = createRequire(process.env.NODE_PATH + '/')('playwright-core')
const TYPES = {html: 'text/html', js: 'text/javascript', mjs: 'text/javascript', css: 'text/css', json: 'application/json', png: 'image/png', svg: 'image/svg+xml', webp: 'image/webp', gif: 'image/gif',
  ico: 'image/x-icon', woff: 'font/woff', bin: 'application/octet-stream', txt: 'text/plain'}
const PATIENCE = 120_000 // milliseconds: a machine with other work may be slow
const TABS = 3

const server = createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url, 'http://x').pathname.slice(1)) || 'index.html'
  try {
    const body = await readFile(`${job.out}/${path}`)
    response.writeHead(200, {'content-type': TYPES[path.split('.').pop()] ?? 'text/plain'}).end(body)
  } catch { response.writeHead(404).end() }
})
await new Promise(done => server.listen(0, '127.0.0.1', done))
const origin = `http://127.0.0.1:${server.address().port}`
const browser = await chromium.launch({executablePath: job.chromium, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking']})

// what is cut: wider than the place it has, and without a scroll bar of its own
const measure = () => {
  const name = e => `<${e.tagName.toLowerCase()}${e.id ? ` id=${e.id}` : ''}${e.className && typeof e.className === 'string' ? ` class="${e.className}"` : ''}> ${e.textContent.trim().replace(/\s+/g, ' ').slice(0, 50)}`
  const view = document.documentElement.clientWidth, cut = []
  const scrolls = e => /auto|scroll/.test(getComputedStyle(e).overflowX)
  const hides = e => /hidden|clip/.test(getComputedStyle(e).overflowX)
  for (const e of document.querySelectorAll('main table, main pre, main img, main svg, main canvas, main iframe, main mjx-container, main .math')) {
    const box = e.getBoundingClientRect()
    if (!box.width || e.closest('mjx-assistive-mml, mjx-container') && e.tagName !== 'MJX-CONTAINER') continue
    if (e.scrollWidth > e.clientWidth + 1 && hides(e)) { cut.push(`${name(e)}: its content is hidden`); continue }
    let outer = e.parentElement, held = scrolls(e) && box.right <= view + 1
    for (; outer && outer !== document.body && !held; outer = outer.parentElement) {
      if (scrolls(outer)) held = outer.getBoundingClientRect().right <= view + 1
      else if (hides(outer) && box.right > outer.getBoundingClientRect().right + 1) break
      else if (outer.tagName === 'MAIN') break
    }
    const column = e.closest('main > *')?.getBoundingClientRect()
    if (!held && (box.right > view + 1 || column && box.right > column.right + 1.5)) cut.push(`${name(e)}: ${Math.round(box.width)} px wide, there are ${Math.round((column ?? {width: view}).width)}`)
  }
  const wide = document.documentElement.scrollWidth
  if (wide > view) {
    const kept = e => { while ((e = e.parentElement) && e !== document.body) if (scrolls(e) || hides(e)) return true }
    const out = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > view + 1 && !kept(e) && !e.closest('mjx-container > *'))
    const inner = out.filter(e => !out.some(c => c !== e && e.contains(c)))
    cut.push(...inner.slice(0, 3).map(e => `${name(e)}: reaches ${Math.round(e.getBoundingClientRect().right)} px`))
  }
  return {wide, view, cut}
}

async function open(tab, page) {
  const trouble = []
  tab.removeAllListeners()
  tab.on('console', m => { if (['error', 'warning'].includes(m.type())) trouble.push(m.text()) })
  tab.on('pageerror', e => trouble.push(e.message))
  tab.on('response', r => { if (r.status() >= 400) trouble.push(`${r.status()} ${r.url().replace(origin, '')}`) })
  await tab.setViewportSize({width: job.views[0][0], height: 900})
  await tab.goto(`${origin}/${page}`, {waitUntil: 'load'})
  await tab.evaluate(async () => {
    await window.MathJax?.startup?.promise
    await document.fonts.ready
    await Promise.all([...document.images].map(i => i.decode().catch(() => 0)))
  })
  const views = [], height = await tab.evaluate(() => document.documentElement.scrollHeight)
  await tab.evaluate(() => document.querySelectorAll('details').forEach(e => { e.removeAttribute('name'); e.open = true })) // what is folded must fit as well
  for (const [width, dark] of job.views) {
    await tab.setViewportSize({width, height: 900})
    await tab.evaluate(async dark => {
      if (document.body.classList.contains('quarto-dark') !== dark) window.quartoToggleColorScheme?.()
      await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
    }, dark)
    views.push({width, dark, height, ...await tab.evaluate(measure)})
  }
  return {page, views, trouble: [...new Set(trouble)]}
}

const found = [], waiting = [...job.pages]
await Promise.all(Array(TABS).fill(0).map(async () => {
  const context = await browser.newContext(), tab = await context.newPage(), foreign = []
  tab.setDefaultTimeout(PATIENCE)
  await context.route(url => url.origin !== origin && !['data:', 'blob:', 'about:'].includes(url.protocol), route => { foreign.push(route.request().url()); route.abort() })
  for (let page; page = waiting.shift();) {
    foreign.length = 0
    const one = await open(tab, page).catch(e => ({page, views: [], trouble: [e.message.split('\n')[0]]}))
    found.push({...one, foreign: [...new Set(foreign)]})
  }
}))
console.log(JSON.stringify(found.sort((a, b) => job.pages.indexOf(a.page) - job.pages.indexOf(b.page))))
await browser.close()
server.close()
