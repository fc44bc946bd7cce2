import { AppError } from '../base/app-error.ts';
import { type ConnectionFormat, type ConnectionKind, formatsByKind } from '../contract/connection-format.ts';
import type { ConnectionString, ConnectionWarning, Shell } from '../contract/connection-string.ts';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import { commandLine, environmentLines, olderPowershell } from './shell-quoting.ts';
import { warning } from './warnings.ts';
import { writerOf } from './writers.ts';
import type { Written } from './written.ts';

export interface ConnectionStringOptions {
  /** Default: the first of the kind's. */
  readonly format?: ConnectionFormat | undefined;
  /** Default: sh. */
  readonly shell?: Shell | undefined;
  /** Default: no string carries a password. */
  readonly withPassword?: boolean | undefined;
}

/**
 * One connection string with what is to be known about it. Throws SP-USAGE where the kind has no such format, and where the format cannot
 * say what the endpoint holds: a string that means something else is never given.
 */
export function connectionString(
  endpoint: Endpoint,
  options: ConnectionStringOptions = {},
): ConnectionString {
  const { kind, tunnel } = endpoint;
  const { format = formatsByKind[kind][0], shell = 'sh', withPassword = false } = options;
  const write = writerOf(kind, format);
  if (!write) throw noSuchFormat(kind, format);
  const login = openEndpoint(endpoint, withPassword);
  const written = write(login);
  const warnings: ConnectionWarning[] = [...(written.warnings ?? [])];
  if (withPassword && login.password === undefined) warnings.push(passwordUnknown(tunnel));
  if (shell === 'powershell' && written.form === 'command') {
    const older = olderPowershell(written.command.words);
    if (older) warnings.push(warning('powershell-version', older));
  }
  const leftOut = warnings.some(({ code }) => code === 'password-left-out');
  const secret = login.password !== undefined && !leftOut;
  return { tunnel, kind, format, form: written.form, text: render(written, shell), secret, warnings };
}

function passwordUnknown(tunnel: string): ConnectionWarning {
  return warning(
    'password-unknown',
    `no password is known for ${tunnel}: its profile does not say where it is`,
  );
}

function render(written: Written, shell: Shell): string {
  switch (written.form) {
    case 'value':
    case 'file':
      return written.text;
    case 'command':
      return commandLine(written.command, shell);
    case 'environment':
      return environmentLines(written.variables, shell);
  }
}

function noSuchFormat(kind: ConnectionKind, format: string): AppError {
  return new AppError('SP-USAGE', {
    message: `a ${kind} tunnel has no connection string of the format ${format}`,
    next: `formats there are: ${formatsByKind[kind].join(', ')}`,
  });
}
