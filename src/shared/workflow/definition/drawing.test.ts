import { describe, expect, it } from 'vitest'
import { criticalPath, orderOf, stepsBefore } from './critical-path.ts'
import { planOf } from './definition.fixture.ts'
import { toDot, toMermaid } from './drawing.ts'
import { dryRun } from './dry-run.ts'

const diamond = planOf({
  name: 'diamond',
  steps: [
    { id: 'join', tool: 'say', params: { text: 'end' }, depends_on: ['left', 'right', 'start'] },
    { id: 'left', tool: 'say', params: { text: { $from: 'start', path: '/text' } } },
    { id: 'right', title: 'the "slow" <one>\n`x` --> y', wait: { ms: 5 }, depends_on: ['start'] },
    { id: 'start', tool: 'say', params: { text: 'go' } },
  ],
})

describe('critical path', () => {
  it('is the chain that took longest', () => {
    const took: Record<string, number> = { start: 10, left: 5, right: 70, join: 1 }
    const path = criticalPath(diamond, step => took[step.id] ?? 0)
    expect(path.steps.map(step => step.id)).toEqual(['start', 'right', 'join'])
    expect(path.length).toBe(81)
  })

  it('is by steps where nothing ran yet', () => {
    expect(criticalPath(diamond).steps.map(step => step.id)).toEqual(['start', 'left', 'join'])
    expect(stepsBefore(diamond)).toEqual([2, 1, 1, 0])
    expect(orderOf(diamond).map(step => step.id)).toEqual(['start', 'left', 'right', 'join'])
  })
})

it('a dry run tells what would run', () => {
  expect(dryRun(diamond)).toEqual({
    name: 'diamond',
    definition_cid: diamond.cid,
    steps: [
      { id: 'join', kind: 'task', tool: 'say', depends_on: ['left', 'right', 'start'], after: 2 },
      { id: 'left', kind: 'task', tool: 'say', depends_on: ['start'], after: 1 },
      { id: 'right', kind: 'wait', depends_on: ['start'], after: 1 },
      { id: 'start', kind: 'task', tool: 'say', depends_on: [], after: 0 },
    ],
    critical_path: ['start', 'left', 'join'],
    order: ['start', 'left', 'right', 'join'],
  })
})

describe('a drawing', () => {
  const stateOf = ({ id }: { id: string }) => (id === 'start' ? 'succeeded' : 'pending')

  it('in Mermaid tells states by class and shape, and texts open nothing', () => {
    expect(toMermaid(diamond, { stateOf, critical: criticalPath(diamond).steps })).toBe(
      [
        'flowchart LR',
        '  s0["join<br/>say<br/>pending"]:::pending',
        '  s1["left<br/>say<br/>pending"]:::pending',
        '  s2["right: the #34;slow#34; #60;one#62; #96;x#96; --#62; y<br/>wait 5 ms<br/>pending"]:::pending',
        '  s3("start<br/>say<br/>succeeded"):::succeeded',
        '  s1 ==> s0',
        '  s2 --> s0',
        '  s3 --> s0',
        '  s3 ==> s1',
        '  s3 --> s2',
        '  classDef pending fill:#ffffff,stroke:#6b7280,color:#111827,stroke-dasharray:4',
        '  classDef succeeded fill:#dcfce7,stroke:#15803d,color:#111827',
        '',
      ].join('\n'),
    )
  })

  it('in DOT tells states by colour and shape, and texts end nothing', () => {
    const dot = toDot(diamond, { stateOf, critical: criticalPath(diamond).steps })
    expect(dot).toContain('digraph "diamond" {')
    expect(dot).toContain(String.raw`s2 [label="right: the \"slow\" <one>\n`)
    expect(dot).toContain(
      String.raw`s3 [label="start\nsay\nsucceeded",shape=box,style="filled,rounded",fillcolor="#dcfce7",color="#15803d"];`,
    )
    expect(dot).toContain('  s3 -> s1 [penwidth=3];\n  s3 -> s2;')
  })

  it('of many steps shows the first that run and says how many more there are', () => {
    const options = { maxSteps: 2 }
    expect(toMermaid(diamond, options)).toContain('rest["and 2 more steps"]')
    expect(toMermaid(diamond, options).match(/-->/g)).toHaveLength(1)
    expect(toDot(diamond, options)).toContain('rest [label="and 2 more steps"')
  })
})
