import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Pod } from './types.ts';
import { collectionPath, resources } from './watch-resources.ts';

/** As an API server sends it, cut down to one of everything that must not be kept. */
const sentPod = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: {
    name: 'postgres-0',
    namespace: 'db',
    uid: 'u1',
    resourceVersion: '7',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'postgres', 'cnpg.io/instanceRole': 'primary' },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"long":"text"}' },
    managedFields: [{ manager: 'kubectl' }],
    ownerReferences: [
      { kind: 'Thing', name: 't', uid: 'u2' },
      { kind: 'StatefulSet', name: 'postgres', uid: 'u3', controller: true, blockOwnerDeletion: true },
    ],
  },
  spec: {
    nodeName: 'node-1',
    volumes: [{ name: 'data' }],
    containers: [
      {
        name: 'postgres',
        image: 'postgres:18',
        env: [{ name: 'POSTGRES_PASSWORD', value: 'secret' }],
        ports: [{ name: 'pg', containerPort: 5432, protocol: 'TCP', hostPort: 1 }],
        readinessProbe: { exec: { command: ['pg_isready'] } },
      },
    ],
  },
  status: {
    phase: 'Running',
    podIP: '10.0.0.1',
    podIPs: [{ ip: '10.0.0.1' }],
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    containerStatuses: [
      {
        name: 'postgres',
        ready: true,
        restartCount: 2,
        containerID: 'containerd://1',
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
        lastState: { terminated: { exitCode: 1 } },
      },
    ],
  },
};

describe('what is kept', () => {
  it('of a pod is the fields in use, and no environment', () => {
    expect(resources.pods.pick(sentPod as Pod)).toEqual({
      metadata: {
        name: 'postgres-0',
        namespace: 'db',
        uid: 'u1',
        resourceVersion: '7',
        creationTimestamp: '2026-01-01T00:00:00Z',
        labels: { 'cnpg.io/instanceRole': 'primary' },
        ownerReferences: [{ kind: 'StatefulSet', name: 'postgres', uid: 'u3', controller: true }],
      },
      spec: {
        nodeName: 'node-1',
        containers: [
          {
            name: 'postgres',
            image: 'postgres:18',
            ports: [{ name: 'pg', containerPort: 5432, protocol: 'TCP' }],
            readinessProbe: {},
          },
        ],
      },
      status: {
        phase: 'Running',
        podIP: '10.0.0.1',
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [
          {
            name: 'postgres',
            ready: true,
            restartCount: 2,
            state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
          },
        ],
      },
    });
  });

  it('of a pod in JSON is under 1 KiB', () => {
    expect(JSON.stringify(resources.pods.pick(sentPod as Pod)).length).toBeLessThan(1024);
  });

  it('shares nothing with what was sent', () => {
    const sent = structuredClone(sentPod) as Pod;
    const kept = resources.pods.pick(sent);
    (sent.spec.containers[0]!.ports![0] as { containerPort: number }).containerPort = 1;
    expect(kept.spec.containers[0]?.ports?.[0]?.containerPort).toBe(5432);
  });

  it('of an endpoint slice whose lists are null is empty lists', () => {
    const sent = { metadata: { name: 's', uid: 'u' }, endpoints: null, ports: null };
    expect(resources.endpointslices.pick(sent as unknown as EndpointSlice)).toMatchObject({
      endpoints: [],
      ports: [],
    });
  });
});

it('knows where each kind lives', () => {
  expect(collectionPath(resources.pods, 'db')).toBe('/api/v1/namespaces/db/pods');
  expect(collectionPath(resources.endpointslices, 'db')).toBe(
    '/apis/discovery.k8s.io/v1/namespaces/db/endpointslices',
  );
});
