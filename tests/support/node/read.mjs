// Reads feeds with readers from npm, and prints what they saw: node read.mjs feedsmith|rss-parser URL
import { parseFeed } from 'feedsmith'
import Parser from 'rss-parser'

const [reader, url] = process.argv.slice(2)
const text = await (await fetch(url)).text()

const list = (value) => (value == null ? [] : Array.isArray(value) ? value : [value])
const iso = (value) => new Date(value).toISOString()

const feedsmith = () => {
  const { format, feed } = parseFeed(text)
  const items = list(feed.items ?? feed.entries)
  return {
    title: feed.title?.value ?? feed.title,
    items: items.map((item) => ({
      title: item.title?.value ?? item.title,
      link: item.link ?? item.url ?? list(item.links).find((each) => each.rel === 'alternate')?.href,
      id: item.guid?.value ?? item.id,
      date: iso(item.pubDate ?? item.published ?? item.date_published),
      authors: format === 'rss' ? list(item.dc?.creators ?? item.dc?.creator) : list(item.authors).map((each) => each.name),
      enclosures: [
        ...list(item.enclosures).map((each) => each.url),
        ...list(item.links).filter((each) => each.rel === 'enclosure').map((each) => each.href),
        ...list(item.attachments).map((each) => each.url),
      ],
    })),
  }
}

const rssParser = async () => {
  const feed = await new Parser().parseString(text)
  return {
    title: feed.title,
    items: feed.items.map((item) => ({
      title: item.title,
      link: item.link,
      id: item.guid ?? item.id,
      date: iso(item.isoDate),
      authors: list(item.creator ?? item.author),
      enclosures: list(item.enclosure).map((each) => each.url),
    })),
  }
}

console.log(JSON.stringify(await (reader === 'feedsmith' ? feedsmith() : rssParser())))
