import { ToolmeshError } from '../errors.ts'

/** No valid credential came with the request. */
export class UnauthenticatedError extends ToolmeshError {
  constructor(message = 'a valid bearer token is needed: redeem an invite at POST /auth/redeem') {
    super('unauthenticated', message)
  }
}

/** The caller is known, and may not do this. */
export class ForbiddenError extends ToolmeshError {
  constructor(message: string, allowed?: string) {
    super('forbidden', message, allowed === undefined ? {} : { allowed })
  }
}

/** An invite that cannot be redeemed: unknown or revoked, expired, or used up. Never shows the secret. */
export class InviteRefusedError extends ToolmeshError {
  constructor(why: 'unknown or revoked' | 'expired' | 'used up') {
    super('forbidden', `this invite is ${why}: ask for a new one`)
  }
}

/** An invite link that cannot be read. Never shows the link, as it holds a secret. */
export class InvalidInviteLinkError extends ToolmeshError {
  constructor(problem: string) {
    super('invalid_input', `not an invite link: ${problem}`, {
      field: '/invite',
      allowed: 'https://<host>/join#v1.<secret>.<peer id>',
    })
  }
}

/** No invite or token has this id. */
export class UnknownCredentialError extends ToolmeshError {
  constructor(kind: 'invite' | 'token', id: string) {
    super('not_found', `no ${kind} has the id ${JSON.stringify(id)}`, { field: 'id', value: id })
  }
}

/** As many invites, grants or tokens are live as the limits allow. */
export class AuthorityFullError extends ToolmeshError {
  constructor(kind: 'invites' | 'grants' | 'tokens', limit: number) {
    super('conflict', `${limit} ${kind} are live, which is the limit: revoke one or wait until one expires`)
  }
}

/** Too many refused redeems from one peer or address. */
export class RedeemRateLimitedError extends ToolmeshError {
  constructor(retryAfterMs: number) {
    super('rate_limited', 'too many refused invites from here', { retry_after_ms: retryAfterMs })
  }
}

/** What an AuthorityStore holds cannot be read; it is left as it is, for a person to repair or remove. */
export class DamagedAuthorityStateError extends ToolmeshError {
  constructor(where: string, problem: string, cause?: unknown) {
    super(
      'invalid_input',
      `${where} is damaged (${problem}): restore it from a backup, or remove it to start anew`,
      {
        field: where,
        cause,
      },
    )
  }
}
