// The playground and the ten-by-ten picture by real clicks, keys and strokes, in headless Chromium: by themselves, and in pages of the site.
// Needs playwright-core, and Chromium at /usr/bin/chromium (or at $CHROMIUM):
//   mkdir /tmp/pw && cd /tmp/pw && npm install --no-save playwright-core && node /path/to/lnl/.ci/playground_test.mjs
// playwright-core is looked for in the current folder. Prints a line per test, `ok` or `FAILED`, then `N passed, N failed`; ends with 0 or 1.
import {createServer} from 'node:http'
import {readFile, readdir} from 'node:fs/promises'
import {createRequire} from 'node:module'
import {fileURLToPath} from 'node:url'

const {chromium} = createRequire(process.cwd() + '/')('playwright-core')
const root = fileURLToPath(new URL('../nbs/', import.meta.url))
const TYPES = {html: 'text/html', js: 'text/javascript', css: 'text/css', json: 'application/json', png: 'image/png', bin: 'application/octet-stream', webp: 'image/webp'}
const PATIENCE = 120_000 // milliseconds: a machine with other work may be slow
const page_path = 'playground/playground.html', hero_path = 'playground/hero.html', MANIFEST = 'playground/manifest.json'

// Stand-ins for the results, so that their parts of the page are tested before there are any.
const range = n => [...Array(n).keys()]
function fakeFrame(step, t, unlearned) {
  const accuracy = unlearned ? .1 + .8 * t : .1 + .3 * t
  const confusion = range(10).map(d => range(10).map(a => Math.round(1000 * (a === d ? accuracy : (1 - accuracy) / 9))))
  const scatter = range(300).map(i => [Math.cos(i + t), Math.sin(i * (1 + t))])
  return {step, accuracy, aligned: .9, conflicting: accuracy, worst: 0, follows_color: unlearned ? .3 - .25 * t : .36, h: .2, probe_linear: .6,
    probe_conv: unlearned ? .6 - .35 * t : .63, bits: 1, bits_given_digit: 1, confusion, scatter, ten: range(10).map(d => range(10).map(c => unlearned && c < 10 * t ? d : c))}
}
const film = key => range(5).map(k => fakeFrame(200 * k, k / 4, key === 'lnl'))
const FAKES = {
  'playground/film.json': {config: {}, digits: range(300).map(i => i % 10), color_ids: range(300).map(i => (7 * i) % 10), film: {erm: film('erm'), lnl: film('lnl')}},
  'playground/grid.json': {n_train: 20000, cells: [[0, 0, .36, .4, .6], [0, 5, .86, .02, .3], [15, 0, .35, .38, null], [15, 5, .1, .1, null]]
    .map(([lam, mu, accuracy, follows_color, probe_conv]) => ({lam, mu, accuracy, follows_color, probe_conv}))},
}

// Stand-ins for the two pages of the site that have a frame, as Quarto makes them: the frame's markup is that of the sources.
const qmd = await readFile(root + 'playground.qmd', 'utf8'), index = JSON.parse(await readFile(root + 'index.ipynb'))
const [, framed] = qmd.match(/```\{=html\}\n(.*?)\n```/s)
const first = index.cells.map(c => [].concat(c.source).join('')).find(t => t.includes('class="lnl-hero"')).match(/<div class="lnl-hero">.*?<\/div>\s*<script.*?<\/script>/s)[0].replace(/!\[(.*?)\]\((.*?)\)(?:\{fig-alt="(.*?)"\})?/s, '<img alt="$1$3" src="$2">')
const quarto = body => `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>x</title><link rel="icon" href="data:,">
  <style>body { margin: 0; padding: 0 12px } .quarto-dark { background: #222; color: #fff } img, iframe { max-width: 100% }</style><body class="quarto-light"><p>Above.</p>${body}<p>Below.</p></body></html>`
const PAGES = {'playground.html': quarto(framed), 'index.html': quarto(first)}
let missing = [], fakes = true // files that the server pretends not to have; whether it has the stand-ins

const server = createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url, 'http://x').pathname.slice(1))
  try {
    if (missing.includes(path)) throw new Error('missing')
    let body = PAGES[path] ?? await readFile(root + path).catch(e => { if (fakes && FAKES[path]) return JSON.stringify(FAKES[path]); throw e })
    if (fakes && path === MANIFEST) body = JSON.stringify({...JSON.parse(body), parts: ['grid', 'film'].filter(k => !missing.includes(`playground/${k}.json`))})
    response.writeHead(200, {'content-type': TYPES[path.split('.').pop()] ?? 'text/plain'}).end(body)
  } catch { response.writeHead(404).end() }
})
await new Promise(done => server.listen(0, '127.0.0.1', done))
const origin = `http://127.0.0.1:${server.address().port}`

const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking']})
const trouble = [], foreign = [], results = []

async function open({path = page_path, ...options} = {}) {
  const context = await browser.newContext({viewport: {width: 1100, height: 800}, ...options}), page = await context.newPage()
  page.setDefaultTimeout(PATIENCE)
  page.on('console', m => { if (['error', 'warning'].includes(m.type())) trouble.push(m.text()) })
  page.on('pageerror', e => trouble.push(e.message))
  page.on('request', r => { if (!r.url().startsWith(origin) && !r.url().startsWith('data:')) foreign.push(r.url()) })
  await page.addInitScript(() => { let n = 0; Math.random = () => (n = (n * 16807 + 12345) % 2147483647) / 2147483647 }) // the same game each time
  await page.goto(`${origin}/${path}`)
  if (options.javaScriptEnabled !== false) await (PAGES[path.split('#')[0]] ? page.frameLocator('iframe') : page).locator('body[data-ready]').waitFor()
  return page
}

async function test(name, check) {
  try {
    const remark = await check()
    results.push(true)
    console.log(`ok      ${name}${remark ? ` (${remark})` : ''}`)
  } catch (e) {
    results.push(false)
    console.log(`FAILED  ${name}\n        ${e.message.split('\n')[0]}`)
  }
}
const must = (ok, text) => { if (!ok) throw new Error(text) }
const says = (page, key) => page.locator(`#bars-${key} .big`).textContent()
const pixels = (page, id) => page.locator(id).evaluate(c => c.toDataURL())
async function until(what, check, ms = PATIENCE) {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise(r => setTimeout(r, 50))) if (await check()) return
  throw new Error(`waited in vain: ${what}`)
}

const page = await open()

await test('ten by ten: the switch changes the cells, and the counts', async () => {
  const answers = () => page.locator('#ten-table .answer').allTextContents(), wrong = list => list.filter(a => a.includes('✗')).length
  const baseline = await answers()
  await page.getByRole('group', {name: 'Whose answers?'}).getByLabel('unlearned').click()
  const unlearned = await answers(), count = await page.locator('#ten-count').textContent()
  must(baseline.length === 100 && wrong(baseline) > 50 && wrong(unlearned) < wrong(baseline)/2, `${wrong(baseline)} and ${wrong(unlearned)} wrong`)
  must(count.includes(`${100 - wrong(unlearned)} of 100 right; it follows the colour in 9 of the 90`), count)
  return `${wrong(baseline)} wrong answers, then ${wrong(unlearned)}`
})

await test('ten by ten: arrow keys walk and Enter takes the digit along', async () => {
  await page.locator('#ten-table td[data-digit="0"][data-color="0"]').focus()
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key)
  await until('the sentence about the cell', async () => (await page.locator('#ten-says').textContent()).startsWith('A 1 in yellow'))
  await page.keyboard.press('Enter')
  must(await says(page, 'lnl') === '1', 'the unlearned network reads the 1')
  must(await page.locator('#hue').evaluate(e => e === document.activeElement), 'the focus goes to the hue')
})

await test('draw: Clear takes all answers away, also those under way; the right button does not draw', async () => {
  await page.getByRole('button', {name: 'Take a 4'}).click()
  await page.getByRole('button', {name: 'Clear'}).click()
  const bare = () => page.evaluate(() => !document.querySelector('.bar.best, #turn .cell') && ![...document.querySelectorAll('.bar')].some(b => b.lastChild.textContent || b.querySelector('b').offsetWidth)
    && !document.getElementById('turn-says').textContent)
  must(await bare(), 'cleared')
  await page.waitForTimeout(1500)
  must(await bare(), 'and it stays so')
  await page.locator('#pad').click({button: 'right'})
  must(await bare() && await says(page, 'lnl') === '–', 'nothing was drawn')
})

await test('draw: a stroke like a 1 is answered with 1 by the unlearned network', async () => {
  await page.getByRole('button', {name: 'Clear'}).click()
  must(await says(page, 'lnl') === '–', 'cleared')
  await page.locator('#pad').scrollIntoViewIfNeeded()
  const box = await page.locator('#pad').boundingBox()
  await page.mouse.move(box.x + .55 * box.width, box.y + .15 * box.height)
  await page.mouse.down()
  await page.mouse.move(box.x + .48 * box.width, box.y + .85 * box.height, {steps: 12})
  await page.mouse.up()
  must(/^\d$/.test(await says(page, 'erm')) && await says(page, 'lnl') === '1', `baseline ${await says(page, 'erm')}, unlearned ${await says(page, 'lnl')}`)
  await until('the spoken answer', async () => (await page.locator('#draw-says').textContent()).includes('unlearned says 1'))
})

// Measured on these 30 digits at 12 hues: the baseline's answer changes on all of them, the unlearned network's stays on 24.
await test('draw: turning the hue changes the baseline on at least 95 % of digits, and leaves the unlearned network on at least 65 %', async () => {
  await page.locator('#sat').fill('90')
  await page.locator('#val').fill('90')
  const times = []
  let changed = 0, stayed = 0
  for (let i = 0; i < 30; i++) {
    await page.getByRole('button', {name: `Take a ${i % 10}`}).click()
    const kinds = await page.evaluate(() => {
      const hue = document.getElementById('hue'), found = {erm: new Set(), lnl: new Set()}, times = []
      for (let h = 0; h < 360; h += 30) {
        const start = performance.now()
        hue.value = h
        hue.dispatchEvent(new Event('input'))
        times.push(performance.now() - start)
        for (const key in found) found[key].add(document.querySelector(`#bars-${key} .big`).textContent)
      }
      return [found.erm.size, found.lnl.size, times]
    })
    changed += kinds[0] > 1
    stayed += kinds[1] === 1
    times.push(...kinds[2])
  }
  must(changed >= .95 * 30 && stayed >= .65 * 30, `changed ${changed}, stayed ${stayed} of 30`)
  const usual = times.sort((a, b) => a - b)[times.length >> 1]
  must(usual < 500, `one turn of the slider takes ${usual} ms`)
  return `${changed} changed, ${stayed} stayed of 30; both networks answer in ${usual.toFixed(0)} ms`
})

await test('draw: the strip of all hues follows', async () => {
  await until('24 hues for both', async () => await page.locator('#turn .cell').count() === 48 && (await page.locator('#turn-says').textContent()).startsWith('Over 24 hues'))
})

await test('you are h: a game by keyboard; with the baseline h wins, after unlearning it does not', async () => {
  const play = async rounds => {
    for (let i = 0; i < rounds; i++) {
      await page.locator('#guesses button').first().focus()
      await page.keyboard.press(String(i % 10))
      must(await page.locator('#spy-next').evaluate(e => e === document.activeElement), 'the focus goes to Next')
      await page.keyboard.press('Enter')
    }
    const rows = await page.locator('#score tr').evaluateAll(list => list.map(r => [...r.cells].map(c => c.textContent)))
    must(rows.every(r => r[2] === String(rounds)), 'rounds are counted')
    return Object.fromEntries(rows.map(r => [r[0], +r[1]]))
  }
  const before = await play(20)
  await page.getByRole('group', {name: 'Whose features?'}).getByLabel('unlearned').click()
  const after = await play(20)
  must(before['a fresh h'] >= 14 && after['a fresh h'] <= 10, JSON.stringify([before, after]))
  must(before.you <= 10, 'blind guesses cannot win')
  return JSON.stringify([before, after])
})

await test('you are h: a click anywhere in the part is enough for the keys; a wrong guess is marked', async () => {
  let missed = 0
  for (let i = 0; i < 3; i++) {
    await page.locator('#spy .small').click()
    await page.keyboard.press('7')
    must((await page.locator('#spy-says').textContent()).includes('it was a'), 'the key was heard')
    must(await page.locator('#guesses .truth').count() === 1, 'the right colour is marked')
    missed += await page.locator('#guesses .missed').count()
    await page.locator('#spy-next').click()
  }
  must(missed > 0 && await page.locator('#guesses .missed').count() === 0, `${missed} wrong guesses marked`)
})

await test('toy: it trains, and the accuracy in the test rises when h joins', async () => {
  const now = async () => (await page.locator('#toy-now').textContent()).match(/Step (\d+).*training ([\d.]+)\s%, in the test ([\d.]+)\s%.*at (-?\d+)°/).slice(1).map(Number)
  const plane = await pixels(page, '#shadows')
  await page.getByRole('button', {name: 'One step'}).click()
  must((await now())[0] === 1 && await pixels(page, '#shadows') !== plane, 'one step moves the picture')
  for (let i = 0; i < 49; i++) await page.getByRole('button', {name: 'One step'}).click()
  const middle = await now()
  must(middle[0] === 50, 'h joins at step 60, so it has not yet')
  await page.locator('#toy-speed').selectOption('fast')
  await page.getByRole('button', {name: 'Run'}).click()
  await until('the end', async () => (await now())[0] === 200)
  const [, train, right, tilt] = await now()
  must(right > 84 && right > middle[2] + 10 && train < middle[1] && tilt > 70, `${middle} -> ${train}, ${right}, ${tilt}`)
  return `test ${middle[2]} % at step ${middle[0]}, ${right} % at the end`
})

await test('toy: without a game the colour stays; slow motion shows the moves', async () => {
  await page.locator('#toy-mu-on').uncheck()
  await page.getByRole('button', {name: 'Start over'}).click()
  await page.getByRole('button', {name: 'Run'}).click()
  await until('the end', async () => (await page.locator('#toy-now').textContent()).startsWith('Step 200'))
  const right = +(await page.locator('#toy-now').textContent()).match(/in the test ([\d.]+)/)[1]
  must(right < 72, `${right} % in the test`)
  await page.locator('#toy-speed').selectOption('slow')
  await page.getByRole('button', {name: 'Run'}).click()
  await until('a move', async () => (await page.locator('#toy-move').textContent()).includes('f and g move'))
  await page.getByRole('button', {name: 'Pause'}).click()
  return `${right} % in the test`
})

await test('toy: what is said at the end fits the result', async () => {
  const train = async settings => {
    await page.evaluate(values => {
      for (const [id, v] of Object.entries(values)) {
        const node = document.getElementById(id)
        typeof v === 'boolean' ? node.checked = v : node.value = v
        node.dispatchEvent(new Event('input'))
      }
      document.getElementById('toy-reset').click()
    }, {'toy-speed': 'fast', 'toy-mu-on': false, 'toy-lam-on': false, 'toy-var': .36, ...settings})
    must((await page.locator('#toy-now').textContent()).includes('not trained yet'), 'it starts untrained')
    await page.getByRole('button', {name: 'Run'}).click()
    await until('the end', async () => (await page.locator('#toy-says').textContent()).startsWith('The training is over'))
    return page.locator('#toy-says').textContent()
  }
  for (const [settings, said] of [[{}, 'Nobody worked against h'], [{'toy-mu-on': true, 'toy-mu': .8}, 'The colour is gone'], [{'toy-mu-on': true, 'toy-mu': 3}, 'Too much'],
    [{'toy-mu-on': true, 'toy-mu': .2}, 'Try a larger μ'], [{'toy-lam-on': true, 'toy-lam': 1}, 'only weakly']]) {
    const heard = await train(settings)
    must(heard.includes(said), `${JSON.stringify(settings)}: ${heard}`)
  }
})

await test('film: the slider moves numbers, matrices, scatters and curves together', async () => {
  const state = async () => [await page.locator('#film-lnl dl').textContent(), await pixels(page, '#film-lnl .tens'), await pixels(page, '#film-lnl .confusion'), await pixels(page, '#film-erm canvas:not(.confusion, .tens)'), await page.locator('#film-curves').innerHTML()]
  const before = await state()
  await page.locator('#film-step').focus()
  must(await page.locator('#film-step').evaluate(e => e.value === e.max), 'it opens at the last step')
  await page.keyboard.press('Home')
  for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowRight')
  const middle = await state()
  must(before.every((v, i) => v !== middle[i]), 'the middle is not the end')
  await page.keyboard.press('ArrowRight')
  const after = await state()
  must(middle.every((v, i) => v !== after[i]), `unchanged: ${middle.map((v, i) => v === after[i])}`)
  await page.getByRole('button', {name: 'Play'}).click()
  await until('the last snapshot', async () => await page.locator('#film-play').textContent() === 'Play')
})

await test('map: keys walk over the cells, a sentence and the numbers appear', async () => {
  const cells = page.locator('#map-table tbody td')
  await cells.first().focus()
  const heard = new Set()
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft']) {
    await page.keyboard.press(key)
    await page.waitForTimeout(150)
    heard.add(await page.locator('#map-says').textContent())
  }
  must(heard.size === 3 && [...heard].every(t => t.startsWith('λ = ')), [...heard].join(' | '))
})

await test('every control has a name, every canvas a role or a place in a named cell', async () => {
  const nameless = await page.evaluate(() => [...document.querySelectorAll('button, input, select, canvas')].filter(e =>
    !(e.getAttribute('aria-label') || e.labels?.length || e.textContent.trim() || e.getAttribute('aria-hidden'))).map(e => e.outerHTML))
  must(!nameless.length, nameless.join('\n'))
})

await test('draw: a finger draws too', async () => {
  const phone = await open({viewport: {width: 360, height: 740}, hasTouch: true, isMobile: true})
  await phone.locator('#pad').scrollIntoViewIfNeeded()
  const box = await phone.locator('#pad').boundingBox(), cdp = await phone.context().newCDPSession(phone)
  const at = t => [{x: box.x + (.3 + .4 * Math.min(1, 2 * t) - .3 * Math.max(0, 2 * t - 1)) * box.width, y: box.y + (.2 + .65 * Math.max(0, 2 * t - 1)) * box.height}]
  await cdp.send('Input.dispatchTouchEvent', {type: 'touchStart', touchPoints: at(0)})
  for (let i = 1; i <= 20; i++) await cdp.send('Input.dispatchTouchEvent', {type: 'touchMove', touchPoints: at(i / 20)})
  await cdp.send('Input.dispatchTouchEvent', {type: 'touchEnd', touchPoints: []})
  must(await says(phone, 'lnl') === '7', `a stroke like a 7 is read as ${await says(phone, 'lnl')}`)
  await phone.context().close()
})

const sideways = where => where.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
for (const colorScheme of ['light', 'dark']) await test(`360 pixels wide, ${colorScheme}: no horizontal scrolling`, async () => {
  const phone = await open({viewport: {width: 360, height: 740}, colorScheme, hasTouch: true, isMobile: true, reducedMotion: 'reduce'})
  const [wide, view] = await sideways(phone)
  must(wide <= view, `${wide} > ${view}`)
  must(await phone.evaluate(() => document.documentElement.dataset.theme) === colorScheme, 'light or dark as the system says')
  await phone.locator('#ten-table td[data-digit="7"][data-color="3"]').tap()
  must(await says(phone, 'lnl') === '7', 'a tap takes the digit along')
  await phone.context().close()
})

await test('a foreign page may show it in a frame of any height', async () => {
  const context = await browser.newContext(), outer = await context.newPage()
  outer.setDefaultTimeout(PATIENCE)
  await outer.goto(`${origin}/playground/tenbyten.json`)
  await outer.setContent(`<iframe src="${origin}/${page_path}" width="700" height="600"></iframe>`)
  await outer.frameLocator('iframe').locator('body[data-ready]').waitFor()
  await outer.frameLocator('iframe').locator('#takes button').nth(4).click()
  must(await outer.frameLocator('iframe').locator('#bars-lnl .big').textContent() === '4', 'the 4 is read')
  must(await outer.locator('iframe').evaluate(f => f.clientHeight) === 600 && await outer.frameLocator('iframe').locator('h1').isVisible(), 'it stays as it was made')
  await context.close()
})

// In the pages of the site
const inner = page => page.frames().find(f => f.parentFrame())
const fits = (page, what) => until(what, async () => { // the frame is as tall as what it shows: nothing to scroll inside
  const [tall, content] = await Promise.all([page.locator('iframe').evaluate(f => f.clientHeight), inner(page).evaluate(() => document.documentElement.offsetHeight)])
  return Math.abs(tall - content) <= 1
}, 5000)
const theme = page => inner(page).evaluate(() => [document.documentElement.dataset.theme, getComputedStyle(document.documentElement).colorScheme, getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color].join(' '))
const turn = (page, dark) => page.evaluate(on => { document.body.classList.toggle('quarto-dark', on); document.body.classList.toggle('quarto-light', !on) }, dark)

for (const path of Object.keys(PAGES)) for (const width of [390, 1440]) await test(`${path}, ${width} pixels wide: the frame fits its content, nothing scrolls sideways, the site's dark switch is followed`, async () => {
  const site = await open({path, viewport: {width, height: 900}, colorScheme: 'dark'}) // the site is light: its switch counts, not the system
  await fits(site, 'the frame fits')
  for (const where of [site, inner(site)]) { const [wide, view] = await sideways(where); must(wide <= view, `${wide} > ${view}`) }
  must(await theme(site) === 'light light rgba(0, 0, 0, 0) rgb(28, 28, 34)', `light: ${await theme(site)}`)
  const plane = path === 'playground.html' ? () => inner(site).locator('#plane').evaluate(c => c.toDataURL()) : () => null, before = await plane()
  await turn(site, true)
  await until('dark', async () => await theme(site) === 'dark dark rgba(0, 0, 0, 0) rgb(236, 236, 241)', 5000)
  must(path !== 'playground.html' || await plane() !== before, 'pictures are drawn anew')
  await turn(site, false)
  await until('light again', async () => (await theme(site)).startsWith('light light') && await plane() === before, 5000)
  const tall = await site.locator('iframe').evaluate(f => f.clientHeight)
  await site.context().close()
  return `${tall} pixels tall`
})

await test('playground.html#toy opens at the toy; a link inside the frame moves the page', async () => {
  const site = await open({path: 'playground.html#toy'}), at = id => inner(site).evaluate(id => document.getElementById(id).getBoundingClientRect().top + frameElement.getBoundingClientRect().top, id)
  await until('the toy on top', async () => Math.abs(await at('toy')) < 50, 5000)
  must(await inner(site).locator('h1').isHidden(), 'one title is enough')
  await inner(site).locator('nav a[href="#spy"]').click()
  await until('the other part on top', async () => Math.abs(await at('spy')) < 50, 5000)
  await site.context().close()
})

await test('the first screen: a switch, a sentence for each picture, and at 800 pixels less than 400 tall', async () => {
  const hero = await open({path: hero_path, viewport: {width: 800, height: 500}}), group = hero.getByRole('group', {name: 'Whose answers?'})
  const tall = () => hero.evaluate(() => document.documentElement.offsetHeight), said = text => until(text, async () => (await hero.locator('#hero-says').textContent()).includes(text), 5000)
  const height = await tall()
  must(height <= 400 && await hero.locator('table:visible').count() === 2, `${height} pixels, both`)
  must(await hero.locator('tbody b').count() === 200, 'two hundred answers')
  await hero.locator('#hero-erm td[data-digit="2"][data-color="0"]').hover()
  await said('A 2 in crimson, the colour that all 0s had in training: the baseline network says 0')
  must(await hero.locator('td.here').count() === 2, 'the same picture is marked in both')
  await hero.locator('#hero-lnl td[data-digit="0"][data-color="0"]').focus()
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight']) await hero.keyboard.press(key)
  await said('A 1 in yellow')
  await group.getByLabel('unlearned').click()
  must(await hero.locator('table:visible caption').textContent() === 'unlearned network: 81 of 100 right' && Math.abs(await tall() - height) <= 2, 'one network, and the page below stays where it is')
  await group.getByLabel('baseline').click()
  must((await hero.locator('#hero-count').textContent()).includes('31 are answered'), 'the other one')
  await hero.context().close()
  const phone = await open({path: hero_path, viewport: {width: 390, height: 740}, hasTouch: true, isMobile: true})
  must(await phone.locator('table:visible').count() === 1, 'one network on a phone')
  await phone.locator('#hero-erm td[data-digit="7"][data-color="3"]').tap()
  await until('what was tapped', async () => (await phone.locator('#hero-says').textContent()).startsWith('A 7 in blue'), 5000)
  await phone.getByRole('group', {name: 'Whose answers?'}).getByLabel('both').click()
  const [wide, view] = await sideways(phone)
  must(wide <= view && await phone.locator('table:visible').count() === 2, `both: ${wide} > ${view}`)
  await phone.context().close()
  return `${height} pixels`
})

await test('no error or warning in the console, no request to another host', async () => {
  must(!trouble.length, trouble.join(' | '))
  must(!foreign.length, foreign.join(' | '))
})

await test('without results their parts are hidden, the rest works', async () => {
  missing = Object.keys(FAKES)
  const bare = await open()
  for (const id of ['film', 'map']) must(await bare.locator(`#${id}`).isHidden() && await bare.locator(`[data-part=${id}]`).isHidden(), `${id} is shown`)
  must(await bare.locator('#ten-table .answer').count() === 100, 'the grid is there')
  await bare.context().close()
})

await test('the files as they are: nothing is missing, no error, the parts that the manifest lists are shown', async () => {
  missing = []
  fakes = false
  const {parts} = JSON.parse(await readFile(root + MANIFEST)), bad = []
  const context = await browser.newContext(), real = await context.newPage()
  real.on('response', r => { if (r.status() >= 400) bad.push(`${r.status()} ${r.url()}`) })
  real.on('console', m => { if (['error', 'warning'].includes(m.type())) bad.push(m.text()) })
  real.on('pageerror', e => bad.push(e.message))
  await real.goto(`${origin}/${page_path}`)
  await real.waitForSelector('body[data-ready]', {timeout: PATIENCE})
  must(!bad.length, bad.join(' | '))
  for (const [name, id] of [['film', 'film'], ['grid', 'map']]) must(await real.locator(`#${id}`).isVisible() === parts.includes(name), `${id}: listed and shown differ`)
  await context.close()
  return parts.join(', ')
})

await test('without JavaScript there is a picture, and no list of parts', async () => {
  const still = await open({javaScriptEnabled: false}), loaded = e => e.complete && e.naturalWidth > 300 && e.alt.length > 50
  must(await still.locator('noscript img').evaluate(loaded), 'the picture has been loaded')
  must(await still.locator('nav').isHidden(), 'the list of parts is hidden')
  await still.goto(`${origin}/${hero_path}`)
  must(await still.locator('noscript img').evaluate(loaded), 'the picture of the first screen has been loaded')
  await still.goto(`${origin}/index.html`)
  must(await still.locator('.lnl-hero > img').evaluate(loaded), 'the first screen has its picture')
  await still.context().close()
})

await test('without its data the first screen shows a picture', async () => {
  missing = ['playground/tenbyten.json']
  const context = await browser.newContext(), hero = await context.newPage()
  await hero.goto(`${origin}/${hero_path}`)
  await hero.locator('#still').waitFor({timeout: PATIENCE})
  missing = []
  await context.close()
})

await test('links lead to pages that the site has: a notebook without its number, or a .qmd', async () => {
  const pages = new Set((await readdir(root)).filter(n => /\.(ipynb|qmd)$/.test(n)).map(n => n.replace(/^\d+_/, '').replace(/\.\w+$/, '.html')))
  const files = (await readdir(root + 'playground')).filter(n => /\.(html|js)$/.test(n)), links = []
  for (const name of files) for (const [, to] of (await readFile(`${root}playground/${name}`, 'utf8')).matchAll(/href="([^"#]+)[^"]*"/g)) links.push([name, to])
  const lost = links.filter(([, to]) => to.startsWith('../') ? !pages.has(to.slice(3)) : to !== 'data:,' && !/^[\w.]+\.css$/.test(to))
  must(!lost.length && links.some(([, to]) => to === '../toy.html'), lost.join(' | '))
  return `${links.length} links`
})

await test('opened as a file, it says what to do', async () => {
  const context = await browser.newContext(), file = await context.newPage()
  await file.goto(new URL(`../nbs/${page_path}`, import.meta.url).href)
  must((await file.locator('#trouble').textContent()).includes('http.server'), 'the way out is named')
  await context.close()
})

await browser.close()
server.close()
const passed = results.filter(Boolean).length
console.log(`${passed} passed, ${results.length - passed} failed`)
process.exit(passed === results.length && passed ? 0 : 1)
