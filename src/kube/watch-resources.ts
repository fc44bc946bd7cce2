import { roleLabels } from '../contract/role-labels.ts';
import type {
  Container,
  ContainerStatus,
  EndpointSlice,
  KubeObject,
  ObjectMeta,
  Pod,
  Service,
  Workload,
} from './types.ts';

/** Where objects of a kind live and which of their fields are kept. */
export interface Resource<T extends KubeObject> {
  readonly plural: string;
  /** API group, empty for the core group. */
  readonly group: string;
  /** Copies the fields in use, so that nothing of the object as it was sent stays referenced. */
  readonly pick: (sent: T) => T;
}

export interface Kinds {
  readonly pods: Pod;
  readonly services: Service;
  readonly endpointslices: EndpointSlice;
  readonly statefulsets: Workload;
  readonly deployments: Workload;
  readonly replicasets: Workload;
}

export type Kind = keyof Kinds;

export const resources: { readonly [K in Kind]: Resource<Kinds[K]> } = {
  pods: { plural: 'pods', group: '', pick: pickPod },
  services: { plural: 'services', group: '', pick: pickService },
  endpointslices: { plural: 'endpointslices', group: 'discovery.k8s.io', pick: pickEndpointSlice },
  statefulsets: { plural: 'statefulsets', group: 'apps', pick: pickWorkload },
  deployments: { plural: 'deployments', group: 'apps', pick: pickWorkload },
  replicasets: { plural: 'replicasets', group: 'apps', pick: pickWorkload },
};

/** The collection's path, without a namespace that of all. All kinds in use are version v1. */
export function collectionPath(
  resource: Pick<Resource<never>, 'plural' | 'group'>,
  namespace: string | undefined,
): string {
  const root = resource.group === '' ? '/api/v1' : `/apis/${resource.group}/v1`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${resource.plural}`;
}

function pickMeta(sent: ObjectMeta): ObjectMeta {
  const owner = sent.ownerReferences?.find((reference) => reference.controller);
  const roles = roleLabels.filter((label) => sent.labels?.[label] !== undefined);
  return defined({
    ...keep(sent, ['name', 'uid', 'namespace', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp']),
    labels: roles.length === 0 ? undefined : keep(sent.labels!, roles),
    ownerReferences: owner && [keep(owner, ['kind', 'name', 'uid', 'controller'])],
  });
}

function pickPod({ metadata, spec, status = {} }: Pod): Pod {
  return {
    metadata: pickMeta(metadata),
    spec: defined({
      ...keep(spec, ['nodeName', 'hostNetwork']),
      schedulingGates: spec.schedulingGates?.map((gate) => keep(gate, ['name'])),
      readinessGates: spec.readinessGates?.map((gate) => keep(gate, ['conditionType'])),
      containers: (spec.containers ?? []).map(pickContainer),
      initContainers: spec.initContainers?.map(pickContainer),
    }),
    status: defined({
      ...keep(status, ['phase', 'reason', 'message', 'podIP']),
      conditions: status.conditions?.map((condition) =>
        keep(condition, ['type', 'status', 'reason', 'message']),
      ),
      containerStatuses: status.containerStatuses?.map(pickContainerStatus),
      initContainerStatuses: status.initContainerStatuses?.map(pickContainerStatus),
    }),
  };
}

function pickContainer(sent: Container): Container {
  return defined({
    ...keep(sent, ['name', 'image', 'restartPolicy']),
    ports: sent.ports?.map((port) => keep(port, ['name', 'containerPort', 'protocol'])),
    // That there is a probe matters, not what it does.
    readinessProbe: sent.readinessProbe && {},
    startupProbe: sent.startupProbe && {},
  });
}

function pickContainerStatus(sent: ContainerStatus): ContainerStatus {
  const { waiting, running, terminated } = sent.state ?? {};
  return {
    ...keep(sent, ['name', 'ready', 'started', 'restartCount']),
    state: defined({
      waiting: waiting && keep(waiting, ['reason', 'message']),
      running: running && keep(running, ['startedAt']),
      terminated: terminated && keep(terminated, ['reason', 'exitCode', 'message']),
    }),
  };
}

function pickService({ metadata, spec }: Service): Service {
  return {
    metadata: pickMeta(metadata),
    spec: defined({
      ...keep(spec, ['type', 'clusterIP', 'externalName', 'publishNotReadyAddresses']),
      selector: spec.selector && { ...spec.selector },
      ports: spec.ports?.map((port) => keep(port, ['name', 'port', 'protocol'])),
    }),
  };
}

function pickEndpointSlice({ metadata, addressType, endpoints, ports }: EndpointSlice): EndpointSlice {
  return defined({
    metadata: pickMeta(metadata),
    addressType,
    // `endpoints: null` is what Go sends for an empty list.
    endpoints: (endpoints ?? []).map((endpoint) =>
      defined({
        conditions: endpoint.conditions && keep(endpoint.conditions, ['ready', 'serving', 'terminating']),
        targetRef: endpoint.targetRef && keep(endpoint.targetRef, ['kind', 'name', 'uid']),
      }),
    ),
    ports: (ports ?? []).map((port) => keep(port, ['name', 'port', 'protocol'])),
  });
}

function pickWorkload({ metadata, spec }: Workload): Workload {
  const { matchLabels, matchExpressions } = spec.selector;
  return {
    metadata: pickMeta(metadata),
    spec: defined({
      replicas: spec.replicas,
      ordinals: spec.ordinals && keep(spec.ordinals, ['start']),
      selector: defined({
        matchLabels: matchLabels && { ...matchLabels },
        matchExpressions: matchExpressions?.map((term) => keep(term, ['key', 'operator', 'values'])),
      }),
    }),
  };
}

/** A copy with the named keys that have a value. */
function keep<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  const kept: Partial<T> = {};
  for (const key of keys) if (from[key] !== undefined && from[key] !== null) kept[key] = from[key];
  return kept as Pick<T, K>;
}

/** The same object without its undefined keys. Its type promises them all, so let it only meet types where they are optional. */
function defined<T extends object>(from: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  for (const key of Object.keys(from) as (keyof T)[]) if (from[key] === undefined) delete from[key];
  return from as { [K in keyof T]: Exclude<T[K], undefined> };
}
