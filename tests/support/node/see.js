// Runs in the page of render.mjs: opens the book with epub.js, and says what stands on the screen.
let book
let rendition

window.openBook = async (width, height) => {
  book = ePub()
  await book.open('/book.epub') // which, unlike ePub('/book.epub'), fails on what is no book
  rendition = book.renderTo('area', { width, height, flow: 'paginated', spread: 'none' })
  const [{ toc }, metadata, cover] = [await book.loaded.navigation, await book.loaded.metadata, await book.coverUrl()]
  await book.ready
  const flat = (items, depth) =>
    items.flatMap((item) => [
      { label: item.label.trim(), href: item.href, depth, opens: book.spine.get(item.href) !== null },
      ...flat(item.subitems ?? [], depth + 1),
    ])
  const hrefs = book.spine.spineItems.map((item) => item.href)
  return { title: metadata.title, language: metadata.language, cover: Boolean(cover), contents: flat(toc, 1), hrefs }
}

window.see = async (href) => {
  await rendition.display(href)
  const { document } = rendition.getContents()[0]
  await document.fonts.ready
  const images = [...document.images]
  await Promise.all(images.map((image) => image.decode().catch(() => undefined)))
  const { width, divisor, pageWidth } = rendition.manager.layout
  const text = document.body.innerText.trim()
  return {
    text: text.length,
    images: images.map((image) => ({ alt: image.alt, width: image.naturalWidth, height: image.naturalHeight })),
    screens: screens(document, width / divisor, Math.ceil(document.documentElement.scrollWidth / pageWidth)),
    overflows: overflows(document, width / divisor),
    boxes: boxes(text, document),
    broken: [...document.querySelectorAll('parsererror')].map((each) => each.textContent.trim()),
  }
}

// What crosses the edge of its page. epub.js makes pages of columns, one beside the other.
const overflows = (document, stride) => {
  const view = document.defaultView
  const { paddingLeft, paddingRight } = view.getComputedStyle(document.body)
  const [left, right] = [parseFloat(paddingLeft), stride - parseFloat(paddingRight)]
  const crosses = ({ left: start, width, height }) => {
    const place = (((start + view.scrollX) % stride) + stride) % stride
    return width > 0 && height > 0 && (place < left - 1 || place + width > right + 1)
  }
  const found = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const range = document.createRange()
    range.selectNodeContents(walker.currentNode)
    if (walker.currentNode.data.trim() && [...range.getClientRects()].some(crosses)) found.push(walker.currentNode.data.trim())
  }
  for (const each of document.querySelectorAll('img, svg, math, table, video, audio, object, hr, pre')) {
    if ([...each.getClientRects()].some(crosses)) found.push(`<${each.localName}>`)
  }
  return found
}

// What stands last on each screen: how much of the screen is empty below it, and the heading or the facts that it is.
const screens = (document, stride, count) => {
  const view = document.defaultView
  const { paddingTop, paddingBottom } = view.getComputedStyle(document.body)
  const [top, bottom] = [parseFloat(paddingTop), view.innerHeight - parseFloat(paddingBottom)]
  const last = Array.from({ length: count }, () => ({ bottom: top, kept: '' }))
  const place = ({ left, bottom: end, width, height }, kept) => {
    const screen = last[Math.floor((left + view.scrollX) / stride)]
    if (screen && width > 0 && height > 0 && end > screen.bottom - 2) Object.assign(screen, { bottom: Math.max(end, screen.bottom), kept })
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const range = document.createRange()
    range.selectNodeContents(walker.currentNode)
    const kept = walker.currentNode.parentElement.closest('h1, h2, .opening, .label')?.textContent.trim() ?? ''
    if (walker.currentNode.data.trim()) [...range.getClientRects()].forEach((box) => place(box, kept))
  }
  for (const each of document.images) [...each.getClientRects()].forEach((box) => place(box, ''))
  return last.map(({ bottom: end, kept }) => ({ empty: Math.max(0, (bottom - end) / (bottom - top)), kept }))
}

// The characters for which no font has a picture: they look like one that no font can have.
const boxes = (text, document) => {
  const canvas = Object.assign(window.document.createElement('canvas'), { width: 32, height: 32 })
  const pen = canvas.getContext('2d', { willReadFrequently: true })
  pen.font = `20px ${document.defaultView.getComputedStyle(document.body).fontFamily}`
  const picture = (character) => {
    pen.clearRect(0, 0, 32, 32)
    pen.fillText(character, 4, 24)
    return pen.getImageData(0, 0, 32, 32).data.join()
  }
  const nothing = picture('\u{10FFFE}')
  return [...new Set(text.replace(/\s/gu, ''))].filter((character) => picture(character) === nothing).join('')
}
