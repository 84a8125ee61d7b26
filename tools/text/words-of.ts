/** A word: letters and digits of any script, with apostrophes, hyphens and underscores inside. */
const WORD = /[\p{L}\p{N}]+(?:['’_-][\p{L}\p{N}]+)*/gu

/** A word of a text: lower-case by the locale-independent Unicode mapping, with its place in UTF-16 code units. */
export interface Word {
  text: string
  start: number
  end: number
}

/** The words of a text in order. No `Intl`: its results differ between the ICU versions of engines. */
export function wordsOf(text: string): Word[] {
  return Array.from(text.matchAll(WORD), match => ({
    text: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }))
}
