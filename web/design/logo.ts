import { svg } from 'lit'

/** The mark: three devices, one mesh. Decorative, the name stands beside it. */
export const logo = svg`
  <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" class="logo">
    <rect width="32" height="32" rx="8" fill="#2b3fb8"></rect>
    <g stroke="#fff" stroke-width="1.8" stroke-linecap="round" opacity=".75">
      <path d="M16 8.5 8.5 21.5M16 8.5l7.5 13M8.5 21.5h15M16 8.5v8.6M16 17.1l-7.5 4.4M16 17.1l7.5 4.4"></path>
    </g>
    <g fill="#fff">
      <circle cx="16" cy="8.2" r="3"></circle>
      <circle cx="8.2" cy="21.8" r="3"></circle>
      <circle cx="23.8" cy="21.8" r="3"></circle>
      <circle cx="16" cy="17.2" r="2.4" fill="#9db0ff"></circle>
    </g>
  </svg>
`
