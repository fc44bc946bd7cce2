import { AppError } from '../base/app-error.ts';
import { Secret } from '../base/secret.ts';
import type { KubeApi } from '../kube/kube-api.ts';

export interface SecretKey {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

export interface SecretPassword {
  readonly password: Secret;
  /** What the Secret says the password is of, where it says so in the usual way. */
  readonly user: string | undefined;
  /** Of a URL. */
  readonly database: string | undefined;
}

/** etcd takes 1.5 MiB for an object. */
const maxAnswerBytes = 4 * 1024 * 1024;
const maxPasswordBytes = 4_096;
export const maxCertificatesBytes = 256 * 1024;
const readTimeoutMs = 20_000;
/** As operators name it: CloudNativePG, Zalando and Percona `username`, Crunchy `user`. */
const userKeys = ['username', 'user'];
const maxShownKeys = 20;

/**
 * Reads one key of a Secret with the rights of the API's user, to the byte as a pod gets it. Rejects with SP-SECRET-MISSING, SP-SECRET-KEY,
 * SP-FORBIDDEN with the rule that is missing, and as every request does. No error holds what the Secret holds.
 */
export async function readSecretPassword(
  api: Pick<KubeApi, 'request'>,
  { namespace, name, key }: SecretKey,
  signal: AbortSignal,
): Promise<SecretPassword> {
  const data = await readSecret(api, { namespace, name, key }, signal);
  const text = textOf(data, { namespace, name, key }, maxPasswordBytes);
  const fromUrl = readUrl(text);
  if (fromUrl) return { ...fromUrl, user: fromUrl.user ?? userOf(data) };
  return { password: new Secret(text), user: userOf(data), database: undefined };
}

/** The same of certificates, PEM. */
export async function readSecretCertificates(
  api: Pick<KubeApi, 'request'>,
  at: SecretKey,
  signal: AbortSignal,
): Promise<string> {
  return textOf(await readSecret(api, at, signal), at, maxCertificatesBytes);
}

async function readSecret(
  api: Pick<KubeApi, 'request'>,
  { namespace, name }: SecretKey,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`;
  const request = { path, maxAnswerBytes, timeoutMs: readTimeoutMs, signal };
  const answer = await api.request<unknown>(request).catch((thrown) => {
    throw explained(thrown, { namespace, name });
  });
  return dataOf(answer);
}

function textOf(
  data: ReadonlyMap<string, string>,
  { namespace, name, key }: SecretKey,
  maxBytes: number,
): string {
  const refused = (message: string) =>
    new AppError('SP-SECRET-KEY', { secret: name, namespace, key, message, known: shownKeys(data) });
  const value = data.get(key);
  if (value === undefined) throw refused('nothing');
  if (Buffer.byteLength(value, 'base64') > maxBytes)
    throw refused(
      `more than the ${maxBytes} bytes of ${maxBytes === maxPasswordBytes ? 'a password' : 'certificates'}`,
    );
  const text = decoded(value);
  if (text === undefined) throw refused('no UTF-8 text');
  if (text === '') throw refused('an empty text');
  return text;
}

/** A whole connection URL of Postgres, as operators and platforms write it; its host is of the cluster and not used. */
function readUrl(text: string): SecretPassword | undefined {
  if (!/^postgres(ql)?:\/\//.test(text)) return undefined;
  try {
    const { username, password, pathname } = new URL(text.trim());
    if (!password) return undefined;
    return {
      password: new Secret(decodeURIComponent(password)),
      user: decodeURIComponent(username) || undefined,
      database: decodeURIComponent(pathname.slice(1)) || undefined,
    };
  } catch {
    return undefined;
  }
}

/** Only texts: the rest is of no API server. */
function dataOf(answer: unknown): ReadonlyMap<string, string> {
  const { data } = (answer ?? {}) as { readonly data?: Readonly<Record<string, unknown>> | null };
  const entries = Object.entries(data ?? {});
  return new Map(entries.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])));
}

function decoded(base64: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}

function userOf(data: ReadonlyMap<string, string>): string | undefined {
  const values = userKeys.flatMap((key) => data.get(key) ?? []);
  const user = values[0] && decoded(values[0]);
  return user && /^[^\p{Cc}]{1,253}$/u.test(user) ? user : undefined;
}

function shownKeys(data: ReadonlyMap<string, string>): string {
  const keys = [...data.keys()];
  const more = keys.length > maxShownKeys ? [`and ${keys.length - maxShownKeys} more`] : [];
  return [...keys.slice(0, maxShownKeys), ...more].join(', ');
}

function explained(thrown: unknown, { namespace, name }: Pick<SecretKey, 'namespace' | 'name'>): AppError {
  const error = AppError.from(thrown);
  if (error.code === 'SP-TARGET-NOT-FOUND') {
    return new AppError('SP-SECRET-MISSING', { secret: name, namespace, why: error.details.why }, error);
  }
  if (error.code !== 'SP-FORBIDDEN') return error;
  const next = `ask the owner of the cluster for a Role in namespace ${namespace} with the rule {apiGroups: [""], resources: ["secrets"], resourceNames: ["${name}"], verbs: ["get"]}`;
  return new AppError('SP-FORBIDDEN', { ...error.details, next }, error);
}
