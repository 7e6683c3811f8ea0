// Lays a book out with MuPDF, and prints what stands last on each screen of the documents in its table of contents, for
// the headings given on stdin: node mupdf.mjs BOOK WIDTH HEIGHT
import { readFileSync } from 'node:fs'
import * as mupdf from 'mupdf'

const [book, width, height] = process.argv.slice(2)
const bare = (text) => text.replace(/\s/g, '')
const headings = JSON.parse(readFileSync(0, 'utf8')).map(bare)
const margin = 16 // 1em, as the book says

const document = mupdf.Document.openDocument(readFileSync(book), 'application/epub+zip')
document.layout(Number(width), Number(height), 16)

const screen = (number) => {
  let [bottom, last, line] = [margin, '', '']
  const place = (end, text) => {
    if (end > bottom) [bottom, last] = [end, text]
  }
  let end = 0
  document.loadPage(number).toStructuredText('preserve-images').walk({
    onImageBlock: (box) => place(box[3], ''),
    beginLine: (box) => ([line, end] = ['', box[3]]),
    onChar: (character) => (line += character),
    endLine: () => line.trim() && place(end, line),
  })
  const kept = headings.some((heading) => last && heading.endsWith(bare(last))) ? last.trim() : ''
  return { empty: Math.max(0, (height - margin - bottom) / (height - 2 * margin)), kept }
}

const entries = (items) => items.flatMap((item) => [item, ...entries(item.down ?? [])])
const starts = new Map()
for (const { uri } of entries(document.loadOutline())) {
  const file = uri.split('#')[0]
  starts.set(file, document.resolveLink(file))
}
const first = [...starts.values(), document.countPages()]
const result = first.slice(0, -1).map((start, index) => {
  const screens = []
  for (let number = start; number < first[index + 1]; number++) screens.push(screen(number))
  return screens
})
process.stdout.write(JSON.stringify(result))
