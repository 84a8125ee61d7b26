import type { Platform, Reach, ToolDescriptor } from '../tools/tool.ts'

/** What a place gives to the tools that run in it. */
export interface Place {
  platform: Platform
  /** What tools may reach outside their own memory here; empty (the default of a new mesh) allows only pure computation. */
  allow: readonly Reach[]
}

/** Whether a tool can and may run in a place. */
export function runsIn(tool: ToolDescriptor, place: Place): boolean {
  return (
    tool.platforms.includes(place.platform) && tool.effects.reach.every(reach => place.allow.includes(reach))
  )
}
