import { getDocumentProxy } from 'unpdf'
import { InvalidInputError } from '../../src/shared/tools/errors.ts'
import { loadPdfjs } from './load-pdfjs.ts'

const MAX_PAGES = 5_000
/** pdf.js reports only errors, not each oddity of a file. */
const ERRORS_ONLY = 0
/** Stands for a glyph whose character the file does not tell; pdf.js gives NUL. */
const UNKNOWN = '\uFFFD'

/** The text of a PDF, pages parted by a blank line. Throws InvalidInputError for a damaged or locked file. */
export async function pdfText(
  bytes: Uint8Array,
  signal: AbortSignal,
  onPage?: (page: number, pages: number) => void,
): Promise<{ text: string; pages: number; title?: string }> {
  await loadPdfjs()
  const pdf = await open(bytes)
  try {
    if (pdf.numPages > MAX_PAGES)
      throw new InvalidInputError('/base64', `${pdf.numPages} pages`, `at most ${MAX_PAGES} pages`)
    const pages: string[] = []
    for (let number = 1; number <= pdf.numPages; number++) {
      signal.throwIfAborted()
      const page = await pdf.getPage(number)
      const { items } = await page.getTextContent()
      pages.push(items.map(item => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join(''))
      page.cleanup()
      onPage?.(number, pdf.numPages)
    }
    const title = titleOf((await pdf.getMetadata()).info)
    return {
      text: pages.join('\n\n').replaceAll('\0', UNKNOWN).trim(),
      pages: pages.length,
      ...(title === undefined ? {} : { title }),
    }
  } finally {
    await pdf.loadingTask.destroy()
  }
}

async function open(bytes: Uint8Array): ReturnType<typeof getDocumentProxy> {
  try {
    return await getDocumentProxy(bytes, { verbosity: ERRORS_ONLY })
  } catch (error) {
    throw new InvalidInputError(
      '/base64',
      error instanceof Error ? error.message : String(error),
      'a readable PDF without a password',
    )
  }
}

function titleOf(info: object): string | undefined {
  return 'Title' in info && typeof info.Title === 'string' && info.Title.trim() !== ''
    ? info.Title.trim()
    : undefined
}
