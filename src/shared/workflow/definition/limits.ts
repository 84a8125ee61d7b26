/** What a definition may hold, each with its reason; see docs/LIMITS.md. */

/** Steps of one definition: each is a small record in memory while the workflow is open. */
export const MAX_STEPS = 100_000
/** Dependencies of all steps together: counted, sorted and kept in memory. */
export const MAX_DEPENDENCIES = 1_000_000
/** Items of one `for_each`. */
export const MAX_ITEMS = 100_000
/** Items of one `for_each` under way at once. */
export const MAX_CONCURRENCY = 1_000
export const DEFAULT_CONCURRENCY = 100
/** Workflows within workflows: a chain of them is kept open together. */
export const MAX_NESTED_WORKFLOWS = 8
/** Characters of one JSONata expression. */
export const MAX_EXPRESSION_CHARS = 10_000
/** Levels of nesting in a definition: JSON can be read far deeper than it can be written again. */
export const MAX_DEPTH = 256
/** Characters of a JSON Schema in a definition, as JSON. */
export const MAX_SCHEMA_CHARS = 64 * 1024
/** Schemas in a JSON Schema of a definition, those that are referred to counted each time: each value is held against them. */
export const MAX_SCHEMAS = 1_000
/** Comparisons of the parts of one given value with the schemas of a definition: about a second. */
export const MAX_COMPARISONS = 1_000_000
/** Comparisons of what the steps of one definition are given with what they take; the rest is for the tools to refuse. */
export const MAX_FIT_COMPARISONS = 2_000_000
/** Characters of all expressions of a definition that differ: each is read by a parser, some in quadratic time. */
export const MAX_EXPRESSIONS_CHARS = 512 * 1024
/** Faults that are told at once; more are counted. */
export const MAX_FAULTS = 100
