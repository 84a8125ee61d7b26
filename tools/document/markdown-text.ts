import { Marked } from 'marked'
import { InvalidInputError } from '../../src/shared/tools/errors.ts'
import { firstText, htmlText } from './html-text.ts'

const marked = new Marked({ gfm: true, async: false })

/** YAML front matter at the very start, as site generators use it. */
const FRONT_MATTER = /^---\r?\n[\s\S]*?\r?\n---[ \t]*(?:\r?\n|$)/

/** The text of a Markdown document (CommonMark with GitHub's additions); HTML inside it is read as HTML. */
export function markdownText(markdown: string): { text: string; title?: string } {
  const html = htmlOf(markdown.replace(FRONT_MATTER, ''))
  const title = firstText(html, 'h1')
  return { text: htmlText(html).text, ...(title === '' ? {} : { title }) }
}

function htmlOf(markdown: string): string {
  try {
    return marked.parse(markdown, { async: false })
  } catch (error) {
    // The parser recurses into quotes and lists, and sets no limit.
    if (error instanceof RangeError)
      throw new InvalidInputError('', 'quotes or lists', 'Markdown that nests less deeply')
    throw error
  }
}
