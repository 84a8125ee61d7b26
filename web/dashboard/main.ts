import '../../src/browser/zod-jitless.ts'
import { applyTheme, storedTheme } from '../design/theme.ts'

applyTheme(storedTheme())
// Only now: a static import might be placed in a chunk that runs before this module.
void import('./dashboard.ts')
