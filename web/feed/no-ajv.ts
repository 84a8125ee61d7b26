import type { jsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/types.js'

/** Stands in for the SDK's default validator in the bundle; a client made without a validator fails at once. */
export class AjvJsonSchemaValidator implements jsonSchemaValidator {
  constructor() {
    throw new Error('Pass jsonSchemaValidator: the default one needs eval, which the page does not allow.')
  }

  getValidator(): never {
    throw new Error('unreachable')
  }
}
