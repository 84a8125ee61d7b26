/** An invite link is a credential: `…#v1.<secret>.<peer>` is shown and logged without its secret. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/#v1\.[^.\s]+/g, '#v1.…')
  return Array.isArray(value) ? value.map(withoutSecrets) : value
}

/** What stands for the value of a setting that is a credential. */
export const HIDDEN = '(not shown)'
