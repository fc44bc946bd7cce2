/**
 * One kubeconfig file as typed entries. Trust boundary: the file is the user's, but it may be half written, huge or hostile, so its
 * size is bounded and every fault is SP-KUBECONFIG-INVALID. Messages name the field, never its value: the value may be a secret.
 */
import { dirname, isAbsolute, resolve, sep } from 'node:path';
import { AppError } from '../base/app-error.ts';
import { Secret } from '../base/secret.ts';

/** Generous: a file with 500 clusters and inline certificates is about 3 MB. */
export const maxKubeconfigBytes = 16 * 1024 * 1024;

export interface KubeconfigFile {
  readonly path: string;
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, ClusterEntry>;
  readonly contexts: ReadonlyMap<string, ContextEntry>;
  readonly users: ReadonlyMap<string, UserEntry>;
}

interface ContextEntry {
  readonly cluster: string;
  readonly user: string;
  readonly namespace: string;
}

/** A value given in the kubeconfig itself, or the absolute path of the file that holds it. Inline wins, as in kubectl. */
export interface DataOrFile<T> {
  readonly data: T | undefined;
  readonly file: string | undefined;
}

export interface ClusterEntry {
  readonly server: string;
  readonly certificateAuthority: DataOrFile<string>;
  readonly tlsServerName: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly proxyUrl: string | undefined;
  readonly disableCompression: boolean;
  /** What the cluster's extension `client.authentication.k8s.io/exec` holds, for exec plugins. */
  readonly execConfig: unknown;
}

export interface UserEntry {
  /** The kubeconfig that holds the entry. */
  readonly path: string;
  readonly clientCertificate: DataOrFile<string>;
  readonly clientKey: DataOrFile<Secret>;
  readonly token: Secret | undefined;
  readonly tokenFile: string | undefined;
  readonly username: string | undefined;
  readonly password: Secret | undefined;
  readonly impersonate: Impersonation;
  readonly exec: ExecEntry | undefined;
  readonly authProvider: AuthProviderEntry | undefined;
}

export interface Impersonation {
  readonly user?: string | undefined;
  readonly uid?: string | undefined;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

type InteractiveMode = 'Never' | 'IfAvailable' | 'Always';

export interface ExecEntry {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string | undefined;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode: InteractiveMode;
}

export interface AuthProviderEntry {
  readonly name: string;
  readonly config: Readonly<Record<string, Secret>>;
}

/** Parses one file. `path` is absolute: relative paths inside are resolved against its folder. Throws SP-KUBECONFIG-INVALID. */
export async function parseKubeconfig(path: string, text: string): Promise<KubeconfigFile> {
  const root = new Fields(path, '', (await parseTree(path, text)) ?? {});
  const kind = root.text('kind');
  if (kind !== undefined && kind !== 'Config') throw root.invalid('kind', 'is not Config');
  return {
    path,
    currentContext: root.text('current-context') ?? '',
    clusters: named(root, 'clusters', 'cluster', clusterEntry),
    contexts: named(root, 'contexts', 'context', contextEntry),
    users: named(root, 'users', 'user', userEntry),
  };
}

async function parseTree(path: string, text: string): Promise<unknown> {
  if (/^\s*\{/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // Not JSON after all: YAML has braces too.
    }
  }
  const { parseYamlTree } = await import('./yaml-tree.ts');
  return parseYamlTree(path, text);
}

function clusterEntry(fields: Fields): ClusterEntry {
  const extensions = fields.list('extensions').map((extension) => ({
    name: extension.text('name'),
    value: extension.raw('extension'),
  }));
  return {
    server: fields.text('server') ?? '',
    certificateAuthority: {
      data: fields.base64('certificate-authority-data')?.toString('utf8'),
      file: fields.file('certificate-authority'),
    },
    tlsServerName: fields.text('tls-server-name'),
    insecureSkipTlsVerify: fields.flag('insecure-skip-tls-verify'),
    proxyUrl: fields.text('proxy-url'),
    disableCompression: fields.flag('disable-compression'),
    execConfig: extensions.find(({ name }) => name === 'client.authentication.k8s.io/exec')?.value,
  };
}

function contextEntry(fields: Fields): ContextEntry {
  return {
    cluster: fields.text('cluster') ?? '',
    user: fields.text('user') ?? '',
    namespace: fields.text('namespace') ?? '',
  };
}

function userEntry(fields: Fields): UserEntry {
  const exec = fields.child('exec');
  const authProvider = fields.child('auth-provider');
  return {
    path: fields.path,
    clientCertificate: {
      data: fields.base64('client-certificate-data')?.toString('utf8'),
      file: fields.file('client-certificate'),
    },
    clientKey: {
      data: secret(fields.base64('client-key-data')?.toString('utf8')),
      file: fields.file('client-key'),
    },
    token: secret(fields.text('token')),
    tokenFile: fields.file('tokenFile'),
    username: fields.text('username'),
    password: secret(fields.text('password')),
    impersonate: {
      user: fields.text('as'),
      uid: fields.text('as-uid'),
      groups: fields.texts('as-groups'),
      extra: fields.textLists('as-user-extra'),
    },
    exec: exec && execEntry(exec),
    authProvider: authProvider && {
      name: authProvider.text('name') ?? '',
      config: Object.fromEntries(
        Object.entries(authProvider.child('config')?.textMap() ?? {}).map(([key, value]) => [
          key,
          new Secret(value),
        ]),
      ),
    },
  };
}

const execVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

function execEntry(fields: Fields): ExecEntry {
  const apiVersion = fields.text('apiVersion') ?? '';
  if (!execVersions.includes(apiVersion)) {
    throw fields.invalid('apiVersion', `is not one of ${execVersions.join(', ')}`);
  }
  const command = fields.text('command');
  if (!command) throw fields.invalid('command', 'is missing');
  // v1 demands the field, v1beta1 defaults it.
  const mode = fields.text('interactiveMode') ?? (apiVersion === execVersions[1] ? 'IfAvailable' : undefined);
  if (mode !== 'Never' && mode !== 'IfAvailable' && mode !== 'Always') {
    throw fields.invalid('interactiveMode', 'is not one of Never, IfAvailable, Always');
  }
  const env: Record<string, string> = {};
  for (const variable of fields.list('env')) {
    const name = variable.text('name');
    if (!name) throw variable.invalid('name', 'is missing');
    env[name] = variable.text('value') ?? '';
  }
  return {
    apiVersion,
    // A bare name is looked up in PATH; a path is relative to the kubeconfig.
    command: command.includes(sep) || command.includes('/') ? fields.resolve(command) : command,
    args: fields.texts('args'),
    env,
    installHint: fields.text('installHint'),
    provideClusterInfo: fields.flag('provideClusterInfo'),
    interactiveMode: mode,
  };
}

const secret = (value: string | undefined) => (value === undefined ? undefined : new Secret(value));

/** The list of `{name, <inner>: {...}}` under `key`. Like kubectl, refuses a name that occurs twice in one file. */
function named<T>(root: Fields, key: string, inner: string, read: (fields: Fields) => T): Map<string, T> {
  const entries = new Map<string, T>();
  for (const item of root.list(key)) {
    const name = item.text('name') ?? '';
    if (entries.has(name)) throw item.invalid('name', 'occurs twice in this file');
    entries.set(name, read(item.child(inner) ?? new Fields(root.path, `${item.where}.${inner}`, {})));
  }
  return entries;
}

/** Typed access to one YAML mapping. An absent field, null and empty text are the same, as in kubectl. */
class Fields {
  readonly path: string;
  readonly where: string;
  readonly #values: Map<string, unknown>;

  constructor(path: string, where: string, value: unknown) {
    this.path = path;
    this.where = where;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new AppError('SP-KUBECONFIG-INVALID', { path, message: `${where || 'it'} is not a mapping` });
    }
    this.#values = new Map(Object.entries(value));
  }

  invalid(key: string, fault: string): AppError {
    const message = `${this.where ? `${this.where}.` : ''}${key} ${fault}`;
    return new AppError('SP-KUBECONFIG-INVALID', { path: this.path, message });
  }

  raw(key: string): unknown {
    return this.#values.get(key);
  }

  text(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || value === null || value === '') return undefined;
    // A number may have lost digits when it was read (a token of digits): quoting it is the only safe way.
    if (typeof value !== 'string') throw this.invalid(key, 'is not text (quote it)');
    return value;
  }

  flag(key: string): boolean {
    const value = this.raw(key) ?? false;
    if (typeof value === 'boolean') return value;
    // kubectl's YAML is 1.1.
    if (typeof value === 'string' && /^(y|yes|on)$/i.test(value)) return true;
    if (typeof value === 'string' && /^(n|no|off)$/i.test(value)) return false;
    throw this.invalid(key, 'is neither true nor false');
  }

  base64(key: string): Buffer | undefined {
    const value = this.text(key)?.replace(/[\r\n]/g, '');
    if (value === undefined) return undefined;
    if (value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
      throw this.invalid(key, 'is not base64');
    }
    return Buffer.from(value, 'base64');
  }

  file(key: string): string | undefined {
    const value = this.text(key);
    return value === undefined ? undefined : this.resolve(value);
  }

  resolve(path: string): string {
    return isAbsolute(path) ? path : resolve(dirname(this.path), path);
  }

  child(key: string): Fields | undefined {
    const value = this.raw(key);
    return value === undefined || value === null
      ? undefined
      : new Fields(this.path, this.where ? `${this.where}.${key}` : key, value);
  }

  list(key: string): Fields[] {
    return this.#array(key).map(
      (item, index) => new Fields(this.path, `${this.where ? `${this.where}.` : ''}${key}[${index}]`, item),
    );
  }

  texts(key: string): string[] {
    return this.#array(key).map((item) => {
      if (typeof item !== 'string') throw this.invalid(key, 'holds something that is not text (quote it)');
      return item;
    });
  }

  textLists(key: string): Record<string, string[]> {
    const lists = this.child(key);
    return lists
      ? Object.fromEntries([...lists.#values.keys()].map((name) => [name, lists.texts(name)]))
      : {};
  }

  textMap(): Record<string, string> {
    return Object.fromEntries([...this.#values.keys()].map((key) => [key, this.text(key) ?? '']));
  }

  #array(key: string): unknown[] {
    const value = this.raw(key) ?? [];
    if (!Array.isArray(value)) throw this.invalid(key, 'is not a list');
    return value;
  }
}
