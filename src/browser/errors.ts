import { type ErrorCode, ToolmeshError } from '../shared/errors.ts'

/** Why the tab cannot be in the mesh, with what a person can do about it. */
export class TabError extends ToolmeshError {
  readonly hint: string

  constructor(code: ErrorCode, message: string, hint: string) {
    super(code, message)
    this.hint = hint
  }
}

/** The page was opened over plain HTTP from another machine: browsers then give it no cryptography. */
export class InsecureContextError extends TabError {
  constructor() {
    super(
      'unavailable',
      'this page is not in a secure context',
      'Open it by https (start the node with --lan), or on the node’s own machine by http://localhost.',
    )
  }
}

/** The browser lacks something that the tab stands on. */
export class UnsupportedBrowserError extends TabError {
  constructor(missing: string) {
    super(
      'unavailable',
      `this browser has no ${missing}`,
      'Open the link in a current Chrome, Edge or Firefox.',
    )
  }
}

/** Neither an invite nor the grant of an earlier visit. */
export class NotInvitedError extends TabError {
  constructor() {
    super(
      'unauthenticated',
      'this tab has no invite',
      'Open a join link: the node prints one, and the dashboard makes them.',
    )
  }
}

/** The node does not take the tab: the invite or its grant was used up, revoked or has expired. */
export class InviteRefusedError extends TabError {
  constructor(why: string) {
    super(
      'unauthenticated',
      `the invite was refused: ${why}`,
      'It may have been revoked, used up or expired. Ask for a new join link.',
    )
  }
}

/** What the slot's storage holds cannot be read. */
export class DamagedStorageError extends TabError {
  constructor(what: string) {
    super(
      'internal',
      `the ${what} kept in this browser is damaged`,
      'Clear the site’s data, then join again.',
    )
  }
}

/** The node's address file is not there or is not one. */
export class NodeInfoError extends TabError {
  constructor(why: string) {
    super('unavailable', `the node does not answer: ${why}`, 'Is it still running?')
  }
}
