import { type Plural, resourceTypes } from './kube-object.ts';

/** A resource request as its path names it. Empty strings where a part is absent. */
export interface ResourcePath {
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** Reads /api/v1/… and /apis/GROUP/VERSION/…; undefined for a path that names no resource. */
export function parsePath(path: string): ResourcePath | undefined {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const isCore = parts[0] === 'api' && parts[1] === 'v1';
  if (!isCore && parts[0] !== 'apis') return undefined;
  const group = isCore ? '' : (parts[1] ?? '');
  const rest = parts.slice(isCore ? 2 : 3);
  let namespace = '';
  if (rest[0] === 'namespaces' && rest.length > 2) {
    namespace = rest[1]!;
    rest.splice(0, 2);
  }
  const [resource, name = '', subresource = ''] = rest;
  return resource === undefined ? undefined : { group, resource, namespace, name, subresource };
}

/** The plural, where the sandbox keeps that resource in that group. */
export function pluralIn({ group, resource }: ResourcePath): Plural | undefined {
  return Object.hasOwn(resourceTypes, resource) && resourceTypes[resource as Plural].group === group
    ? (resource as Plural)
    : undefined;
}

/** The RBAC verb of a request. */
export function verbOf(method: string, { name }: ResourcePath, query: URLSearchParams): string {
  switch (method) {
    case 'GET':
      if (query.get('watch') === 'true' || query.get('watch') === '1') return 'watch';
      return name === '' ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete';
    default:
      return method.toLowerCase();
  }
}
