import type { FormatOf } from '../contract/connection-format.ts';
import type { ConnectionWarning, Sslmode } from '../contract/connection-string.ts';
import type { Login } from './endpoint.ts';
import { databasePath, hostPort, percentEncode, query, userInfo } from './percent-encoding.ts';
import { dialledHost, passwordInArguments, warning } from './warnings.ts';
import { cannotSay, type FormatWriter, known, type Variables } from './written.ts';

export const mongodbFormats: Record<FormatOf<'mongodb'>, FormatWriter> = {
  // With a user and no password in the URI mongosh asks for it.
  mongosh: (login) => ({
    form: 'command',
    command: { words: ['mongosh', mongodbUri(login)] },
    warnings: [...mongodbWarnings(login), ...passwordInArguments(login, 'mongosh')],
  }),
  uri: (login) => ({ form: 'value', text: mongodbUri(login), warnings: mongodbWarnings(login) }),
  env: (login) => ({
    form: 'environment',
    variables: mongodbVariables(login),
    warnings: mongodbWarnings(login),
  }),
};

function mongodbHost(login: Login) {
  const { local } = login;
  return local.kind === 'tcp' ? dialledHost(login, local.host) : { host: '', warnings: [] };
}

function mongodbWarnings(login: Login): ConnectionWarning[] {
  const members = warning(
    'in-cluster-addresses',
    'a replica set gives out in-cluster addresses: directConnection=true keeps the client on this one member, so writes fail once it is no longer primary',
  );
  return [members, ...mongodbHost(login).warnings];
}

/** MongoDB manual, "Connection String Options": "TLS Options". */
const tls: Record<Sslmode, Record<string, string>> = {
  disable: { tls: 'false' },
  allow: {},
  prefer: {},
  require: { tls: 'true', tlsAllowInvalidCertificates: 'true' },
  'verify-ca': { tls: 'true', tlsAllowInvalidHostnames: 'true' },
  'verify-full': { tls: 'true' },
};

/**
 * `mongodb://user:password@host:port/database?directConnection=true`; a socket stands percent-encoded in the place of the host, and is known
 * by its ending (Connection String specification, "Host Information"). The database in the path is also the one that knows the user, unless
 * the client is told another authSource.
 */
function mongodbUri(login: Login): string {
  const { local, database, user, password, sslmode, caFile, authSource } = login;
  if (user === undefined && password !== undefined) {
    throw cannotSay('a MongoDB URI', 'a password without a user', 'put the user into the profile');
  }
  if (local.kind === 'unix' && !local.path.endsWith('.sock')) {
    throw cannotSay(
      'a MongoDB URI',
      `the socket ${local.path}`,
      'its file must be named *.sock: drivers take anything else for a host',
    );
  }
  const address =
    local.kind === 'unix' ? percentEncode(local.path) : hostPort({ ...local, host: mongodbHost(login).host });
  const parameters = known({
    directConnection: 'true',
    authSource,
    ...(sslmode && tls[sslmode]),
    tlsCAFile: caFile,
  });
  return `mongodb://${userInfo(login)}${address}/${databasePath('a MongoDB URI', database)}${query(parameters)}`;
}

function mongodbVariables(login: Login): Variables {
  return { MONGODB_URI: mongodbUri(login) };
}
