import { describe, expect, it } from 'vitest';
import { type PodShape, runningPod, waitingPod } from '../../test/support/kube-objects.ts';
import { AppError } from '../base/app-error.ts';
import type { Pod } from '../kube/types.ts';
import { podIdentity, whyNotServing } from './pod-condition.ts';

function sentence(shape: PodShape, asked: number | string = 5432): string {
  const { code, details } = whyNotServing(runningPod('p', { ready: false, ...shape }) as Pod, asked);
  return `${code}: ${new AppError(code, details).message}`;
}

const main = { name: 'postgres', image: 'postgres:18' };

describe('why a pod does not serve', () => {
  it.each<[string, PodShape, string]>([
    ['readiness probe', {}, 'SP-POD-NOT-READY: p readiness probe fails'],
    [
      'startup probe',
      { spec: { containers: [{ ...main, startupProbe: {}, readinessProbe: {} }] } },
      'SP-POD-NOT-READY: p startup probe has not passed',
    ],
    ['no probe', { spec: { containers: [main] } }, 'SP-POD-NOT-READY: p is not ready'],
    [
      'readiness gate',
      {
        spec: { containers: [main], readinessGates: [{ conditionType: 'lb.example.com/attached' }] },
        status: { containerStatuses: [{ name: 'postgres', ready: true, state: { running: {} } }] },
      },
      'SP-POD-NOT-READY: p readiness gate lb.example.com/attached is not met',
    ],
    [
      'killed for memory, before the restart',
      {
        status: {
          containerStatuses: [
            {
              name: 'postgres',
              restartCount: 3,
              state: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
            },
          ],
        },
      },
      'SP-POD-NOT-READY: p OOMKilled, 3 restarts',
    ],
    [
      'init container that fails',
      {
        status: {
          initContainerStatuses: [
            { name: 'one', state: { terminated: { exitCode: 0 } } },
            { name: 'two', state: { waiting: { reason: 'CrashLoopBackOff' } } },
          ],
          containerStatuses: [{ name: 'postgres', state: { waiting: { reason: 'PodInitializing' } } }],
        },
      },
      'SP-POD-NOT-READY: p Init:CrashLoopBackOff',
    ],
    [
      'init container that runs',
      {
        status: {
          initContainerStatuses: [
            { name: 'one', state: { terminated: { exitCode: 0 } } },
            { name: 'two', state: { running: {} } },
          ],
        },
      },
      'SP-POD-NOT-READY: p Init:1/2',
    ],
    [
      'sidecar that has started is no init container to wait for',
      {
        spec: {
          containers: [{ ...main, readinessProbe: {} }],
          initContainers: [{ name: 'proxy', restartPolicy: 'Always' }],
        },
        status: { initContainerStatuses: [{ name: 'proxy', started: true, state: { running: {} } }] },
      },
      'SP-POD-NOT-READY: p readiness probe fails',
    ],
    [
      'the container of the port is told of before another',
      {
        spec: { containers: [{ name: 'a' }, { name: 'b', ports: [{ containerPort: 5432 }] }] },
        status: {
          containerStatuses: [
            { name: 'a', state: { waiting: { reason: 'ContainerCreating' } } },
            { name: 'b', restartCount: 2, state: { waiting: { reason: 'ImagePullBackOff' } } },
          ],
        },
      },
      'SP-POD-NOT-READY: p ImagePullBackOff, 2 restarts',
    ],
    [
      'not started by its node',
      { status: { containerStatuses: [] } },
      'SP-POD-NOT-READY: p is not started yet',
    ],
    [
      'unschedulable',
      {
        spec: { containers: [main], nodeName: '' },
        status: {
          conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }],
        },
      },
      'SP-POD-UNSCHEDULED: p is not scheduled yet: 0/3 nodes are available',
    ],
    [
      'scheduling gate',
      { spec: { containers: [main], nodeName: '', schedulingGates: [{ name: 'quota' }] } },
      'SP-POD-UNSCHEDULED: p is not scheduled yet: it waits for scheduling gate quota',
    ],
  ])('%s', (_, shape, expected) => {
    expect(sentence(shape)).toBe(expected);
  });

  it("gives the cluster's own words as why", () => {
    const pod = waitingPod('p', 'ImagePullBackOff') as Pod;
    const message = 'Back-off pulling image "postgres:nope"';
    const containerStatuses = [
      { name: 'postgres', state: { waiting: { reason: 'ImagePullBackOff', message } } },
    ];
    const { details } = whyNotServing({ ...pod, status: { ...pod.status, containerStatuses } }, 5432);
    expect(details.why).toBe(message);
  });
});

describe('the role', () => {
  it.each([
    ['cnpg.io/instanceRole', 'primary', 'primary'],
    ['spilo-role', 'replica', 'replica'],
    ['postgres-operator.crunchydata.com/role', 'master', 'primary'],
    ['kubeblocks.io/role', 'secondary', 'secondary'],
    ['role', 'master', 'primary'],
  ])('%s=%s is %s', (label, value, role) => {
    const pod = runningPod('p', { labels: { [label]: value } }) as Pod;
    expect(podIdentity(pod, 'db', 5432).role).toBe(role);
  });

  it('is absent where no label tells', () => {
    expect(podIdentity(runningPod('p') as Pod, 'db', 5432)).not.toHaveProperty('role');
  });
});

it('tells of a pod in what can be seen alone, whatever a hostile API server calls it', () => {
  const hostile = (text: string) => `${text}\u001b[2J\u009b1m\u202e\n`;
  const containers = [{ name: hostile('postgres'), image: hostile('postgres:18') }];
  const pod = runningPod(hostile('p'), {
    uid: '\u001b[2J',
    labels: { role: hostile('primary') },
    spec: { nodeName: hostile('node-1'), containers },
  }) as Pod;
  expect(podIdentity(pod, 'db', 5432)).toMatchObject({
    name: 'p[2J1m',
    uid: '[2J',
    node: 'node-1[2J1m',
    role: 'primary[2J1m',
    container: 'postgres[2J1m',
    image: 'postgres:18[2J1m',
  });
});
