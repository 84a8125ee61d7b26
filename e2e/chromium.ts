/**
 * Which Chromium the end-to-end tests drive: the one present, else Playwright's own download, else Debian's
 * package (as root). Run as a command it installs what is missing; imported it only looks.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chromium } from 'playwright'

const PRESENT = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
]

/** Path of a Chromium that is installed, or undefined. `CHROMIUM_PATH` names one by hand. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH
  return [...(named ? [named] : []), ...PRESENT, chromium.executablePath()].find(path => existsSync(path))
}

/** Flags that the tests start it with. Background networking is off: no test leaves this machine. */
export const CHROMIUM_ARGS: readonly string[] = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
]

function install(): string | undefined {
  spawnSync('npx', ['playwright', 'install', 'chromium'], { stdio: 'ignore', timeout: 120_000 })
  const downloaded = findChromium()
  if (downloaded !== undefined || process.getuid?.() !== 0) return downloaded
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env })
  execFileSync('apt-get', ['install', '-y', '-qq', 'chromium'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  })
  return findChromium()
}

if (import.meta.main) {
  const path = findChromium() ?? install()
  if (path === undefined) {
    console.error('no Chromium: install the package `chromium`, or name one with CHROMIUM_PATH')
    process.exit(1)
  }
  console.log(`Chromium: ${path}`)
}
