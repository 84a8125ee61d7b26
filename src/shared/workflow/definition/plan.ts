import type { Json, JsonSchema, ToolDescriptor } from '../../tools/tool.ts'
import type {
  Condition,
  ForEach,
  StepDefinition,
  StepTaskOptions,
  Template,
  TriggerRule,
  WorkflowDefinition,
} from './definition.ts'

/** What a template refers to: known before anything runs. `output` by the step's index. */
export interface TemplateNeeds {
  input: boolean
  item: boolean
  index: boolean
  error: boolean
  /** Steps whose output it takes, with the JSON Pointers at which it does; an expression takes the whole (`''`). */
  outputs: ReadonlyMap<number, readonly string[]>
}

/** A template ready to be resolved. */
export interface CompiledTemplate {
  needs: TemplateNeeds
  /** Holds no reference: the value as it is. */
  constant?: { value: Json }
  /** What it is made of. */
  node: TemplateNode
  /** The expressions in it, which have to be evaluated first. */
  expressions: readonly ExpressionNode[]
  source: Template
}

export type TemplateNode =
  | { kind: 'value'; value: Json }
  | ReferenceNode
  | ExpressionNode
  | { kind: 'list'; parts: readonly TemplateNode[] }
  | { kind: 'object'; members: readonly (readonly [key: string, part: TemplateNode])[] }

/** `{"$from": …}`. */
export interface ReferenceNode {
  kind: 'reference'
  /** A step by its index, or what else may be referred to. */
  from: number | 'input' | 'item' | 'index' | 'error'
  /** As it is written: the step's id. */
  name: string
  /** Reference tokens of the JSON Pointer. */
  tokens: readonly string[]
}

/** `{"$expr": …}`, with all that its data has to hold. */
export interface ExpressionNode {
  kind: 'expression'
  text: string
  input: boolean
  item: boolean
  index: boolean
  error: boolean
  steps: readonly { id: string; index: number }[]
}

/** A step with all defaults, its place in the graph, and its templates compiled. */
export interface PlanStep {
  /** Its place in `definition.steps`. */
  index: number
  id: string
  definition: StepDefinition
  /** Indexes of what has to end first: `depends_on` and what its templates refer to; ascending. */
  dependencies: readonly number[]
  /** Indexes of the steps that it is a dependency of; ascending. */
  dependents: readonly number[]
  when?: { source: Condition; template: CompiledTemplate }
  triggerRule: TriggerRule
  onError: OnErrorPlan
  timeoutMs?: number
  work:
    | {
        kind: 'task'
        tool: ToolDescriptor
        params: CompiledTemplate
        options: StepTaskOptions
        cache: boolean
        forEach?: ForEachPlan
      }
    | {
        kind: 'workflow'
        /** Of the stored definition, resolved when the step starts; or written in place. */
        ref: { name: string; version?: string } | WorkflowDefinition
        input: CompiledTemplate
        forEach?: ForEachPlan
      }
    | { kind: 'wait'; ms: number }
    | { kind: 'until'; until: CompiledTemplate }
    | { kind: 'signal'; signal: string; message?: string; schema?: JsonSchema }
}

export interface ForEachPlan extends Required<Omit<ForEach, 'items'>> {
  items: CompiledTemplate
}

export type OnErrorPlan =
  | { kind: 'fail' | 'skip' }
  | { kind: 'continue'; value: CompiledTemplate }
  | {
      kind: 'run'
      tool: ToolDescriptor
      params: CompiledTemplate
      options: StepTaskOptions
      then: 'fail' | 'skip' | 'continue'
    }

/** A definition that was found right, as the engine works on it. */
export interface Plan {
  definition: WorkflowDefinition
  /** CID of the definition. */
  cid: string
  steps: readonly PlanStep[]
  /** Undefined for no step of this workflow. */
  step(id: string): PlanStep | undefined
  /** Indexes of the steps that nothing depends on. */
  ends: readonly number[]
  /** Indexes of the steps that depend on nothing. */
  beginnings: readonly number[]
  output?: CompiledTemplate
}
