import type { ClusterObject, OperatorDatabase } from '../contract/control-objects.ts';
import { operatorDatabase } from '../credential/operators.ts';
import type { EndpointSlice, KubeObject, Service, Workload } from '../kube/types.ts';
import { guessKind } from '../profile/import/guess-kind.ts';
import { roleIn } from '../target/pod-condition.ts';

type Labels = Readonly<Record<string, string>>;

/** A StatefulSet with what the chooser needs besides what resolving does. */
export interface SentStatefulSet extends Workload {
  readonly spec: Workload['spec'] & {
    readonly template?: {
      readonly metadata?: { readonly labels?: Labels };
      readonly spec?: {
        readonly containers?: readonly {
          readonly image?: string;
          readonly ports?: readonly {
            readonly name?: string;
            readonly containerPort: number;
            readonly protocol?: string;
          }[];
        }[];
      };
    };
  };
  readonly status?: { readonly readyReplicas?: number };
}

/** The part in use of a namespace. */
export interface SentNamespace extends KubeObject {
  readonly status?: { readonly phase?: string };
}

/** More of these than anybody reads are cut off: what comes from a cluster is bounded. */
const maxPorts = 100;
const maxImages = 20;

/** `counts` is absent where endpoints are not known. */
export function serviceEntity(
  { metadata, spec }: Service,
  counts: ReadonlyMap<string, { readonly ready: number; readonly wanted: number }> | undefined,
): ClusterObject {
  const { name, namespace = '' } = metadata;
  const { selector = {} } = spec;
  const database = databaseOf({ ...metadata.labels, ...selector });
  const words = [name, ...Object.values(metadata.labels ?? {}), ...Object.values(selector)];
  const withoutPods = whyWithoutPods(spec);
  const pods = counts?.get(`${namespace}/${name}`) ?? { ready: 0, wanted: 0 };
  return {
    kind: 'Service',
    namespace,
    name,
    ports: (spec.ports ?? [])
      .slice(0, maxPorts)
      .map(({ port, name: portName, protocol }) => portEntity({ port, name: portName, protocol }, words)),
    images: [],
    ...(counts && !withoutPods && { pods }),
    ...(database && { database }),
    ...(withoutPods && { withoutPods }),
  };
}

export function statefulSetEntity({ metadata, spec, status }: SentStatefulSet): ClusterObject {
  const { name, namespace = '' } = metadata;
  const { template } = spec;
  const labels = { ...metadata.labels, ...template?.metadata?.labels };
  const containers = template?.spec?.containers ?? [];
  const images = containers.flatMap(({ image }) => image ?? []).slice(0, maxImages);
  const database = databaseOf(labels);
  // A sidecar's port is judged by the sidecar's image.
  const ports = containers.flatMap(({ image, ports = [] }) =>
    ports.map(({ containerPort: port, name: portName, protocol }) =>
      portEntity({ port, name: portName, protocol }, [name, image, ...Object.values(labels)]),
    ),
  );
  const guess = guessKind({ port: 0, words: [name, ...images, ...Object.values(labels)] });
  return {
    kind: 'StatefulSet',
    namespace,
    name,
    ports: ports.slice(0, maxPorts),
    images,
    pods: { ready: status?.readyReplicas ?? 0, wanted: spec.replicas ?? 1 },
    ...(database && { database }),
    ...(guess && { guess }),
  };
}

/** Endpoints by namespace/service; a pod of several slices, as of two address families, counts once. */
export function endpointCounts(
  slices: readonly EndpointSlice[],
): Map<string, { readonly ready: number; readonly wanted: number }> {
  const pods = new Map<string, Map<string, boolean>>();
  for (const { metadata, endpoints } of slices) {
    const service = metadata.labels?.['kubernetes.io/service-name'];
    if (service === undefined) continue;
    const key = `${metadata.namespace ?? ''}/${service}`;
    const known = pods.get(key) ?? new Map<string, boolean>();
    pods.set(key, known);
    for (const { conditions, targetRef } of endpoints ?? []) {
      if (targetRef?.kind !== 'Pod' || !targetRef.uid) continue;
      // Absent means ready (EndpointSlice API).
      const isReady = conditions?.ready !== false;
      known.set(targetRef.uid, isReady || known.get(targetRef.uid) === true);
    }
  }
  return new Map(
    [...pods].map(([key, known]) => [
      key,
      { ready: [...known.values()].filter(Boolean).length, wanted: known.size },
    ]),
  );
}

function portEntity(
  { port, name, protocol = 'TCP' }: { port: number; name: string | undefined; protocol: string | undefined },
  words: readonly (string | undefined)[],
): ClusterObject['ports'][number] {
  const kind = protocol === 'TCP' ? guessKind({ port, portName: name, words }) : undefined;
  return { port, ...(name && { name }), protocol, ...(kind && { kind }) };
}

function whyWithoutPods({ type, selector }: Service['spec']): ClusterObject['withoutPods'] {
  if (type === 'ExternalName') return 'external-name';
  return Object.keys(selector ?? {}).length === 0 ? 'no-selector' : undefined;
}

function databaseOf(labels: Labels): OperatorDatabase | undefined {
  const found = operatorDatabase(labels);
  const role = roleIn(labels);
  return found && { ...found, ...(role && { role }) };
}

/** By namespace, then name, then kind. */
export function byPlace(a: Pick<ClusterObject, 'namespace' | 'name' | 'kind'>, b: typeof a): number {
  const key = ({ namespace, name, kind }: typeof a) => `${namespace}\0${name}\0${kind}`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}
