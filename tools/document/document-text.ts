import { z } from 'zod'
import { bytesOfContent, type Content } from '../../src/shared/tools/content.ts'

export const documentFormat = z.enum(['html', 'markdown', 'pdf', 'text'])
export type DocumentFormat = z.infer<typeof documentFormat>

/** The text of a document, as a person reads it. */
export interface DocumentText {
  format: DocumentFormat
  text: string
  title?: string
  /** Number of pages, where the format has pages. */
  pages?: number
}

export interface DocumentSource extends Content {
  /** File name, for its extension. */
  name?: string | undefined
  /** What it is; left out, it is found by content and name. */
  format?: DocumentFormat | undefined
}

/** Extracts the text of a document. A format's library is loaded when the first document of it comes. */
export async function documentText(
  source: DocumentSource,
  signal: AbortSignal,
  onPage?: (page: number, pages: number) => void,
): Promise<DocumentText> {
  const format = source.format ?? formatOf(source)
  switch (format) {
    case 'pdf': {
      const { pdfText } = await import('./pdf-text.ts')
      return { format, ...(await pdfText(bytesOfContent(source), signal, onPage)) }
    }
    case 'markdown': {
      const { markdownText } = await import('./markdown-text.ts')
      return { format, ...markdownText(textOf(source)) }
    }
    case 'html': {
      const { htmlText } = await import('./html-text.ts')
      return { format, ...htmlText(textOf(source)) }
    }
    case 'text':
      return { format, text: textOf(source) }
  }
}

function formatOf(source: DocumentSource): DocumentFormat {
  // 1,024 characters of base64 are whole groups of four: they decode by themselves.
  const start = source.text?.slice(0, 1_024) ?? textOf({ base64: source.base64?.slice(0, 1_024) })
  if (start.startsWith('%PDF-')) return 'pdf'
  if (/^\s*(?:<!--[\s\S]*?-->\s*)?<(?:!doctype\s+html|html|head|body)[\s>]/i.test(start)) return 'html'
  if (/\.(?:md|markdown|mdx)$/i.test(source.name ?? '')) return 'markdown'
  if (/\.(?:html?|xhtml)$/i.test(source.name ?? '')) return 'html'
  return 'text'
}

/** The source as text: bytes are UTF-8 (a byte order mark may tell UTF-16). */
function textOf(source: DocumentSource): string {
  if (source.text !== undefined) return source.text.replace(/^\uFEFF/, '')
  const bytes = bytesOfContent(source)
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  return new TextDecoder().decode(bytes)
}
