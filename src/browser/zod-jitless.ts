/**
 * zod compiles its object parsers with `new Function` when it may, and the page's policy forbids that: even the
 * try would be reported. It decides when a schema is made, so this is the first import of every entry.
 */
import { config } from 'zod'

config({ jitless: true })
