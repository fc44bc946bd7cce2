import type { ClusterObject } from '../../../src/contract/control-objects.ts';
import { wordsOf } from '../../state/search-words.ts';

export type ObjectItem =
  | { readonly kind: 'group'; readonly title: string; readonly about?: string }
  | { readonly kind: 'object'; readonly key: string; readonly object: ClusterObject };

/** Databases that an operator runs first, each with what leads to it; then StatefulSets, then Services. */
export function objectItems(objects: readonly ClusterObject[], search: string): ObjectItem[] {
  const words = wordsOf(search);
  const groups = new Map<string, { about?: string; objects: ClusterObject[] }>();
  const into = (title: string, about: string | undefined, object: ClusterObject) => {
    const group = groups.get(title) ?? { ...(about && { about }), objects: [] };
    group.objects.push(object);
    groups.set(title, group);
  };
  const found = objects.filter((object) => isFound(object, words));
  for (const object of found)
    if (object.database) into(object.database.cluster, object.database.operator, object);
  for (const kind of ['StatefulSet', 'Service'] as const)
    for (const object of found)
      if (!object.database && object.kind === kind) into(`${kind}s`, undefined, object);
  return [...groups].flatMap(([title, { about, objects: members }]): ObjectItem[] => [
    { kind: 'group', title, ...(about && { about }) },
    ...members.map((object): ObjectItem => ({ kind: 'object', key: objectKey(object), object })),
  ]);
}

export function objectKey({
  kind,
  namespace,
  name,
}: Pick<ClusterObject, 'kind' | 'namespace' | 'name'>): string {
  return `${kind}/${namespace}/${name}`;
}

export function itemKey(item: ObjectItem): string {
  return item.kind === 'group' ? `group ${item.title}` : item.key;
}

/** Why no tunnel can lead there; undefined where one can. */
export function whyNot({ kind, ports, withoutPods }: ClusterObject): string | undefined {
  if (withoutPods === 'external-name') return 'ExternalName: it leads out of the cluster';
  if (withoutPods === 'no-selector') return 'it selects no pods';
  if (kind === 'Service' && ports.length === 0) return 'it declares no port';
  if (ports.length > 0 && forwardable(ports).length === 0) return `${ports[0]!.protocol} is not forwarded`;
  return undefined;
}

export function forwardable(ports: ClusterObject['ports']): ClusterObject['ports'] {
  return ports.filter(({ protocol }) => protocol === 'TCP');
}

/** pg 5432, metrics 9187 +2 */
export function portsWords(ports: ClusterObject['ports'], most = 2): string {
  const shown = ports.slice(0, most).map(({ name, port }) => (name ? `${name} ${port}` : String(port)));
  return [shown.join(', '), ports.length > most && `+${ports.length - most}`].filter(Boolean).join(' ');
}

/** 1 of 3 ready */
export function readinessWords({ pods }: Pick<ClusterObject, 'pods'>): string {
  if (!pods) return '';
  return pods.wanted === 0 ? 'no pods' : `${pods.ready} of ${pods.wanted} ready`;
}

/** What answers there, as far as its names and images tell. */
export function guessedKind({ ports, guess }: ClusterObject): string | undefined {
  return ports.find(({ kind }) => kind !== undefined && kind !== 'http' && kind !== 'tcp')?.kind ?? guess;
}

function isFound(object: ClusterObject, words: readonly string[]): boolean {
  const { kind, namespace, name, ports, images, database } = object;
  const text = [
    kind,
    namespace,
    name,
    portsWords(ports, ports.length),
    ...images,
    database?.operator,
    database?.cluster,
    guessedKind(object),
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}
