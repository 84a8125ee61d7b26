import { compile, type HtmlToTextOptions } from 'html-to-text'

/** Deepest nesting that is read; what lies below becomes an ellipsis. Far from every engine's stack limit. */
const MAX_DEPTH = 500

const OPTIONS: HtmlToTextOptions = {
  wordwrap: false,
  limits: { maxDepth: MAX_DEPTH },
  formatters: {
    cell(element, walk, builder) {
      walk(element.children, builder)
      builder.addLiteral('\t')
    },
  },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
    { selector: 'nav', format: 'skip' },
    { selector: 'h1', options: { uppercase: false } },
    { selector: 'h2', options: { uppercase: false } },
    { selector: 'h3', options: { uppercase: false } },
    { selector: 'h4', options: { uppercase: false } },
    { selector: 'h5', options: { uppercase: false } },
    { selector: 'h6', options: { uppercase: false } },
    // A row is a line with a tab after each cell: the library's own tables are padded for the eye.
    { selector: 'table', format: 'block' },
    { selector: 'tr', format: 'block', options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
    { selector: 'td', format: 'cell' },
    { selector: 'th', format: 'cell' },
  ],
}

/** Compiled once: for a short document that takes longer than its conversion. */
const convert = compile(OPTIONS)

/** The text of an HTML page as it reads, without scripts, styles, navigation, images and link targets. Needs no DOM. */
export function htmlText(html: string): { text: string; title?: string } {
  const title = firstText(html, 'title') || firstText(html, 'h1')
  return { text: convert(html), ...(title === '' ? {} : { title }) }
}

/** The text of the first element of that name; empty when there is none. */
export function firstText(html: string, element: string): string {
  const start = html.search(new RegExp(`<${element}[\\s>]`, 'i'))
  if (start === -1) return ''
  const rest = html.slice(start)
  const end = rest.search(new RegExp(`</${element}\\s*>`, 'i'))
  const inside = end === -1 ? '' : rest.slice(rest.indexOf('>') + 1, end)
  return convert(inside).replace(/\s+/g, ' ').trim()
}
