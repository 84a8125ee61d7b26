import type { ConcurrencyKey, RateKey, RetryPolicy } from '../../queue/task.ts'
import type { Json, JsonObject, JsonSchema } from '../../tools/tool.ts'

/**
 * A JSON value in which objects of one of these forms, at any depth, stand for a value that is known only when the step starts:
 * - `{"$from": "<step id>", "path": "/chunks/0"}`: the output of a step, or what lies at a JSON Pointer (RFC 6901) in it;
 *   instead of a step id `input` (of the workflow), and where there are such: `item` and `index` (of a `for_each`),
 *   `error` (of the failed step, in its `on_error`); the names of the four are no step ids;
 * - `{"$expr": "<JSONata>"}`: an expression over `{input, steps: {<id>: output}, item, index, error}`;
 * - `{"$literal": <any JSON>}`: the value as it is, whatever it looks like.
 */
export type Template = Json

/** True or false when its dependencies have ended: a JSONata expression, or a reference; JSONata's `$boolean` casts it. */
export type Condition = string | JsonObject

/** What a step's task may be given beside its tool and params; see TaskRequest. Durations in milliseconds. */
export interface StepTaskOptions {
  priority?: number
  requires?: string[]
  target?: string
  any_build?: boolean
  retry?: Partial<RetryPolicy>
  queue_timeout_ms?: number
  attempt_timeout_ms?: number
  concurrency?: ConcurrencyKey
  rate?: RateKey
}

/**
 * When a step runs, by how its dependencies ended; a dependency that failed and goes on with another value has succeeded.
 * - `all_succeeded` (default): each of them succeeded; else the step is skipped;
 * - `one_succeeded`: all ended, one at least succeeded;
 * - `all_done`: all ended, however.
 * What it refers to and has no output is null.
 */
export type TriggerRule = 'all_succeeded' | 'one_succeeded' | 'all_done'

/**
 * What becomes of a failed step.
 * - `fail` (default): what depends on it is skipped, the rest goes on, and the workflow ends `failed`;
 * - `skip`: what depends on it is skipped, and the workflow may end `succeeded`;
 * - `continue`: its output is `null`, or the given value (a template that may refer to `error`), and what depends on it runs;
 * - `run`: a task that compensates it (its params may refer to `error`); then as `then` says, `continue` with the task's
 *   output. Where that task fails too, the step is failed as by `fail`.
 */
export type OnError =
  | 'fail'
  | 'skip'
  | 'continue'
  | { continue: Template }
  | {
      run: { tool: string; params?: Template } & StepTaskOptions
      /** Default `fail`. */
      then?: 'fail' | 'skip' | 'continue'
    }

/** The step once for each item of a list; its output is the list of outputs, in the order of the items. */
export interface ForEach {
  /** A template that gives a list, of at most 100,000 items. */
  items: Template
  /** Items under way at once, 1 to 1,000; default 100. */
  concurrency?: number
  /**
   * Failed items that are borne, default 0; the output holds null in their places. With one more no further item starts,
   * those that run are cancelled, and the step fails.
   */
  max_failed?: number
}

interface StepBase {
  /** Letters, digits, `_` and `-`, at most 64, beginning with a letter; unique in its workflow. */
  id: string
  /** For people. */
  title?: string
  /** Steps that have to end first; those that templates name need not be repeated here. */
  depends_on?: string[]
  /** False: the step is skipped. */
  when?: Condition
  trigger_rule?: TriggerRule
  on_error?: OnError
  /** Milliseconds for the whole step, with all retries and items; over: it fails with `timed_out`. */
  timeout_ms?: number
}

/** Runs a tool as a task. */
export interface ToolStep extends StepBase, StepTaskOptions {
  tool: string
  params?: Template
  for_each?: ForEach
  /** A result that this tool (`pure`) gave for the same input before may be taken in place of a task. Default false. */
  cache?: boolean
}

/** Runs a workflow of its own: a stored one (the latest version unless one is named), or one that is written here. */
export interface WorkflowStep extends StepBase {
  workflow: { name: string; version?: string } | WorkflowDefinition
  /** Its input; default `{}`. */
  input?: Template
  for_each?: ForEach
}

/** Waits, for a time or for somebody. */
export interface WaitStep extends StepBase {
  wait:
    | { ms: number }
    /** A template that gives a time (ISO 8601); one that has passed does not wait. */
    | { until: Template }
    /** Its output is the payload of the signal; one that came before the step waits for it. */
    | {
        signal: string
        /** What a person is asked. */
        message?: string
        /** What the payload must be: an object of plain fields (MCP elicitation's subset of JSON Schema). */
        schema?: JsonSchema
      }
}

export type StepDefinition = ToolStep | WorkflowStep | WaitStep

/** A directed acyclic graph of steps, as it is submitted: plain JSON. */
export interface WorkflowDefinition {
  /** Letters, digits, `_`, `-` and `.`, at most 64, beginning with a letter. */
  name: string
  description?: string
  /** What its input must be. */
  input_schema?: JsonSchema
  /** 1 to 100,000. */
  steps: StepDefinition[]
  /** Default: the outputs of the steps that nothing depends on, by their ids. */
  output?: Template
  /** Milliseconds for all of it; over: what runs is cancelled and it ends `failed` with `timed_out`. */
  timeout_ms?: number
  /** For each tool step that does not say otherwise. */
  defaults?: StepTaskOptions
}
