import { ToolmeshError } from '../../shared/errors.ts'
import { withoutSecrets } from './secrets.ts'

/** Where a value came from, for people: `--http.port`, `TOOLMESH_HTTP_PORT`, `toolmesh.yaml`, `default`. */
export type Origin = string

/** A value that a setting does not allow. */
export class SettingValueError extends ToolmeshError {
  constructor(setting: string, given: unknown, origin: Origin, allowed: string) {
    const value = withoutSecrets(given)
    super('invalid_input', `${setting}: got ${JSON.stringify(value)} from ${origin}, allowed: ${allowed}`, {
      field: setting,
      value,
      allowed,
    })
  }
}

/** A flag, variable or key that no setting has. */
export class UnknownSettingError extends ToolmeshError {
  constructor(
    setting: string,
    value: unknown,
    origin: Origin,
    suggestion: string | undefined,
    allowed: string[],
  ) {
    const shown = value === undefined ? '' : ` (${JSON.stringify(value)})`
    const help = suggestion === undefined ? `allowed: ${allowed.join(', ')}` : `did you mean ${suggestion}?`
    super('invalid_input', `unknown setting ${setting}${shown} in ${origin}; ${help}`, {
      field: setting,
      value,
      allowed: allowed.join(', '),
    })
  }
}

/** A settings file that cannot be read or is not YAML. */
export class SettingsFileError extends ToolmeshError {
  constructor(file: string, reason: string) {
    super('invalid_input', `${file}: ${reason}`, { field: file })
  }
}
