import { z } from 'zod'
import { contentFields, exactlyOneContent } from '../../src/shared/tools/content.ts'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { documentFormat, documentText } from './document-text.ts'

export default defineTool({
  name: 'document_extract_text',
  category: 'document',
  title: 'Extract the text of a document',
  description:
    'Extracts the readable plain text, and the title, of a PDF file, an HTML page or a Markdown document: without ' +
    'markup, scripts, images and link targets. PDFs go in as base64; the format is recognised unless it is given.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z
    .strictObject({
      ...contentFields('The document (text in UTF-8)'),
      name: z
        .string()
        .max(4_096)
        .optional()
        .describe('File name; its extension helps to recognise the format'),
      format: documentFormat
        .optional()
        .describe('Format of the document; left out, it is recognised by content and name'),
    })
    .refine(...exactlyOneContent),
  output: z.object({
    text: z.string().describe('The text'),
    format: documentFormat.describe('The format it was read as'),
    title: z.string().optional().describe('Title of the document, where it has one'),
    pages: z.int().optional().describe('Number of pages (PDF)'),
    characters: z.int().describe('Length of the text in UTF-16 code units'),
  }),
  async run(input, context) {
    const document = await documentText(input, context.signal, (page, pages) =>
      context.progress(page, pages, 'pages'),
    )
    return { ...document, characters: document.text.length }
  },
})
