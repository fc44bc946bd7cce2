import type { Container, Manifest } from './kube-object.ts';

/** The ports of a netserver pod, by what they do. */
export const netserverPorts = {
  echo: 7007,
  discard: 7009,
  identity: 7010,
  'slow-eof': 7011,
  banner: 7012,
  reset: 7013,
  mute: 7014,
  sink: 7015,
  chargen: 7019,
} as const;

const netserver: Container = {
  name: 'net',
  image: 'netserver',
  ports: Object.entries(netserverPorts).map(([name, containerPort]) => ({ name, containerPort })),
};

/** StatefulSet net (pod net-0) and its Service, in the given namespace. */
export function netserverManifest(namespace = 'default', replicas = 1): Manifest[] {
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'net', namespace },
      spec: {
        serviceName: 'net',
        replicas,
        selector: { matchLabels: { app: 'net' } },
        template: {
          metadata: { labels: { app: 'net' } },
          spec: { terminationGracePeriodSeconds: 1, containers: [netserver] },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'net', namespace },
      spec: {
        selector: { app: 'net' },
        ports: Object.entries(netserverPorts).map(([name, port]) => ({ name, port, targetPort: name })),
      },
    },
  ];
}

export interface PostgresManifest {
  readonly namespace?: string;
  readonly name?: string;
  readonly user?: string;
  readonly database?: string;
  readonly password: string;
}

/** A Secret, a StatefulSet of one Postgres and its Service. */
export function postgresManifest({
  namespace = 'default',
  name = 'postgres',
  user = 'app',
  database = 'orders',
  password,
}: PostgresManifest): Manifest[] {
  const labels = { app: name };
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace },
      stringData: { password },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name, namespace },
      spec: {
        serviceName: name,
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 5,
            containers: [
              {
                name: 'postgres',
                image: 'postgres:18',
                ports: [{ name: 'postgres', containerPort: 5432 }],
                env: [
                  { name: 'POSTGRES_USER', value: user },
                  { name: 'POSTGRES_DB', value: database },
                  { name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: { name, key: 'password' } } },
                ],
                readinessProbe: { tcpSocket: { port: 'postgres' } },
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: labels, ports: [{ name: 'postgres', port: 5432, targetPort: 'postgres' }] },
    },
  ];
}
