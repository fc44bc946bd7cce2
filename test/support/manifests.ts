import { readFileSync } from 'node:fs';

/**
 * What the suites put into a cluster: plain objects that any cluster takes. Annotations named realcluster/ are for realcluster and
 * harmless elsewhere.
 */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Container ports of the test server by what each does (see net-server.mjs); sink is there on realcluster's own server only. */
export const netPorts = {
  echo: 7007,
  discard: 7009,
  identity: 7010,
  'slow-eof': 7011,
  banner: 7012,
  reset: 7013,
  mute: 7014,
  chargen: 7019,
} as const;

export const sinkPort = 7015;

export const postgresLogin = { user: 'app', password: 'pw-of-the-suite', database: 'orders' } as const;

interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly replicas?: number;
  /** How long realcluster waits before it starts a container, ms. */
  readonly startDelayMs?: number;
  /** Of the pods; a change restarts those of a controller. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** portable: Node, on any cluster. netserver: realcluster's own, for the benchmark. */
  readonly server?: 'portable' | 'netserver';
}

export function namespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function netPod(workload: Workload): KubeObject {
  const { name } = workload;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: workload.namespace, labels: { app: name }, ...annotated(workload) },
    spec: netPodSpec(workload),
  };
}

export function netStatefulSet(workload: Workload): KubeObject {
  return controller('StatefulSet', workload, netPodSpec(workload));
}

export function netDeployment(workload: Workload): KubeObject {
  return controller('Deployment', workload, netPodSpec(workload));
}

/**
 * One Postgres a pod, its password in the manifest unless told otherwise, and further arguments of the server. The data of a StatefulSet pod
 * outlives the pod on realcluster.
 */
export function postgresStatefulSet(
  workload: Workload,
  password?: object,
  args?: readonly string[],
): KubeObject {
  return controller('StatefulSet', workload, postgresPodSpec(password, args));
}

export function postgresPodSpec(
  password: object = { value: postgresLogin.password },
  args: readonly string[] = [],
) {
  return {
    terminationGracePeriodSeconds: 5,
    containers: [
      {
        name: 'postgres',
        image: 'postgres:15',
        args,
        ports: [{ name: 'pg', containerPort: 5432 }],
        env: [
          { name: 'POSTGRES_USER', value: postgresLogin.user },
          { name: 'POSTGRES_PASSWORD', ...password },
          { name: 'POSTGRES_DB', value: postgresLogin.database },
        ],
        readinessProbe: { tcpSocket: { port: 5432 }, periodSeconds: 1 },
      },
    ],
  };
}

interface ServiceOptions {
  readonly namespace: string;
  readonly name: string;
  readonly app: string;
  readonly ports: readonly { name: string; port: number; targetPort: number | string }[];
  readonly type?: 'ClusterIP' | 'Headless' | 'NodePort';
}

export function service({ namespace, name, app, ports, type = 'ClusterIP' }: ServiceOptions): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {
      selector: { app },
      ports,
      ...(type === 'Headless' ? { clusterIP: 'None' } : { type }),
    },
  };
}

function controller(kind: 'StatefulSet' | 'Deployment', workload: Workload, podSpec: unknown): KubeObject {
  const { name, replicas = 1 } = workload;
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: workload.namespace },
    spec: {
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name }, ...annotated(workload) }, spec: podSpec },
    },
  };
}

function annotated({ startDelayMs, annotations = {} }: Workload) {
  const delay = startDelayMs === undefined ? {} : { 'realcluster/start-delay-ms': String(startDelayMs) };
  return { annotations: { ...delay, ...annotations } };
}

function netPodSpec({ server = 'portable' }: Workload) {
  const ports = server === 'portable' ? netPorts : { ...netPorts, sink: sinkPort };
  const shared = {
    name: 'net',
    ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort })),
    readinessProbe: { tcpSocket: { port: netPorts.banner }, periodSeconds: 1 },
  };
  if (server === 'netserver') {
    return { terminationGracePeriodSeconds: 1, containers: [{ ...shared, image: 'netserver:1' }] };
  }
  const script = readFileSync(new URL('net-server.mjs', import.meta.url), 'utf8');
  return {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        ...shared,
        image: 'node:24-alpine',
        command: ['node', '--input-type=module', '-e', script],
        env: [
          {
            name: 'PORTS',
            value: Object.entries(ports)
              .map((entry) => entry.join('='))
              .join(','),
          },
          { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
        ],
      },
    ],
  };
}
