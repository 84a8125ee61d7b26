/** Whether an object is a record as JSON knows it: made by `{}`, `Object.create(null)` or JSON.parse, in any realm. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}
