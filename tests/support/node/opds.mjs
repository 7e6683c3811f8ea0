// Reads catalogues with r2-opds-js, the engine of Thorium, and prints what it saw: node opds.mjs URL...
import { DOMParser } from '@xmldom/xmldom'
import { convertOpds1ToOpds2 } from 'r2-opds-js/dist/es8-es2017/src/opds/converter.js'
import { initGlobalConverters_GENERIC } from 'r2-opds-js/dist/es8-es2017/src/opds/init-globals.js'
import { OPDS } from 'r2-opds-js/dist/es8-es2017/src/opds/opds1/opds.js'
import { OPDSFeed } from 'r2-opds-js/dist/es8-es2017/src/opds/opds2/opds2.js'
import { TaJsonDeserialize, TaJsonSerialize } from 'r2-lcp-js/dist/es8-es2017/src/serializable.js'
import { XML } from 'r2-utils-js/dist/es8-es2017/src/_utils/xml-js-mapper/index.js'

console.log = console.error // where r2-opds-js complains; what this program prints is JSON alone
initGlobalConverters_GENERIC()

const list = (value) => (value == null ? [] : Array.isArray(value) ? value : [value])
const text = (value) => value ?? ''
const words = (value) => (typeof value === 'object' ? Object.values(value)[0] : text(value)) // a text, or one by language

// r2 keeps the kind of 1.2 as it stands, and knows neither `length` of 1.2 nor `size` of 2.0 by a name of its own.
const link = (each) => ({
  rels: list(each.rel),
  href: text(each.href),
  type: text(each.type),
  title: text(each.title),
  templated: each.templated ?? false,
  size: each.size ?? null,
  count: each.properties?.numberOfItems ?? null,
})

const publication = ({ metadata = {}, links, images }) => ({
  title: words(metadata.title),
  identifier: text(metadata.identifier),
  authors: list(metadata.author).map((each) => words(each.name ?? each)),
  languages: list(metadata.language),
  subjects: list(metadata.subject).map((each) => words(each.name ?? each)),
  description: text(metadata.description),
  published: text(metadata.published),
  modified: text(metadata.modified),
  links: list(links).map(link),
  images: list(images).map(link),
})

const facet = (each) => ({ title: words(each.metadata?.title), links: list(each.links).map(link) })

const group = (each) => ({
  ...facet(each),
  navigation: list(each.navigation).map(link),
  publications: list(each.publications).map(publication),
})

const feed = ({ metadata = {}, links, navigation, publications, facets, groups }) => ({
  title: words(metadata.title),
  modified: text(metadata.modified),
  items: metadata.numberOfItems ?? null,
  itemsPerPage: metadata.itemsPerPage ?? null,
  page: metadata.currentPage ?? null,
  links: list(links).map(link),
  navigation: list(navigation).map(link),
  publications: list(publications).map(publication),
  facets: list(facets).map(facet),
  groups: list(groups).map(group),
})

const parse = (body, type) => {
  if (type.includes('json')) return TaJsonDeserialize(JSON.parse(body), OPDSFeed)
  const document = new DOMParser().parseFromString(body, 'application/xml')
  return convertOpds1ToOpds2(XML.deserialize(document, OPDS))
}

const seen = []
for (const url of process.argv.slice(2)) {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
  const parsed = parse(await answer.text(), text(answer.headers.get('content-type')))
  seen.push({ url, ...feed(TaJsonSerialize(parsed)) })
}
process.stdout.write(JSON.stringify(seen))
