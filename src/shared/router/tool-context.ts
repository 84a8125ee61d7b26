import type { LogLine, Progress, ToolContext } from '../tools/tool.ts'

/** Where a running tool's words go. */
export interface ToolVoice {
  onProgress?: ((progress: Progress) => void) | undefined
  onLog?: ((line: LogLine) => void) | undefined
}

/** The context that a tool is handed: its signal, and its words as records without empty fields. */
export function toolContext(signal: AbortSignal, voice: ToolVoice): ToolContext {
  return {
    signal,
    progress(done, total, message) {
      voice.onProgress?.({
        done,
        ...(total === undefined ? {} : { total }),
        ...(message === undefined ? {} : { message }),
      })
    },
    log(level, message, data) {
      voice.onLog?.({ level, message, ...(data === undefined ? {} : { data }) })
    },
  }
}
