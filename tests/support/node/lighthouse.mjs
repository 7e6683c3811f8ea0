// Audits a page as a phone with Lighthouse, and prints its scores and what costs points: node lighthouse.mjs URL PICTURE CATEGORY…
import { readFile } from 'node:fs/promises'
import lighthouse from 'lighthouse'
import puppeteer from 'puppeteer-core'

const [url, picture, ...onlyCategories] = process.argv.slice(2)
const { origin } = new URL(url)
const body = await readFile(picture)

const browser = await puppeteer.launch({
  executablePath: process.env.PUPPETEER_EXECUTABLE_PATH,
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
  timeout: 60_000,
  protocolTimeout: 60_000,
})
try {
  const tab = await browser.newPage()
  await tab.setRequestInterception(true)
  tab.on('request', (request) => {
    const own = request.url().startsWith(`${origin}/`) || /^(blob|data|about):/.test(request.url())
    if (own) return request.continue()
    if (request.resourceType() === 'image') return request.respond({ contentType: 'image/png', body })
    return request.abort('blockedbyclient') // the one failure that Lighthouse does not count
  })
  const { lhr } = await lighthouse(url, { logLevel: 'error', onlyCategories }, undefined, tab)
  if (lhr.runtimeError) throw new Error(`${lhr.runtimeError.code}: ${lhr.runtimeError.message}`)
  console.log(JSON.stringify(report(lhr)))
} finally {
  await browser.close()
}

function report({ audits, categories }) {
  const failed = ({ id, weight }) => weight && audits[id].score !== null && audits[id].score < 1
  return {
    scores: Object.fromEntries(Object.values(categories).map(({ id, score }) => [id, Math.round(100 * score)])),
    failures: Object.values(categories).flatMap((category) =>
      category.auditRefs.filter(failed).map(({ id }) => `${category.id}: ${describe(audits[id])}`),
    ),
  }
}

function describe({ title, displayValue, explanation, details }) {
  const items = (details?.items ?? []).slice(0, 3).map((item) => JSON.stringify(item))
  return [title, displayValue, explanation, ...items].filter(Boolean).join(': ')
}
