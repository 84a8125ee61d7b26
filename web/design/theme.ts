/** `system` follows the device. */
export type Theme = 'system' | 'light' | 'dark'

const KEY = 'toolmesh.theme'
const ORDER: readonly Theme[] = ['system', 'light', 'dark']

/** The theme that was chosen on this device. */
export function storedTheme(): Theme {
  try {
    const value = localStorage.getItem(KEY)
    return ORDER.find(theme => theme === value) ?? 'system'
  } catch {
    // Storage can be switched off; the page then follows the device.
    return 'system'
  }
}

/** Shows `theme` and tells charts and the like by a `tm-theme` event on the window. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  window.dispatchEvent(new Event('tm-theme'))
}

export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // Not remembered, still shown.
  }
  applyTheme(theme)
}

/** system, light, dark, and round again. */
export function nextTheme(theme: Theme): Theme {
  return ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length] ?? 'system'
}
