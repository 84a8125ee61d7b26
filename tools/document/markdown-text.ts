import { Marked } from 'marked'
import { firstText, htmlText } from './html-text.ts'

const marked = new Marked({ gfm: true, async: false })

/** YAML front matter at the very start, as site generators use it. */
const FRONT_MATTER = /^---\r?\n[\s\S]*?\r?\n---[ \t]*(?:\r?\n|$)/

/** The text of a Markdown document (CommonMark with GitHub's additions); HTML inside it is read as HTML. */
export function markdownText(markdown: string): { text: string; title?: string } {
  const html = marked.parse(markdown.replace(FRONT_MATTER, ''), { async: false })
  const title = firstText(html, 'h1')
  return { text: htmlText(html).text, ...(title === '' ? {} : { title }) }
}
