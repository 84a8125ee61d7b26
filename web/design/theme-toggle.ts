import { html, LitElement, svg } from 'lit'
import { baseStyles } from './base-styles.ts'
import { buttonStyles } from './button-styles.ts'
import { chooseTheme, nextTheme, storedTheme, type Theme } from './theme.ts'

const ICONS = {
  system: svg`<circle cx="8" cy="8" r="6"></circle><path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor"></path>`,
  light: svg`<circle cx="8" cy="8" r="3"></circle><path d="M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13"></path>`,
  dark: svg`<path d="M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3z"></path>`,
}

/** Goes round device, light and dark; remembered on this device. */
export class ThemeToggle extends LitElement {
  static override styles = [baseStyles, buttonStyles]
  static override properties = { theme: { state: true } }

  declare theme: Theme

  constructor() {
    super()
    this.theme = storedTheme()
  }

  override render() {
    const label = this.theme === 'system' ? 'Theme: as the device' : `Theme: ${this.theme}`
    return html`
      <button class="quiet icon" type="button" title=${label} aria-label=${label} @click=${this.#next}>
        <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5"
          stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${ICONS[this.theme]}</svg>
      </button>
    `
  }

  #next(): void {
    this.theme = nextTheme(this.theme)
    chooseTheme(this.theme)
  }
}

customElements.define('tm-theme-toggle', ThemeToggle)
