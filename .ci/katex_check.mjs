// node katex_check.mjs KATEX_MODULE < formulas.json: prints the formulas that KaTeX cannot parse, as JSON.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const katex = (await import(pathToFileURL(process.argv[2]))).default
const wrong = JSON.parse(readFileSync(0, 'utf8')).flatMap(([where, tex, displayMode]) => {
  try { katex.renderToString(tex, { displayMode, throwOnError: true, strict: false }); return [] }
  catch (e) { return [`${where}: ${e.message}`] }
})
console.log(JSON.stringify(wrong))
