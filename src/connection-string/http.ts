import type { FormatOf } from '../contract/connection-format.ts';
import type { Sslmode } from '../contract/connection-string.ts';
import type { Login } from './endpoint.ts';
import { hostPort, userInfo } from './percent-encoding.ts';
import { dialledHost, passwordInArguments } from './warnings.ts';
import { cannotSay, type FormatWriter, known, type Variables, type Written } from './written.ts';

export const httpFormats: Record<FormatOf<'http'>, FormatWriter> = {
  url: (login) => ({ form: 'value', text: httpUrl(login), warnings: httpHost(login).warnings }),
  curl,
  env: (login) => ({
    form: 'environment',
    variables: httpVariables(login),
    warnings: httpHost(login).warnings,
  }),
};

function scheme(sslmode: Sslmode | undefined): 'http' | 'https' {
  return sslmode === 'require' || sslmode === 'verify-ca' || sslmode === 'verify-full' ? 'https' : 'http';
}

function httpHost(login: Login) {
  const { local } = login;
  if (local.kind === 'unix')
    throw cannotSay('a URL', 'a unix socket', 'take the format curl, or use a local port');
  return dialledHost(login, local.host);
}

/** A user stands in it only beside a password: browsers and programs ask, or ignore it. */
function httpUrl(login: Login): string {
  const { local, password, sslmode } = login;
  const { host } = httpHost(login);
  const port = local.kind === 'tcp' ? local.port : 0;
  const credentials = password === undefined ? '' : userInfo(login);
  return `${scheme(sslmode)}://${credentials}${hostPort({ kind: 'tcp', host, port })}/`;
}

/** curl can dial one address and check for another name (--resolve), so that verify-full needs no line in the hosts file. */
function curl(login: Login): Written {
  const { local, user, password, sslmode, serverName, caFile } = login;
  const words = ['curl'];
  const warnings = [...passwordInArguments(login, 'curl')];
  // The name is not checked by itself in curl: all or nothing.
  if (sslmode === 'verify-ca') {
    throw cannotSay('curl', 'sslmode=verify-ca', "use verify-full with the Service's name, or require");
  }
  if (sslmode === 'require') words.push('--insecure');
  if (caFile !== undefined) words.push('--cacert', caFile);
  // curl takes the first ":" for the end of the user.
  if (user?.includes(':'))
    throw cannotSay('curl', 'a user with ":"', 'write the Authorization header yourself');
  if (user !== undefined || password !== undefined) {
    // With a user alone curl asks for the password.
    words.push('--user', password === undefined ? (user ?? '') : `${user ?? ''}:${password}`);
  }
  if (local.kind === 'unix') {
    words.push('--unix-socket', local.path, `${scheme(sslmode)}://${serverName ?? 'localhost'}/`);
    return { form: 'command', command: { words }, warnings };
  }
  const named = sslmode === 'verify-full' && serverName !== undefined;
  if (named) {
    const address = local.host.includes(':') ? `[${local.host}]` : local.host;
    words.push('--resolve', `${serverName}:${local.port}:${address}`);
  } else warnings.push(...httpHost(login).warnings);
  const host = named ? serverName : local.host;
  words.push(`${scheme(sslmode)}://${hostPort({ ...local, host })}/`);
  return { form: 'command', command: { words }, warnings };
}

/** No name is common for the address of a web service; that of an outer program's own HOST and PORT is left alone. */
function httpVariables(login: Login): Variables {
  const { local } = login;
  return known({
    TUNNEL_HOST: httpHost(login).host,
    TUNNEL_PORT: local.kind === 'tcp' ? String(local.port) : undefined,
    TUNNEL_URL: httpUrl(login),
  });
}
