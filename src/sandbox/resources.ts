import type { Clock } from '../base/clock.ts';
import { admit } from './admission.ts';
import {
  apiVersionOf,
  type KubeObject,
  type Manifest,
  type Plural,
  type Pod,
  resourceTypes,
} from './kube-object.ts';
import type { ObjectStore, Selection } from './object-store.ts';
import type { ResourcePath } from './request-path.ts';
import { type Matcher, parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { badRequest, conflict, methodNotAllowed, notFound } from './status-error.ts';
import { toTable } from './table.ts';

export interface ResourceRequest {
  readonly plural: Plural;
  readonly path: ResourcePath;
  readonly verb: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** The client asked for a Table. */
  readonly asTable: boolean;
}

export interface ResourceAnswer {
  readonly httpCode: number;
  readonly body: object;
}

/** Everything about objects but watches: get, list, create, update, patch, delete. Throws StatusErrors. */
export class Resources {
  readonly #store: ObjectStore;
  readonly #clock: Clock;

  constructor({ store, clock }: { store: ObjectStore; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  answer(request: ResourceRequest): ResourceAnswer {
    const { plural, path, verb, query, body } = request;
    const key = { namespace: path.namespace, name: path.name };
    switch (verb) {
      case 'get':
        return this.#show(request, this.#get(plural, path));
      case 'list':
        return { httpCode: 200, body: this.#list(request) };
      case 'create':
        return { httpCode: 201, body: this.create(plural, manifestIn(body, plural), path.namespace) };
      case 'update':
        return this.#show(
          request,
          this.#store.update(plural, key, (draft) => replace(draft, manifestIn(body, plural))),
        );
      case 'patch':
        return this.#show(
          request,
          this.#store.update(plural, key, (draft) => mergeInto(draft, body)),
        );
      case 'delete':
        return this.#delete(plural, path, {
          ...deleteOptions(query),
          ...(body as DeleteOptions | undefined),
        });
      default:
        throw methodNotAllowed();
    }
  }

  create(plural: Plural, manifest: Manifest, namespace: string): KubeObject {
    const named = manifest.metadata.namespace;
    if (namespace !== '' && named !== undefined && named !== namespace) {
      throw badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    }
    const metadata = { ...manifest.metadata, namespace: namespace || named || 'default' };
    return this.#store.create(plural, admit(plural, { ...manifest, metadata }));
  }

  /** The selection that a list's or watch's path and query name. */
  selection({ namespace, name }: ResourcePath, query: URLSearchParams): Selection {
    const matchers: Matcher[] = [];
    if (query.get('labelSelector')) matchers.push(parseLabelSelector(query.get('labelSelector')!));
    if (query.get('fieldSelector')) matchers.push(parseFieldSelector(query.get('fieldSelector')!));
    if (name !== '') matchers.push(({ metadata }) => metadata.name === name);
    return {
      namespace: namespace === '' ? undefined : namespace,
      matches: matchers.length === 0 ? undefined : (object) => matchers.every((matches) => matches(object)),
    };
  }

  show(plural: Plural, asTable: boolean): (object: KubeObject) => object {
    if (!asTable) return (object) => object;
    return (object) =>
      toTable(plural, [object], {
        resourceVersion: object.metadata.resourceVersion,
        nowMs: this.#clock.wallMs(),
      });
  }

  #show({ plural, asTable }: ResourceRequest, object: KubeObject): ResourceAnswer {
    return { httpCode: 200, body: this.show(plural, asTable)(object) };
  }

  #get(plural: Plural, { namespace, name }: ResourcePath): KubeObject {
    const object = this.#store.get(plural, namespace, name);
    if (!object) throw notFound(plural, name, resourceTypes[plural].group);
    return object;
  }

  #list({ plural, path, query, asTable }: ResourceRequest): object {
    const { items, resourceVersion } = this.#store.list(plural, this.selection(path, query));
    // The token is the position in the present list: objects that come or go between two pages may be met twice or missed.
    const from = Number(query.get('continue') ?? 0);
    const limit = Number(query.get('limit') ?? 0) || items.length;
    const page = items.slice(from, from + limit);
    const left = items.length - from - page.length;
    const metadata = {
      resourceVersion,
      ...(left > 0 ? { continue: String(from + page.length), remainingItemCount: left } : {}),
    };
    if (asTable) {
      const table = toTable(plural, page, { resourceVersion, nowMs: this.#clock.wallMs() });
      return { ...table, metadata };
    }
    const type = resourceTypes[plural];
    return { kind: `${type.kind}List`, apiVersion: apiVersionOf(type), metadata, items: page };
  }

  /** A pod ends by its node, within the grace period; anything else is gone at once. */
  #delete(plural: Plural, path: ResourcePath, options: DeleteOptions): ResourceAnswer {
    const object = this.#get(plural, path);
    const { uid } = object.metadata;
    if (options.preconditions?.uid !== undefined && options.preconditions.uid !== uid) {
      throw conflict(plural, path.name, `the UID in the precondition does not match: ${uid}`);
    }
    const body = plural === 'pods' ? this.#deletePod(object as Pod, options.gracePeriodSeconds) : object;
    if (plural !== 'pods') this.#store.remove(plural, path);
    return { httpCode: 200, body };
  }

  #deletePod(pod: Pod, gracePeriodSeconds: number | undefined): KubeObject {
    const { namespace = '', name, uid } = pod.metadata;
    const graceSeconds = gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    // Nobody would end a pod that has no node.
    if (graceSeconds === 0 || pod.spec.nodeName === undefined) {
      this.#store.remove('pods', { namespace, name, uid });
      return pod;
    }
    return this.#store.update('pods', { namespace, name }, ({ metadata }) => {
      metadata.deletionTimestamp ??= this.#store.timestamp(graceSeconds * 1_000);
      metadata.deletionGracePeriodSeconds ??= graceSeconds;
    });
  }
}

interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string };
}

function deleteOptions(query: URLSearchParams): DeleteOptions {
  const seconds = query.get('gracePeriodSeconds');
  return seconds === null ? {} : { gracePeriodSeconds: Number(seconds) };
}

function manifestIn(body: unknown, plural: Plural): Manifest {
  const { kind } = resourceTypes[plural];
  const manifest = body as Partial<Manifest> | undefined;
  if (manifest?.kind !== undefined && manifest.kind !== kind) {
    throw badRequest(`${manifest.kind} in version "${manifest.apiVersion}" cannot be handled as a ${kind}`);
  }
  if (!manifest?.metadata?.name) throw badRequest('name or generateName is required');
  return { apiVersion: '', kind, ...manifest, metadata: manifest.metadata };
}

function replace(draft: KubeObject, { metadata, apiVersion: _, kind: __, ...fields }: Manifest): void {
  Object.assign(draft, structuredClone(fields));
  const { labels, annotations, resourceVersion } = metadata;
  if (labels) draft.metadata.labels = { ...labels };
  if (annotations) draft.metadata.annotations = { ...annotations };
  if (resourceVersion) draft.metadata.resourceVersion = resourceVersion;
}

/** RFC 7386. Lists are replaced; a strategic merge patch is taken the same way. */
function mergeInto(target: object, patch: unknown): void {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    throw badRequest('the patch is not an object');
  const fields = target as Record<string, unknown>;
  for (const [key, value] of Object.entries(patch)) {
    if (key === '__proto__') continue;
    if (value === null) delete fields[key];
    else if (typeof value === 'object' && !Array.isArray(value)) {
      if (typeof fields[key] !== 'object' || fields[key] === null || Array.isArray(fields[key]))
        fields[key] = {};
      mergeInto(fields[key] as object, value);
    } else fields[key] = value;
  }
}
