const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** `1,234`, and from 100,000 on `123.4K`. */
export function formatCount(value: number): string {
  return value < 100_000 ? WHOLE.format(value) : COMPACT.format(value)
}

/** A rate a second: one decimal below 10. */
export function formatRate(value: number): string {
  return value > 0 && value < 10 ? value.toFixed(1) : formatCount(value)
}
