import { z } from 'zod'
import { MAX_DURATION_MS, taskOptions } from '../../queue/requests/task-options.ts'
import type { WorkflowDefinition } from './definition.ts'
import { DEFAULT_CONCURRENCY, MAX_CONCURRENCY, MAX_ITEMS, MAX_STEPS } from './limits.ts'
import { later, oneOf, onlyKey } from './one-of.ts'
import { strictObject } from './strict-object.ts'
import { condition, isObject, jsonSchema, params, template } from './template-schema.ts'
import { wait } from './wait-schema.ts'

/** Names that templates refer to, and that no step has. */
const RESERVED_IDS = ['input', 'item', 'index', 'error']

const stepId = z
  .string()
  .regex(/^[A-Za-z][\w-]{0,63}$/, 'letters, digits, _ and -, at most 64, beginning with a letter')
  .refine(id => !RESERVED_IDS.includes(id), `a name other than ${RESERVED_IDS.join(', ')}`)

const workflowName = z
  .string()
  .regex(/^[A-Za-z][\w.-]{0,63}$/, 'letters, digits, _, - and ., at most 64, beginning with a letter')

const toolName = z.string().min(1).max(128)
const duration = z.int().min(1).max(MAX_DURATION_MS)

const stepTaskOptions = {
  priority: taskOptions.priority.describe('1 to 10, 10 first; 5 unless given.'),
  requires: taskOptions.requires.describe('Labels that the running peer must have, as `kind:tab`.'),
  target: taskOptions.target.describe('Peer id that must run it.'),
  any_build: taskOptions.any_build.describe("Run also where the build of the tool's code differs."),
  retry: taskOptions.retry.describe('Attempts in all, and the delays between them.'),
  queue_timeout_ms: taskOptions.queue_timeout_ms.describe('Longest wait for a worker.'),
  attempt_timeout_ms: taskOptions.attempt_timeout_ms.describe('Longest time of one attempt.'),
  concurrency: taskOptions.concurrency.describe('At most `limit` tasks of this key run at once.'),
  rate: taskOptions.rate.describe('At most `limit` tasks of this key start within `per_ms`.'),
}

const onError = oneOf(
  {
    word: z.enum(['fail', 'skip', 'continue']),
    continue: strictObject({ continue: template }),
    run: strictObject({
      run: strictObject({ tool: toolName, params: params.exactOptional(), ...stepTaskOptions }),
      // biome-ignore lint/suspicious/noThenProperty: the definition's word; it is no function
      then: z.enum(['fail', 'skip', 'continue']).exactOptional().describe('`fail` unless given.'),
    }),
  },
  value => (typeof value === 'string' ? 'word' : onlyKey(value, ['continue', 'run'])),
  '"fail", "skip", "continue", {"continue": <value>} or {"run": {"tool": …}, "then"?: …}',
)

const forEach = strictObject(
  {
    items: template.describe(
      `A list of at most ${MAX_ITEMS} items, or a template that gives one, as {"$from": "split", "path": "/chunks"}.`,
    ),
    concurrency: z
      .int()
      .min(1)
      .max(MAX_CONCURRENCY)
      .exactOptional()
      .describe(`Items under way at once; ${DEFAULT_CONCURRENCY} unless given.`),
    max_failed: z
      .int()
      .min(0)
      .max(MAX_ITEMS)
      .exactOptional()
      .describe('Failed items that are borne, null in the output; 0 unless given.'),
  },
  '{"items": <a list, or a template that gives one>, "concurrency"?: …, "max_failed"?: …}',
)

const base = {
  id: stepId.describe('Unique in the workflow; what others refer to it by.'),
  title: z.string().max(200).exactOptional().describe('For people.'),
  depends_on: z
    .array(z.string())
    .max(MAX_STEPS)
    .exactOptional()
    .describe('Steps that have to end first; those that templates refer to need not be repeated here.'),
  when: condition
    .exactOptional()
    .describe(
      'A condition, looked at when its dependencies have ended: a JSONata expression over {input, steps: {<id>: output}}, as `steps.count.total > 3`, or {"$from": …}. When it is false the step is skipped, and by `all_succeeded` what depends on it.',
    ),
  trigger_rule: z
    .enum(['all_succeeded', 'one_succeeded', 'all_done'])
    .exactOptional()
    .describe('How its dependencies have to end, else it is skipped; `all_succeeded` unless given.'),
  on_error: onError
    .exactOptional()
    .describe(
      'What becomes of it when it fails: fail the workflow (unless given), skip what depends on it, continue with null or with {"continue": <default value>} as its output, or run a task that compensates it.',
    ),
  timeout_ms: duration.exactOptional().describe('For the whole step, with all retries and items.'),
}

const toolStep = strictObject({
  ...base,
  tool: toolName.describe('The tool that it runs as a task.'),
  params: params.exactOptional(),
  for_each: forEach
    .exactOptional()
    .describe(
      'Fan-out: once for each item of a list, to which `params` refer by {"$from": "item", "path"?: …}; the output is the list of outputs, in the order of the items.',
    ),
  cache: z
    .boolean()
    .exactOptional()
    .describe('A result that this (pure) tool gave for the same input before may be taken.'),
  ...stepTaskOptions,
})

const workflowStep = strictObject({
  ...base,
  workflow: oneOf(
    {
      stored: strictObject({
        name: workflowName,
        version: z
          .string()
          .regex(/^[\w.+-]{1,64}$/, 'letters, digits, _, ., + and -, at most 64')
          .exactOptional()
          .describe('The latest unless given.'),
      }),
      inline: later<WorkflowDefinition>(() => definitionSchema).meta({
        type: 'object',
        required: ['name', 'steps'],
        description: 'A definition like the one that it lies in.',
      }),
    },
    value => (isObject(value) ? (Object.hasOwn(value, 'steps') ? 'inline' : 'stored') : undefined),
    '{"name": …, "version"?: …} of a stored workflow, or a definition with `steps`',
  ).describe('The workflow that it runs.'),
  input: template.exactOptional().describe('Its input; {} unless given.'),
  for_each: forEach.exactOptional(),
})

const waitStep = strictObject({
  ...base,
  wait: wait.describe(
    'What it waits for: so many milliseconds, a time, or a signal, as for the approval of a person.',
  ),
})

const step = oneOf(
  { tool: toolStep, workflow: workflowStep, wait: waitStep },
  value => onlyKey(value, ['tool', 'workflow', 'wait']),
  'a step with exactly one of `tool`, `workflow` and `wait`',
)

/** A definition as it is submitted; what only shows when all of it is known is for `compile` to say. */
export const definitionSchema: z.ZodType<WorkflowDefinition> = strictObject({
  name: workflowName,
  description: z.string().max(4_000).exactOptional(),
  input_schema: jsonSchema.exactOptional().describe('What its input must be: a JSON Schema.'),
  steps: z.array(step).min(1).max(MAX_STEPS).describe('In any order.'),
  output: template
    .exactOptional()
    .describe('A template; unless given, the outputs of the steps that nothing depends on, by their ids.'),
  timeout_ms: duration.exactOptional().describe('For all of it.'),
  defaults: strictObject(stepTaskOptions)
    .exactOptional()
    .describe('For each tool step that does not say otherwise.'),
})
