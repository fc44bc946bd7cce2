import type { EndpointSlice, Pod, PodStatus, Service, Workload } from '../../src/kube/types.ts';
import type { Given } from './fake-kube-api.ts';

export interface PodShape {
  readonly ready?: boolean;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly owner?: Workload;
  readonly deleting?: boolean;
  readonly restarts?: number;
  readonly created?: string;
  readonly spec?: Partial<Pod['spec']>;
  readonly status?: PodStatus;
}

/** A pod that runs on node-1 with a container `postgres` that declares pg=5432, ready unless said otherwise. */
export function runningPod(name: string, shape: PodShape = {}): Given<Pod> {
  const { ready = true, uid, labels = { app: 'postgres' }, owner, deleting, restarts = 0 } = shape;
  const controller = owner && {
    kind: 'StatefulSet',
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
  };
  return {
    metadata: {
      name,
      labels,
      creationTimestamp: shape.created ?? '2026-01-01T00:00:00Z',
      ...(uid && { uid }),
      ...(deleting && { deletionTimestamp: '2026-01-02T00:00:00Z' }),
      ...(controller && { ownerReferences: [controller] }),
    },
    spec: {
      nodeName: 'node-1',
      containers: [
        {
          name: 'postgres',
          image: 'postgres:18',
          ports: [{ name: 'pg', containerPort: 5432 }],
          readinessProbe: {},
        },
      ],
      ...shape.spec,
    },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [{ name: 'postgres', ready, restartCount: restarts, state: { running: {} } }],
      ...shape.status,
    },
  };
}

/** A pod on its node whose container waits with this reason. */
export function waitingPod(name: string, waiting: string, shape: PodShape = {}): Given<Pod> {
  return runningPod(name, {
    ...shape,
    ready: false,
    status: {
      phase: 'Pending',
      containerStatuses: [
        { name: 'postgres', restartCount: shape.restarts ?? 0, state: { waiting: { reason: waiting } } },
      ],
    },
  });
}

/** StatefulSet, Deployment or ReplicaSet of the pods labelled app=NAME. */
export function workload(name: string, spec: Partial<Workload['spec']> = {}): Given<Workload> {
  return {
    metadata: { name },
    spec: { replicas: 2, selector: { matchLabels: { app: name } }, ...spec },
  };
}

/** A Service of the pods labelled app=postgres: port 15432, named pg. */
export function service(name: string, spec: Partial<Service['spec']> = {}): Given<Service> {
  return {
    metadata: { name },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.1',
      selector: { app: 'postgres' },
      ports: [{ name: 'pg', port: 15432 }],
      ...spec,
    },
  };
}

export interface EndpointShape {
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
}

/** One slice of a Service: its endpoints are pods with their conditions. */
export function slice(
  serviceName: string,
  endpoints: readonly (readonly [Pod, EndpointShape?])[],
  { suffix = 'a', ports = [{ name: 'pg', port: 5432 }] as EndpointSlice['ports'] } = {},
): Given<EndpointSlice> {
  return {
    metadata: { name: `${serviceName}-${suffix}`, labels: { 'kubernetes.io/service-name': serviceName } },
    addressType: 'IPv4',
    endpoints: endpoints.map(([pod, conditions = { ready: true }]) => ({
      conditions,
      targetRef: { kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid },
    })),
    ...(ports && { ports }),
  };
}
