import type { FormatOf } from '../contract/connection-format.ts';
import type { ConnectionWarning, Sslmode } from '../contract/connection-string.ts';
import type { Login } from './endpoint.ts';
import { hostPort, percentEncode, userInfo } from './percent-encoding.ts';
import { dialledHost, readerDiffers, warning } from './warnings.ts';
import { cannotSay, type FormatWriter, known, type Variables, type Written } from './written.ts';

export const redisFormats: Record<FormatOf<'redis'>, FormatWriter> = {
  'redis-cli': redisCli,
  uri: (login) => ({ form: 'value', text: redisUri(login), warnings: uriWarnings(login) }),
  env: (login) => ({ form: 'environment', variables: redisVariables(login), warnings: uriWarnings(login) }),
};

const clusterWarning = warning(
  'in-cluster-addresses',
  'a Redis Cluster answers MOVED with in-cluster addresses, and Sentinel gives them out: through one tunnel only this one server can be used, without cluster mode',
);

function uriWarnings(login: Login): ConnectionWarning[] {
  const { local, sslmode } = login;
  const warnings = [clusterWarning, ...redisHost(login).warnings];
  if (sslmode === 'require' || sslmode === 'verify-ca') {
    warnings.push(
      readerDiffers(
        `a rediss URI has no way to say sslmode=${sslmode}: clients check certificate and name in full unless their own options say otherwise`,
      ),
    );
  }
  if (local.kind === 'unix') {
    warnings.push(
      readerDiffers('ioredis takes no unix URI: pass it the options `path`, `username`, `password` and `db`'),
    );
  }
  return warnings;
}

function redisHost(login: Login) {
  const { local } = login;
  return local.kind === 'tcp' ? dialledHost(login, local.host) : { host: '', warnings: [] };
}

/** Redis has no "TLS if the server can": what would accept plain gets plain. */
function usesTls(sslmode: Sslmode | undefined): boolean {
  return sslmode === 'require' || sslmode === 'verify-ca' || sslmode === 'verify-full';
}

/** A database is a number. Throws SP-USAGE for any other, and for TLS on a unix socket. */
function checked(login: Login): string | undefined {
  const { database, local, sslmode } = login;
  if (database !== undefined && !/^\d{1,9}$/.test(database)) {
    throw cannotSay(
      'Redis',
      `the database ${JSON.stringify(database)}`,
      'its databases are numbers: correct the profile',
    );
  }
  if (local.kind === 'unix' && usesTls(sslmode)) {
    throw cannotSay('Redis', `sslmode=${sslmode} for a unix socket`, 'use a local port');
  }
  return database;
}

/** The command. The password goes by REDISCLI_AUTH: arguments are public. */
function redisCli(login: Login): Written {
  const { local, user, password, sslmode, serverName, caFile } = login;
  const database = checked(login);
  const words = ['redis-cli'];
  if (local.kind === 'unix') words.push('-s', local.path);
  else words.push('-h', local.host, '-p', String(local.port));
  if (usesTls(sslmode)) words.push('--tls');
  if (sslmode === 'require') words.push('--insecure');
  if (caFile !== undefined) words.push('--cacert', caFile);
  // redis-cli checks the chain, never the name; with --sni a proxy before the server can tell which one is meant.
  if (sslmode === 'verify-full' && serverName !== undefined) words.push('--sni', serverName);
  if (user !== undefined) words.push('--user', user);
  if (database !== undefined) words.push('-n', database);
  return {
    form: 'command',
    command: { environment: known({ REDISCLI_AUTH: password }), words },
    warnings: [clusterWarning],
  };
}

/** `redis://user:password@host:port/0` (IANA, "redis" URI scheme), `rediss` over TLS, `unix://user:password@/path?db=0` for a socket, as node-redis, go-redis and redis-py read it. */
function redisUri(login: Login): string {
  const { local, sslmode } = login;
  const database = checked(login);
  if (local.kind === 'unix') {
    const path = local.path.split('/').map(percentEncode).join('/');
    return `unix://${userInfo(login)}${path}${database === undefined ? '' : `?db=${database}`}`;
  }
  const scheme = usesTls(sslmode) ? 'rediss' : 'redis';
  const address = hostPort({ ...local, host: redisHost(login).host });
  return `${scheme}://${userInfo(login)}${address}${database === undefined ? '' : `/${database}`}`;
}

function redisVariables(login: Login): Variables {
  const { local, password } = login;
  return known({
    REDIS_HOST: local.kind === 'tcp' ? redisHost(login).host : undefined,
    REDIS_PORT: local.kind === 'tcp' ? String(local.port) : undefined,
    REDISCLI_AUTH: password,
    REDIS_URL: redisUri(login),
  });
}
