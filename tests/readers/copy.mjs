// Presses a button that copies, in Chromium under the policy of a page, and prints what came of it: node copy.mjs SCRIPT
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import puppeteer from 'puppeteer-core'

const page = `<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,"><script defer src="/script.js"></script>
<input id="feed" value="https://e.org/latest.rss" readonly><p id="status" role="status"></p>
<button type="button" data-copies="feed" data-copied="복사했습니다" hidden>복사</button>`
const policy = "default-src 'none'; script-src 'self'; img-src data:"
// What the clipboard of the browser is, and the one of old: the text that was given to it.
const clipboards = {
  new: () => {
    navigator.clipboard.writeText = async (text) => { window.given = text }
  },
  old: () => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined })
    document.execCommand = (command) => { window.given = `${command} ${getSelection()}`; return true }
  },
  refused: () => {
    navigator.clipboard.writeText = async () => { throw new Error('refused') }
  },
  'old and refused': () => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined })
    document.execCommand = () => false
  },
}

const server = createServer(async (request, response) => {
  const isPage = request.url === '/'
  response.writeHead(200, {
    'Content-Type': isPage ? 'text/html' : 'text/javascript',
    ...(isPage && { 'Content-Security-Policy': policy }),
  })
  response.end(isPage ? page : await readFile(process.argv[2]))
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))

const browser = await puppeteer.launch({
  executablePath: process.env.PUPPETEER_EXECUTABLE_PATH,
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
  timeout: 60_000,
  protocolTimeout: 60_000,
})
const look = () => {
  const button = document.querySelector('button')
  const input = document.querySelector('input')
  return {
    given: window.given ?? null,
    button: button.textContent,
    status: document.getElementById('status').textContent,
    focus: document.activeElement.tagName,
    selected: input.value.slice(input.selectionStart, input.selectionEnd),
    hidden: button.hidden,
  }
}
try {
  const seen = {}
  for (const [name, clipboard] of Object.entries(clipboards)) {
    const tab = await browser.newPage()
    const errors = []
    tab.on('console', (message) => errors.push(message.text()))
    tab.on('pageerror', (error) => errors.push(error.message))
    await tab.evaluateOnNewDocument(clipboard)
    await tab.goto(`http://127.0.0.1:${server.address().port}`)
    await tab.click('button')
    await tab.click('button')
    const pressed = await tab.evaluate(look)
    await new Promise((later) => setTimeout(later, 2200))
    seen[name] = { pressed, later: await tab.evaluate(look), errors }
    await tab.close()
  }
  process.stdout.write(JSON.stringify(seen))
} finally {
  await browser.close()
  server.close()
}
