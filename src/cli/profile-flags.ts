import { type Command, Option } from 'commander';
import { AppError } from '../base/app-error.ts';
import type { Profile, ProfileKind } from '../contract/profile.ts';
import type { Cli } from './cli.ts';
import { wholeNumber } from './selection.ts';

/** What a client needs to know to connect, of the profile's `connection`. */
export type ConnectionFlags = Pick<
  NonNullable<Profile['connection']>,
  'database' | 'user' | 'sslmode' | 'pooler' | 'password'
>;

export interface ProfileFlags extends ConnectionFlags {
  readonly context?: string;
  readonly server?: string;
  readonly caFingerprint?: string;
  readonly clusterUid?: string;
  readonly namespace?: string;
  readonly address?: string;
  readonly kind?: NonNullable<Profile['kind']>;
  readonly description?: string;
  readonly environment?: NonNullable<Profile['policy']>['environment'];
  readonly timeLimit?: string;
  readonly idleLimit?: string;
  readonly maxConnections?: number;
  readonly confirm?: boolean;
  readonly requireReason?: boolean | string;
  readonly onDemand?: boolean;
  readonly off?: boolean;
}

export const profileKinds: readonly ProfileKind[] = ['postgres', 'mysql', 'redis', 'mongodb', 'http', 'tcp'];

/** What a profile says besides its name, target and ports. */
export function profileOptions(command: Command): Command {
  command
    .option('--context <name>', "the cluster by a context's name; of `add` the default is the current one")
    .option('--server <url>', "the cluster by its API server's URL, which is the same for everybody")
    .option('--ca-fingerprint <sha256>', 'the cluster by its CA certificate')
    .option('--cluster-uid <uid>', 'the cluster by the UID of its namespace kube-system')
    .option('-n, --namespace <name>', 'the namespace')
    .option('--address <ip>', 'the local address, else loopback')
    .addOption(
      new Option('-k, --kind <kind>', 'what answers there; guessed where the port tells').choices(
        profileKinds,
      ),
    );
  return connectionOptions(command)
    .option('--description <text>', 'one line for people')
    .addOption(
      new Option('--environment <name>', 'what is at stake').choices([
        'development',
        'staging',
        'production',
      ]),
    )
    .option('--time-limit <duration>', 'end it after this time, as 8h')
    .option('--idle-limit <duration>', 'end it after this time without a connection, as 30m')
    .option('--max-connections <number>', 'local connections at one time', wholeNumber)
    .option('--confirm', 'ask for a yes before each start')
    .option('--no-confirm', 'do not')
    .option(
      '--require-reason [pattern]',
      'ask for a reason before each start; the pattern is what it must match',
    )
    .option('--no-require-reason', 'do not')
    .option('--on-demand', 'bind its port always, and contact the cluster when a client connects')
    .option('--no-on-demand', 'contact the cluster while it is up')
    .option('--off', 'keep it, and never start it')
    .option('--no-off', 'let it start');
}

/** What a client needs to know to connect. */
export function connectionOptions(command: Command): Command {
  return command
    .option('-d, --database <name>', "the database's name")
    .option('-u, --user <name>', 'the user to log in as')
    .addOption(
      new Option('--sslmode <mode>', 'TLS, in the words of libpq').choices([
        'disable',
        'allow',
        'prefer',
        'require',
        'verify-ca',
        'verify-full',
      ]),
    )
    .addOption(
      new Option('--pooler <mode>', 'a PgBouncer answers').choices(['session', 'transaction', 'statement']),
    )
    .addOption(
      new Option(
        '--password <where>',
        'where the password is: auto, secret:NAME/KEY, configmap:NAME/KEY, env:VARIABLE, file:PATH or keychain; never the password',
      ).argParser(passwordSource),
    );
}

function passwordSource(text: string): ProfileFlags['password'] {
  const [, kind, value = ''] = /^(auto|secret|configmap|env|file|keychain)(?::(.*))?$/s.exec(text) ?? [];
  const [name, key] = value.split('/');
  if (kind === 'auto' && !value) return { secret: 'auto' };
  if (kind === 'secret' && name && key) return { secret: { name, key } };
  if (kind === 'configmap' && name && key) return { configMap: { name, key } };
  if (kind === 'env' && value) return { environment: value };
  if (kind === 'file' && value) return { file: value };
  if (kind === 'keychain' && !value) return { keychain: true };
  // What was given is not repeated: it may be the password.
  throw new AppError('SP-USAGE', {
    message: '--password does not say where the password is',
    next: 'write auto, secret:NAME/KEY, configmap:NAME/KEY, env:VARIABLE, file:PATH or keychain, never the password itself',
  });
}

/** The profile with what the options say. What they do not name stays. */
export function withFlags(profile: Profile, flags: ProfileFlags): Profile {
  const { namespace, kind, description, onDemand, off } = flags;
  const connection = { ...profile.connection, ...connectionOf(flags) };
  const policy = { ...profile.policy, ...policyOf(flags) };
  return {
    ...profile,
    ...known({ namespace, kind, description }),
    cluster: clusterOf(flags) ?? profile.cluster,
    ...(Object.keys(connection).length > 0 && { connection }),
    ...(Object.keys(policy).length > 0 && { policy }),
    ...(onDemand !== undefined && { onDemand: onDemand || undefined }),
    ...(off !== undefined && { off: off || undefined }),
  };
}

/** Undefined where no option names one. */
export function clusterOf({
  context,
  server,
  caFingerprint,
  clusterUid: uid,
}: ProfileFlags): Profile['cluster'] | undefined {
  const cluster = known({ server, caFingerprint, uid, context });
  return Object.keys(cluster).length > 0 ? cluster : undefined;
}

function policyOf(flags: ProfileFlags): NonNullable<Profile['policy']> {
  const { environment, timeLimit, idleLimit, maxConnections, confirm, requireReason } = flags;
  const reason = typeof requireReason === 'string' ? { pattern: requireReason } : requireReason;
  return known({ environment, reason, confirm, timeLimit, idleLimit, maxConnections });
}

/** What the options say of the connection; empty where they say nothing. */
export function connectionOf({
  database,
  user,
  sslmode,
  pooler,
  password,
}: ConnectionFlags): ConnectionFlags {
  return known({ database, user, sslmode, pooler, password });
}

export function localOf(port: number, address: string | undefined): NonNullable<Profile['local']> {
  return address === undefined ? port : { address, port };
}

/** The context that is current, and the namespace it has. Throws SP-KUBECONFIG-MISSING and what else keeps it from being known. */
export async function currentContext(
  cli: Cli,
  context?: string,
): Promise<{ context: string; namespace: string }> {
  const { loadKubeconfig, selectContext } = await import('../kube/kubeconfig.ts');
  const file = await loadKubeconfig({ flag: undefined, env: cli.env });
  const { contextName, namespace } = selectContext(file, { context });
  return { context: contextName, namespace };
}

/** LOCAL:REMOTE, REMOTE or :REMOTE; without a local port a free one is taken once and kept. */
export async function readPorts(
  text: string,
): Promise<{ readonly local: number | undefined; readonly port: number | string }> {
  const { parsePortSpec } = await import('../target/parse-port-spec.ts');
  const { local, remote } = parsePortSpec(text);
  return {
    local: local === 'as-remote' || local === 0 || !text.includes(':') ? undefined : local,
    port: remote,
  };
}

function known<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
