// Shows a book in epub.js in Chromium, and prints what a person would see: node render.mjs BOOK OUT WIDTH HEIGHT
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import puppeteer from 'puppeteer-core'

const [book, out, width, height] = process.argv.slice(2)
const { resolve } = createRequire(import.meta.url)
const page = `<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,"><style>body { margin: 0 }</style>
<div id="area"></div><script src="/jszip.js"></script><script src="/epub.js"></script><script src="/see.js"></script>`
const files = {
  '/': ['text/html', () => page],
  '/jszip.js': ['text/javascript', () => readFile(resolve('jszip/dist/jszip.min.js'))],
  '/epub.js': ['text/javascript', () => readFile(resolve('epubjs/dist/epub.min.js'))],
  '/see.js': ['text/javascript', () => readFile(new URL('see.js', import.meta.url))],
  '/book.epub': ['application/epub+zip', () => readFile(book)],
}

const server = createServer(async (request, response) => {
  const [type, read] = files[request.url] ?? []
  response.writeHead(read ? 200 : 404, { 'Content-Type': type ?? 'text/plain' })
  response.end(read ? await read() : '')
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const origin = `http://127.0.0.1:${server.address().port}`

const browser = await puppeteer.launch({
  executablePath: process.env.PUPPETEER_EXECUTABLE_PATH,
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--font-render-hinting=none'],
  timeout: 60_000,
  protocolTimeout: 60_000,
})
try {
  const tab = await browser.newPage()
  await tab.setViewport({ width: Number(width), height: Number(height) })
  const errors = []
  const told = () => errors.splice(0)
  const again = /^Failed to load resource/ // said below, with the address
  tab.on('console', (message) => {
    if (['error', 'warn'].includes(message.type()) && !again.test(message.text())) errors.push(message.text())
  })
  tab.on('pageerror', (error) => errors.push(error.message))
  await tab.setRequestInterception(true)
  tab.on('request', (request) => {
    const own = request.url().startsWith(`${origin}/`) || /^(blob|data|about):/.test(request.url())
    if (!own) errors.push(`asks for ${request.url()}`)
    return own ? request.continue() : request.abort()
  })
  tab.on('response', (response) => response.ok() || errors.push(`${response.status()} for ${response.url()}`))

  await tab.goto(origin)
  const { hrefs, ...opened } = await tab.evaluate((...size) => window.openBook(...size), Number(width), Number(height))
  const result = { ...opened, errors: told(), pages: [] }
  for (const [number, href] of hrefs.entries()) {
    const { broken, ...seen } = await tab.evaluate((each) => window.see(each), href)
    const screenshot = join(out, `${String(number + 1).padStart(3, '0')}.png`)
    await tab.screenshot({ path: screenshot })
    result.pages.push({ href, ...seen, screenshot, errors: [...broken, ...told()] })
  }
  process.stdout.write(JSON.stringify(result))
} finally {
  await browser.close()
  server.close()
}
