import { afterEach, describe, expect, it, vi } from 'vitest'
import { printLine, printTable } from './output.ts'

afterEach(() => void vi.restoreAllMocks())

describe('what is printed for a person', () => {
  it('shows control characters instead of obeying them', () => {
    let text = ''
    vi.spyOn(process.stdout, 'write').mockImplementation(chunk => {
      text += chunk
      return true
    })
    printLine('log: \u001b[2Jgone\nforged \u009b')
    printTable(['NAME'], [['a\u0007\r'], ['plain']])
    expect(text).toBe('log: \\x1b[2Jgone\\x0aforged \\x9b\nNAME\na\\x07\\x0d\nplain\n')
  })
})
