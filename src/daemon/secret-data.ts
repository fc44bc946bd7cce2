import { AppError } from '../base/app-error.ts';
import type { KubeApi } from '../kube/kube-api.ts';

/** What a Secret, or a ConfigMap, holds; read with the rights of the API's user. No error holds any of it. */
export class SecretData {
  readonly #at: ObjectPlace;
  readonly #data: ReadonlyMap<string, string>;

  constructor(at: ObjectPlace, data: ReadonlyMap<string, string>) {
    this.#at = at;
    this.#data = data;
  }

  /** To the byte as a pod gets it. Throws SP-SECRET-KEY. `what`: what it may be no longer than. */
  text(key: string, { maxBytes, what }: { readonly maxBytes: number; readonly what: string }): string {
    const value = this.#data.get(key);
    if (value === undefined) throw this.refused(key, 'nothing');
    if (this.#bytes(value).length > maxBytes)
      throw this.refused(key, `more than the ${maxBytes} bytes of ${what}`);
    const text = this.#decoded(value);
    if (text === undefined) throw this.refused(key, 'no UTF-8 text');
    if (text === '') throw this.refused(key, 'an empty text');
    return text;
  }

  /** Undefined where there is none, or none of this length. */
  shortText(key: string, maxBytes: number): string | undefined {
    const value = this.#data.get(key);
    if (value === undefined || this.#bytes(value).length > maxBytes) return undefined;
    return this.#decoded(value);
  }

  /** Follows "has … under the key". */
  refused(key: string, message: string): AppError {
    const { kind, name, namespace } = this.#at;
    const keys = [...this.#data.keys()];
    const more = keys.length > maxShownKeys ? [`and ${keys.length - maxShownKeys} more`] : [];
    const known = [...keys.slice(0, maxShownKeys), ...more].join(', ');
    const object = kind === 'ConfigMap' ? { object: kind } : {};
    return new AppError('SP-SECRET-KEY', { secret: name, namespace, key, message, known, ...object });
  }

  #bytes(value: string): Buffer {
    return Buffer.from(value, this.#at.kind === 'ConfigMap' ? 'utf8' : 'base64');
  }

  #decoded(value: string): string | undefined {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#bytes(value));
    } catch {
      return undefined;
    }
  }
}

export interface ObjectPlace {
  /** Default Secret. */
  readonly kind?: 'Secret' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
}

type Api = Pick<KubeApi, 'request'>;

/** etcd takes 1.5 MiB for an object. */
const maxAnswerBytes = 4 * 1024 * 1024;
const readTimeoutMs = 20_000;
const maxShownKeys = 20;
/** A namespace with more Secrets than these of one database is none that anybody runs. */
const maxListed = 500;
/** Names and labels without what the objects hold (Kubernetes API concepts, "Metadata-only fetches"). */
const metadataOnly = (kind: string) => ({
  Accept: `application/json;as=${kind};g=meta.k8s.io;v=v1`,
});

/** Rejects with SP-SECRET-MISSING, SP-FORBIDDEN with the rule that is missing, and as every request does. */
export async function readSecret(api: Api, at: ObjectPlace, signal: AbortSignal): Promise<SecretData> {
  return new SecretData(at, dataOf(await get(api, at, { signal })));
}

/** The same where it may be missing: undefined then. */
export async function readSecretIfThere(
  api: Api,
  at: ObjectPlace,
  signal: AbortSignal,
): Promise<SecretData | undefined> {
  return readSecret(api, at, signal).catch(unlessMissing);
}

/** Whether there is one, without reading what it holds. Rejects as reading does. */
export async function secretExists(api: Api, at: ObjectPlace, signal: AbortSignal): Promise<boolean> {
  const headers = metadataOnly('PartialObjectMetadata');
  const found = await get(api, at, { signal, headers }).then(() => true, unlessMissing);
  return found === true;
}

/** The names of Secrets with these labels. Rejects with SP-FORBIDDEN with the rule that is missing, and as every request does. */
export async function secretNames(
  api: Api,
  { namespace, labelSelector }: { readonly namespace: string; readonly labelSelector: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const query = new URLSearchParams({ labelSelector, limit: String(maxListed) });
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets?${query}`;
  const headers = metadataOnly('PartialObjectMetadataList');
  const request = { path, headers, maxAnswerBytes, timeoutMs: readTimeoutMs, signal };
  const { items = [] } = await api
    .request<{ readonly items?: readonly { readonly metadata?: { readonly name?: string } }[] }>(request)
    .catch((thrown) => {
      throw forbidden(
        AppError.from(thrown),
        `name the role in the profile (connection.user), so that its Secret alone is read; or ask the owner of the cluster for a Role in namespace ${namespace} with the rule {apiGroups: [""], resources: ["secrets"], verbs: ["list"]}`,
      );
    });
  return items.flatMap(({ metadata }) => metadata?.name ?? []);
}

interface GetOptions {
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

async function get(api: Api, at: ObjectPlace, options: GetOptions): Promise<unknown> {
  const { kind = 'Secret', namespace, name } = at;
  const resource = `${kind.toLowerCase()}s`;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/${resource}/${encodeURIComponent(name)}`;
  const request = { path, maxAnswerBytes, timeoutMs: readTimeoutMs, ...options };
  return api.request<unknown>(request).catch((thrown) => {
    const error = AppError.from(thrown);
    if (error.code === 'SP-TARGET-NOT-FOUND') {
      const object = kind === 'ConfigMap' ? { object: kind } : {};
      const details = { secret: name, namespace, why: error.details.why, ...object };
      throw new AppError('SP-SECRET-MISSING', details, error);
    }
    throw forbidden(
      error,
      `ask the owner of the cluster for a Role in namespace ${namespace} with the rule {apiGroups: [""], resources: ["${resource}"], resourceNames: ["${name}"], verbs: ["get"]}`,
      name,
    );
  });
}

function forbidden(error: AppError, next: string, name?: string): AppError {
  if (error.code !== 'SP-FORBIDDEN') return error;
  return new AppError('SP-FORBIDDEN', { ...error.details, ...(name && { name }), next }, error);
}

function unlessMissing(thrown: unknown): undefined {
  if (thrown instanceof AppError && thrown.code === 'SP-SECRET-MISSING') return undefined;
  throw thrown;
}

/** Only texts: the rest is of no API server. */
function dataOf(answer: unknown): ReadonlyMap<string, string> {
  const { data } = (answer ?? {}) as { readonly data?: Readonly<Record<string, unknown>> | null };
  const entries = Object.entries(data ?? {});
  return new Map(entries.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])));
}
