import type { ConnectionWarning } from '../contract/connection-string.ts';
import type { Login } from './endpoint.ts';

export function warning(code: ConnectionWarning['code'], message: string): ConnectionWarning {
  return { code, message };
}

/** Where some readers of a format take it otherwise than those it is named for. */
export function readerDiffers(message: string): ConnectionWarning {
  return warning('reader-differs', message);
}

/** For formats that have no place for a password, where one was asked for. */
export function passwordLeftOut({ password }: Login, message: string): ConnectionWarning[] {
  return password === undefined ? [] : [warning('password-left-out', message)];
}

/** For commands that can be given the password among their arguments only. */
export function passwordInArguments({ password }: Login, program: string): ConnectionWarning[] {
  if (password === undefined) return [];
  return [
    warning(
      'password-in-arguments',
      `${program} takes the password as an argument only: other processes of this machine can read it while it runs, and the shell's history keeps it`,
    ),
  ];
}

export interface DialledHost {
  readonly host: string;
  readonly warnings: readonly ConnectionWarning[];
}

/**
 * The host to write for a client that checks the certificate against the very host it dials: the certificate's name where that is checked, so that
 * it can succeed, with a word on how that name comes to mean this machine. Weakening the check instead would be no answer.
 */
export function dialledHost(login: Login, localHost: string): DialledHost {
  if (login.sslmode !== 'verify-full') return { host: localHost, warnings: [] };
  const { serverName } = login;
  if (serverName === undefined) return { host: localHost, warnings: [certificateName(localHost)] };
  return { host: serverName, warnings: [hostsEntry(serverName, localHost)] };
}

export function hostsEntry(
  serverName: string,
  localHost: string,
  clients = 'this client',
): ConnectionWarning {
  return warning(
    'hosts-entry',
    `${clients} can check the certificate only against the name it dials: add the line "${localHost} ${serverName}" to the hosts file`,
  );
}

export function certificateName(localHost: string): ConnectionWarning {
  return warning(
    'certificate-name',
    `sslmode=verify-full checks for ${localHost}, which the server's certificate hardly names: put the Service's name into the profile`,
  );
}
