import type { FormatOf } from '../contract/connection-format.ts';
import type { ConnectionWarning } from '../contract/connection-string.ts';
import type { Login } from './endpoint.ts';
import { hostPort } from './percent-encoding.ts';
import { passwordLeftOut } from './warnings.ts';
import type { FormatWriter, Variables } from './written.ts';

export const tcpFormats: Record<FormatOf<'tcp'>, FormatWriter> = {
  address: (login) => ({ form: 'value', text: address(login), warnings: tcpWarnings(login) }),
  nc: (login) => ({ form: 'command', command: { words: ncWords(login) }, warnings: tcpWarnings(login) }),
  env: (login) => ({ form: 'environment', variables: tcpVariables(login), warnings: tcpWarnings(login) }),
};

function tcpWarnings(login: Login): ConnectionWarning[] {
  return passwordLeftOut(login, 'an address has no place for a password');
}

function address({ local }: Login): string {
  return local.kind === 'unix' ? local.path : hostPort(local);
}

function ncWords({ local }: Login): string[] {
  return local.kind === 'unix' ? ['nc', '-U', local.path] : ['nc', local.host, String(local.port)];
}

function tcpVariables(login: Login): Variables {
  const { local } = login;
  if (local.kind === 'unix') return { TUNNEL_SOCKET: local.path };
  return { TUNNEL_HOST: local.host, TUNNEL_PORT: String(local.port), TUNNEL_ADDRESS: address(login) };
}
