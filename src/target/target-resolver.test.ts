import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeRegistry } from '../../test/support/fake-registry.ts';
import { runningPod, service, slice, waitingPod, workload } from '../../test/support/kube-objects.ts';
import { settle as settleClock } from '../../test/support/settle.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import type { Resolution } from '../contract/resolution.ts';
import type { Pod } from '../kube/types.ts';
import { parseTarget } from './parse-target.ts';
import type { RemotePort } from './target.ts';
import { createTargetResolver } from './target-resolver.ts';

function setUp() {
  const { clock, api, registry: caches } = fakeRegistry();
  const resolver = createTargetResolver({ caches, log: silentLog });
  const settle = (ms = 0) => settleClock(clock, ms);
  const follow = async (target: string, port: RemotePort = 5432) => {
    const told: Resolution[] = [];
    const options = { target: parseTarget(target), namespace: 'db', port };
    const followed = resolver.follow(options, (resolution) => told.push(resolution));
    onTestFinished(() => followed[Symbol.asyncDispose]());
    expect(told).toEqual([]);
    await settle();
    return { told, followed, last: () => told.at(-1), brief: () => told.map(brief) };
  };
  return { clock, api, caches, settle, follow };
}

/** `postgres-0 uid-1 :5432`, with `?` when it is not serving; or the code with what its headline says. */
function brief(resolution: Resolution): string {
  if (resolution.kind === 'pod') {
    const { pod, port, serving } = resolution;
    return `${pod.name} ${pod.uid} :${port}${serving ? '' : ' ?'}`;
  }
  const { code, details } = resolution.reason;
  return `${code}: ${new AppError(code, details).message}`;
}

describe('pod/NAME', () => {
  it('costs one GET before the first answer, and never lists the namespace of 2,000 pods', async () => {
    const { api, follow } = setUp();
    for (let n = 0; n < 2_000; n++) api.put('pods', runningPod(`other-${n}`));
    api.put('pods', runningPod('postgres-0', { uid: 'u0' }));
    const { told } = await follow('postgres-0');
    expect(told).toEqual([
      {
        kind: 'pod',
        pod: {
          namespace: 'db',
          name: 'postgres-0',
          uid: 'u0',
          node: 'node-1',
          ip: '10.0.0.1',
          container: 'postgres',
          image: 'postgres:18',
          restarts: 0,
          ready: true,
          hostNetwork: false,
        },
        port: 5432,
        serving: true,
      },
    ]);
    expect(api.log).toEqual(['get pods db postgres-0', 'watch pods db metadata.name=postgres-0 @2101']);
  });

  it('is offered while its container runs, and is said not to be serving before it is ready', async () => {
    const { api, settle, follow } = setUp();
    const { brief } = await follow('pod/postgres-0');
    api.put(
      'pods',
      runningPod('postgres-0', {
        ready: false,
        status: { phase: 'Pending', containerStatuses: [] },
        spec: { nodeName: '' },
        uid: 'u0',
      }),
    );
    await settle();
    api.put('pods', waitingPod('postgres-0', 'ContainerCreating'));
    await settle();
    api.put('pods', runningPod('postgres-0', { ready: false }));
    await settle();
    api.put('pods', runningPod('postgres-0'));
    await settle();
    api.put('pods', waitingPod('postgres-0', 'CrashLoopBackOff', { restarts: 4 }));
    await settle();
    expect(brief()).toEqual([
      'SP-TARGET-NOT-FOUND: pod/postgres-0 does not exist in namespace db',
      'SP-POD-UNSCHEDULED: postgres-0 is not scheduled yet',
      'SP-POD-NOT-READY: postgres-0 ContainerCreating',
      'postgres-0 u0 :5432 ?',
      'postgres-0 u0 :5432',
      'SP-POD-NOT-READY: postgres-0 CrashLoopBackOff, 4 restarts',
    ]);
  });

  it('is not offered once it is being deleted; a pod of the same name with another UID is another pod', async () => {
    const { api, settle, follow } = setUp();
    api.put('pods', runningPod('postgres-0', { uid: 'u0' }));
    const { brief } = await follow('pod/postgres-0');
    api.put('pods', runningPod('postgres-0', { deleting: true }));
    await settle();
    api.remove('pods', 'postgres-0');
    await settle();
    api.put('pods', runningPod('postgres-0', { uid: 'u1' }));
    await settle();
    expect(brief()).toEqual([
      'postgres-0 u0 :5432',
      'SP-POD-DELETED: postgres-0 was deleted',
      'postgres-0 u1 :5432',
    ]);
  });

  it('is named while it cannot serve yet, as soon as it is there, and not while it is on its way out', async () => {
    const { api, settle, follow } = setUp();
    api.put('pods', runningPod('postgres-0', { uid: 'u0' }));
    const { told } = await follow('pod/postgres-0', 'pg');
    api.put('pods', runningPod('postgres-0', { uid: 'u0', deleting: true }));
    await settle();
    api.remove('pods', 'postgres-0');
    await settle();
    api.put(
      'pods',
      runningPod('postgres-0', {
        uid: 'u1',
        ready: false,
        status: { phase: 'Pending', containerStatuses: [] },
        spec: { nodeName: '' },
      }),
    );
    await settle();
    api.put('pods', waitingPod('postgres-0', 'ContainerCreating', { uid: 'u1' }));
    await settle();
    expect(told.map(({ kind, pod }) => [kind, pod?.uid])).toEqual([
      ['pod', 'u0'],
      ['none', undefined],
      ['none', 'u1'],
      ['none', 'u1'],
    ]);
  });

  it('is told again when its container starts anew', async () => {
    const { api, settle, follow } = setUp();
    api.put('pods', runningPod('postgres-0'));
    const { told } = await follow('pod/postgres-0');
    api.put('pods', runningPod('postgres-0', { restarts: 1 }));
    await settle();
    expect(told.map((each) => each.kind === 'pod' && each.pod.restarts)).toEqual([0, 1]);
  });

  it('is not told again when nothing in its answer has changed', async () => {
    const { api, settle, follow } = setUp();
    api.put('pods', runningPod('postgres-0'));
    const { told } = await follow('pod/postgres-0');
    api.put('pods', runningPod('postgres-0', { labels: { app: 'postgres', changed: 'yes' } }));
    await settle();
    expect(told).toHaveLength(1);
  });

  it('that has ended is told so', async () => {
    const { api, follow } = setUp();
    api.put('pods', runningPod('job', { status: { phase: 'Succeeded' } }));
    api.put(
      'pods',
      runningPod('out', { status: { phase: 'Failed', reason: 'Evicted', message: 'low on memory' } }),
    );
    expect((await follow('pod/job')).brief()).toEqual(['SP-POD-ENDED: job has ended (Completed)']);
    const { last, brief } = await follow('pod/out');
    expect(brief()).toEqual(['SP-POD-ENDED: out has ended (Evicted)']);
    expect(last()).toMatchObject({ reason: { details: { why: 'low on memory' } } });
  });

  it('maps a port name; a number need not be declared; a name that is not there lists those that are', async () => {
    const { api, follow } = setUp();
    const ports = [{ name: 'pg', containerPort: 5432 }, { containerPort: 9187 }];
    const dns = { name: 'dns', containerPort: 53, protocol: 'UDP' };
    const containers = [{ name: 'postgres', image: 'postgres:18', ports: [...ports, dns] }];
    api.put('pods', runningPod('postgres-0', { uid: 'u0', spec: { containers } }));
    const declared = await follow('postgres-0', 'pg');
    expect(declared.brief()).toEqual(['postgres-0 u0 :5432']);
    expect(declared.last()).not.toHaveProperty('otherPorts');
    const undeclared = await follow('postgres-0', 4_711);
    expect(undeclared.brief()).toEqual(['postgres-0 u0 :4711']);
    expect(undeclared.last()).toMatchObject({ otherPorts: 'pg=5432, 9187' });
    const { last } = await follow('postgres-0', 'dns');
    expect(last()).toMatchObject({
      reason: { code: 'SP-PORT-UNKNOWN', details: { port: 'dns', known: 'pg=5432, 9187' } },
    });
  });

  it('tells role, host network, and the container that declares the port', async () => {
    const { api, follow } = setUp();
    const containers = [
      { name: 'proxy', image: 'envoy:1' },
      { name: 'db', image: 'postgres:17', ports: [{ name: 'pg', containerPort: 5432 }] },
    ];
    const containerStatuses = [
      { name: 'proxy', restartCount: 9, state: { running: {} } },
      { name: 'db', restartCount: 2, state: { running: {} } },
    ];
    api.put(
      'pods',
      runningPod('p', {
        labels: { 'spilo-role': 'master' },
        spec: { containers, hostNetwork: true },
        status: { conditions: [{ type: 'Ready', status: 'True' }], containerStatuses },
      }),
    );
    expect((await follow('p')).last()).toMatchObject({
      pod: { role: 'primary', hostNetwork: true, container: 'db', image: 'postgres:17', restarts: 2 },
    });
    expect((await follow('p', 4_711)).last()).toMatchObject({ pod: { container: 'proxy', restarts: 9 } });
  });

  it('keeps its last answer through network trouble', async () => {
    const { api, settle, follow } = setUp();
    api.put('pods', runningPod('postgres-0', { uid: 'u0' }));
    const { brief, last, followed } = await follow('postgres-0');
    await settle(2_000);
    api.down = new AppError('SP-API-UNREACHABLE', { message: 'no route' });
    api.endWatches(api.down);
    await settle(2_000);
    expect(brief()).toEqual(['postgres-0 u0 :5432']);
    api.down = undefined;
    api.put('pods', runningPod('postgres-0', { uid: 'u0', restarts: 1 }));
    followed.refresh();
    await settle();
    expect(last()).toMatchObject({ pod: { restarts: 1 } });
  });

  it('says what the API server says while nothing is known', async () => {
    const { api, follow } = setUp();
    api.down = new AppError('SP-LOGIN-REQUIRED', { user: 'dev' });
    expect((await follow('postgres-0')).last()).toMatchObject({ reason: { code: 'SP-LOGIN-REQUIRED' } });
  });

  it('is read at an interval where the user may not watch, and says so', async () => {
    const { api, settle, follow } = setUp();
    api.allow = ({ verb }) => verb === 'get';
    api.put('pods', runningPod('postgres-0', { uid: 'u0' }));
    const { brief, last } = await follow('postgres-0');
    expect(last()).toMatchObject({ kind: 'pod', polled: true });
    api.remove('pods', 'postgres-0');
    await settle(5_000);
    // Told once more when it turned out that it may not be watched.
    const running = 'postgres-0 u0 :5432';
    expect(brief()).toEqual([running, running, 'SP-POD-DELETED: postgres-0 was deleted']);
  });

  it('calls nobody after it was disposed', async () => {
    const { api, settle, follow } = setUp();
    const { told, followed } = await follow('postgres-0');
    await followed[Symbol.asyncDispose]();
    api.put('pods', runningPod('postgres-0'));
    await settle();
    expect(told).toHaveLength(1);
  });
});

describe('statefulset/NAME/ORDINAL', () => {
  it('costs one GET of the pod; the StatefulSet is not read', async () => {
    const { api, follow } = setUp();
    api.put('pods', runningPod('postgres-1', { uid: 'u1' }));
    expect((await follow('sts/postgres/1')).brief()).toEqual(['postgres-1 u1 :5432']);
    expect(api.log).toEqual(['get pods db postgres-1', 'watch pods db metadata.name=postgres-1 @101']);
  });

  it('never moves to another pod', async () => {
    const { api, settle, follow } = setUp();
    const set = api.put('statefulsets', workload('postgres'));
    for (const n of [0, 1]) api.put('pods', runningPod(`postgres-${n}`, { owner: set, uid: `u${n}` }));
    const { brief } = await follow('sts/postgres/0');
    api.put('pods', runningPod('postgres-0', { owner: set, deleting: true }));
    await settle();
    api.remove('pods', 'postgres-0');
    await settle();
    api.put('pods', waitingPod('postgres-0', 'ContainerCreating', { owner: set, uid: 'u2' }));
    await settle();
    api.put('pods', runningPod('postgres-0', { owner: set, uid: 'u2', ready: false }));
    await settle();
    expect(brief()).toEqual([
      'postgres-0 u0 :5432',
      'SP-POD-DELETED: postgres-0 was deleted',
      'SP-POD-NOT-READY: postgres-0 ContainerCreating',
      'postgres-0 u2 :5432 ?',
    ]);
  });

  it('whose pod is absent looks at the StatefulSet to say why', async () => {
    const { api, follow } = setUp();
    api.put('statefulsets', workload('postgres', { ordinals: { start: 3 } }));
    expect((await follow('sts/other/0')).brief()).toEqual([
      'SP-TARGET-NOT-FOUND: statefulset/other does not exist in namespace db',
    ]);
    expect((await follow('sts/postgres/0')).last()).toMatchObject({
      reason: {
        code: 'SP-TARGET-NO-PODS',
        details: { message: 'statefulset/postgres is scaled to 2: ordinals 3 to 4', scaledTo: 2 },
      },
    });
    expect((await follow('sts/postgres/4')).last()).toMatchObject({
      reason: { code: 'SP-TARGET-NO-PODS', details: { message: 'pod postgres-4 is not created yet' } },
    });
  });

  it('whose StatefulSet may not be read still says that the pod is absent', async () => {
    const { api, follow } = setUp();
    api.allow = ({ resource }) => resource === 'pods';
    expect((await follow('sts/postgres/0')).brief()).toEqual([
      'SP-TARGET-NOT-FOUND: pod/postgres-0 does not exist in namespace db',
    ]);
  });
});

describe('statefulset/NAME', () => {
  function setUpSet() {
    const all = setUp();
    const set = all.api.put('statefulsets', workload('postgres', { replicas: 3 }));
    const put = async (ordinal: number, shape: Parameters<typeof runningPod>[1] = {}) => {
      const pod = all.api.put('pods', runningPod(`postgres-${ordinal}`, { owner: set, ...shape }));
      await all.settle();
      return pod;
    };
    return { ...all, set, put };
  }

  it('is its lowest ready ordinal, kept while it stays ready', async () => {
    const { put, follow } = setUpSet();
    await put(0, { ready: false, uid: 'u0' });
    await put(10, { uid: 'u10' });
    await put(2, { uid: 'u2' });
    const { brief } = await follow('sts/postgres');
    expect(brief()).toEqual(['postgres-2 u2 :5432']);
    await put(0);
    expect(brief()).toHaveLength(1);
    await put(2, { ready: false });
    expect(brief().at(-1)).toBe('postgres-0 u0 :5432');
    await put(2);
    expect(brief().at(-1)).toBe('postgres-0 u0 :5432');
  });

  it('moves on when its pod is being deleted, and not back to its successor', async () => {
    const { api, settle, put, follow } = setUpSet();
    await put(0, { uid: 'u0' });
    await put(1, { uid: 'u1' });
    const { brief } = await follow('sts/postgres');
    await put(0, { deleting: true });
    api.remove('pods', 'postgres-0');
    await settle();
    await put(0, { uid: 'u0b' });
    expect(brief()).toEqual(['postgres-0 u0 :5432', 'postgres-1 u1 :5432']);
  });

  it('offers the lowest that runs while none is ready, and says why when none runs', async () => {
    const { api, settle, put, follow, set } = setUpSet();
    const { brief } = await follow('sts/postgres');
    api.put('pods', waitingPod('postgres-0', 'ImagePullBackOff', { owner: set }));
    await settle();
    await put(1, { ready: false, uid: 'u1' });
    expect(brief()).toEqual([
      'SP-TARGET-NO-PODS: no pod belongs to statefulset/postgres',
      'SP-POD-NOT-READY: postgres-0 ImagePullBackOff',
      'postgres-1 u1 :5432 ?',
    ]);
  });

  it('leaves aside pods of others that carry the same labels', async () => {
    const { api, settle, follow } = setUpSet();
    api.put('pods', runningPod('backup-0'));
    await settle();
    const { brief } = await follow('sts/postgres');
    expect(brief()).toEqual(['SP-TARGET-NO-PODS: no pod belongs to statefulset/postgres']);
  });

  it('that is not there, or scaled to 0, says so', async () => {
    const { api, follow } = setUp();
    api.put('statefulsets', workload('empty', { replicas: 0 }));
    expect((await follow('sts/absent')).brief()).toEqual([
      'SP-TARGET-NOT-FOUND: statefulset/absent does not exist in namespace db',
    ]);
    expect((await follow('sts/empty')).last()).toMatchObject({
      reason: {
        code: 'SP-TARGET-NO-PODS',
        details: { message: 'statefulset/empty is scaled to 0', scaledTo: 0 },
      },
    });
  });

  it('is watched pod by pod where the user may not list pods', async () => {
    const { api, put, follow } = setUpSet();
    await put(1, { uid: 'u1' });
    api.allow = ({ verb, name, query }) => verb !== 'list' && (name ?? query.get('fieldSelector')) !== null;
    const { brief, last } = await follow('sts/postgres');
    expect(brief()).toEqual(['postgres-1 u1 :5432']);
    expect(last()).not.toHaveProperty('polled');
    await put(1, { deleting: true });
    await put(2, { uid: 'u2' });
    expect(brief().slice(1)).toEqual(['SP-POD-DELETED: postgres-1 was deleted', 'postgres-2 u2 :5432']);
  });
});

describe('deployment, replicaset and selector', () => {
  it('deployment is a ready pod of its selector, the newest first, kept while it is ready', async () => {
    const { api, settle, follow } = setUp();
    api.put('deployments', workload('postgres'));
    api.put('pods', runningPod('old', { uid: 'u-old', created: '2026-01-01T00:00:00Z' }));
    api.put('pods', runningPod('new', { uid: 'u-new', created: '2026-01-02T00:00:00Z' }));
    const { brief } = await follow('deploy/postgres', 'pg');
    api.put('pods', runningPod('newest', { created: '2026-01-03T00:00:00Z' }));
    await settle();
    expect(brief()).toEqual(['new u-new :5432']);
    api.put('pods', runningPod('new', { ready: false }));
    api.remove('pods', 'newest');
    await settle();
    expect(brief().at(-1)).toBe('old u-old :5432');
  });

  it('deployment names the pod that is closest to serving while none does', async () => {
    const { api, follow } = setUp();
    api.put('deployments', workload('postgres'));
    api.put('pods', runningPod('a', { deleting: true }));
    api.put('pods', runningPod('b', { ready: false, uid: 'ub' }));
    const { last } = await follow('deploy/postgres');
    expect(last()).toMatchObject({ kind: 'none', pod: { name: 'b', uid: 'ub', ready: false } });
  });

  it('deployment never offers an unready pod, and tells the reason of the one that is closest', async () => {
    const { api, follow } = setUp();
    api.put('deployments', workload('postgres'));
    api.put('pods', runningPod('a', { deleting: true }));
    api.put('pods', runningPod('b', { ready: false }));
    api.put('pods', waitingPod('c', 'ImagePullBackOff'));
    expect((await follow('deploy/postgres')).brief()).toEqual(['SP-POD-NOT-READY: b readiness probe fails']);
  });

  it('replicaset is a ready pod that it owns', async () => {
    const { api, follow } = setUp();
    const set = api.put('replicasets', workload('postgres'));
    api.put('pods', runningPod('a'));
    api.put('pods', runningPod('b', { owner: set, uid: 'ub' }));
    expect((await follow('rs/postgres')).brief()).toEqual(['b ub :5432']);
  });

  it('turns to the next pod, in order, where one is not what is wanted, and stays there', async () => {
    const { api, settle, follow } = setUp();
    const put = (name: string) =>
      api.put('pods', runningPod(name, { uid: `u-${name}`, labels: { app: 'db' } }));
    for (const name of ['a', 'b', 'c']) put(name);
    const { followed, brief } = await follow('app=db');
    const at = () => brief().at(-1);
    expect(at()).toBe('a u-a :5432');
    // Several clients find out at once.
    expect([followed.avoid('u-a'), followed.avoid('u-a'), followed.avoid('u-a')]).toEqual([true, true, true]);
    expect(at()).toBe('b u-b :5432');
    put('0');
    await settle();
    expect(at()).toBe('b u-b :5432');
    expect(followed.avoid('u-b')).toBe(true);
    expect(at()).toBe('c u-c :5432');
    expect(followed.avoid('u-c')).toBe(true);
    expect(at()).toBe('0 u-0 :5432');
    for (const name of ['a', 'b', 'c']) api.remove('pods', name);
    await settle();
    expect(followed.avoid('u-0')).toBe(false);
    expect(at()).toBe('0 u-0 :5432');
  });

  it('selector goes to the API server as it is', async () => {
    const { api, follow } = setUp();
    api.put('pods', runningPod('a', { uid: 'ua', created: '2026-01-02T00:00:00Z' }));
    api.put('pods', runningPod('b', { uid: 'ub', created: '2026-01-01T00:00:00Z' }));
    expect((await follow('app=postgres')).brief()).toEqual(['b ub :5432']);
    expect(api.log[0]).toBe('list pods db app=postgres');
    expect((await follow('app=nothing')).brief()).toEqual([
      'SP-TARGET-NO-PODS: no pod belongs to selector/app=nothing (selector app=nothing)',
    ]);
  });

  it('a port that no pod declares lists those that are declared', async () => {
    const { api, follow } = setUp();
    api.put('pods', runningPod('a'));
    expect((await follow('app=postgres', 'http')).last()).toMatchObject({
      reason: { code: 'SP-PORT-UNKNOWN', details: { known: 'pg=5432' } },
    });
  });

  it('says what is forbidden where pods may not be listed and their names are not known', async () => {
    const { api, follow } = setUp();
    api.put('deployments', workload('postgres'));
    api.allow = ({ verb }) => verb === 'get';
    expect((await follow('deploy/postgres')).last()).toMatchObject({
      reason: { code: 'SP-FORBIDDEN', details: { verb: 'list', resource: 'pods' } },
    });
  });
});

describe('service/NAME', () => {
  function setUpService(spec: Parameters<typeof service>[1] = {}) {
    const all = setUp();
    all.api.put('services', service('db', spec));
    const put = (name: string, shape: Parameters<typeof runningPod>[1] = {}): Pod =>
      all.api.put('pods', runningPod(name, { uid: `u-${name}`, ...shape }));
    return { ...all, put };
  }

  it('maps its port, by number or name, to the port of the slice', async () => {
    const { api, put, follow } = setUpService();
    const pod = put('a');
    api.put('endpointslices', slice('db', [[pod]], { ports: [{ name: 'pg', port: 6543 }] }));
    expect((await follow('svc/db', 15_432)).brief()).toEqual(['a u-a :6543']);
    expect((await follow('svc/db', 'pg')).brief()).toEqual(['a u-a :6543']);
    const { last } = await follow('svc/db', 5_432);
    expect(last()).toMatchObject({ reason: { code: 'SP-PORT-UNKNOWN', details: { known: 'pg=15432' } } });
  });

  it('joins all slices, each with its own port, and a pod that is in two of them once', async () => {
    const { api, settle, put, follow } = setUpService({ ports: [{ port: 80 }] });
    const [a, b] = [put('a'), put('b')];
    api.put('endpointslices', slice('db', [[a]], { suffix: 'v1', ports: [{ name: '', port: 8001 }] }));
    api.put('endpointslices', slice('db', [[a]], { suffix: 'v1-ipv6', ports: [{ name: '', port: 8001 }] }));
    api.put('endpointslices', slice('db', [[b]], { suffix: 'v2', ports: [{ name: '', port: 8002 }] }));
    const { brief } = await follow('svc/db', 80);
    api.put('pods', runningPod('a', { deleting: true }));
    await settle();
    expect(brief()).toEqual(['a u-a :8001', 'b u-b :8002']);
  });

  it('follows readiness: nil is ready; unready and terminating endpoints are left out; the pod in use is kept', async () => {
    const { api, settle, put, follow } = setUpService();
    const [a, b, c] = [put('a'), put('b'), put('c')];
    const set = async (...endpoints: Parameters<typeof slice>[1]) => {
      api.put('endpointslices', slice('db', endpoints));
      await settle();
    };
    await set([a, { ready: false }], [b, { ready: true, terminating: true }], [c, {}]);
    const { brief } = await follow('svc/db', 15_432);
    await set([a], [b], [c]);
    await set([a], [b], [c, { ready: false }]);
    await set([a, { ready: false }], [b], [c]);
    expect(brief()).toEqual(['c u-c :5432', 'a u-a :5432', 'b u-b :5432']);
  });

  it('never offers a pod of another UID, or one that is being deleted whatever the slice says', async () => {
    const { api, settle, put, follow } = setUpService();
    const old = put('a');
    api.put('endpointslices', slice('db', [[old]]));
    const { brief } = await follow('svc/db', 15_432);
    put('a', { deleting: true });
    await settle();
    api.remove('pods', 'a');
    const successor = put('a', { uid: 'u-a2' });
    await settle();
    api.put('endpointslices', slice('db', [[successor]]));
    await settle();
    expect(brief()).toEqual([
      'a u-a :5432',
      'SP-POD-DELETED: a was deleted',
      'SP-POD-NOT-READY: a is not among the endpoints of service/db yet',
      'a u-a2 :5432',
    ]);
  });

  it('does not wait for readiness where it publishes addresses that are not ready', async () => {
    const { api, settle, put, follow } = setUpService({ publishNotReadyAddresses: true });
    const [a, b] = [put('a', { ready: false }), put('b', { ready: false })];
    api.put(
      'endpointslices',
      slice('db', [
        [a, { ready: true, serving: false }],
        [b, { ready: true, serving: false }],
      ]),
    );
    const { brief } = await follow('svc/db', 15_432);
    put('b');
    await settle();
    expect(brief()).toEqual(['a u-a :5432 ?', 'b u-b :5432']);
  });

  it("headless: the port of the Service is mapped; any other number is the pod's own port", async () => {
    const { api, put, follow } = setUpService({ clusterIP: 'None' });
    const pod = put('a');
    api.put('endpointslices', slice('db', [[pod]], { ports: [{ name: 'pg', port: 6543 }] }));
    expect((await follow('svc/db', 15_432)).brief()).toEqual(['a u-a :6543']);
    expect((await follow('svc/db', 9_187)).brief()).toEqual(['a u-a :9187']);
  });

  it('whose targetPort no pod declares says so', async () => {
    const { api, put, follow } = setUpService();
    api.put('endpointslices', slice('db', [[put('a')]], { ports: [] }));
    expect((await follow('svc/db', 'pg')).last()).toMatchObject({
      reason: {
        code: 'SP-PORT-UNKNOWN',
        details: { why: 'the port of service/db has a targetPort that a does not declare' },
      },
    });
  });

  it('without ready pods says why', async () => {
    const { api, settle, follow } = setUpService();
    const { brief } = await follow('svc/db', 'pg');
    api.put('pods', waitingPod('a', 'ImagePullBackOff'));
    await settle();
    expect(brief()).toEqual([
      'SP-TARGET-NO-PODS: no pod belongs to service/db (selector app=postgres)',
      'SP-POD-NOT-READY: a ImagePullBackOff',
    ]);
  });

  it('ExternalName, without selector, or UDP is named as not supported', async () => {
    const { api, follow } = setUp();
    api.put('services', service('rds', { type: 'ExternalName', externalName: 'x.rds.amazonaws.com' }));
    api.put('services', service('bare', { selector: {} }));
    api.put('services', service('dns', { ports: [{ name: 'dns', port: 53, protocol: 'UDP' }] }));
    for (const name of ['rds', 'bare', 'dns']) {
      const { last } = await follow(`svc/${name}`, 53);
      expect(last()).toMatchObject({ reason: { code: 'SP-TARGET-UNSUPPORTED' } });
    }
    expect((await follow('svc/absent')).brief()).toEqual([
      'SP-TARGET-NOT-FOUND: service/absent does not exist in namespace db',
    ]);
  });

  it('finds its pods by the names in the slices where the user may not list pods', async () => {
    const { api, put, follow } = setUpService();
    api.put('endpointslices', slice('db', [[put('a')]]));
    api.allow = ({ resource, verb }) => resource !== 'pods' || verb !== 'list';
    expect((await follow('svc/db', 'pg')).brief()).toEqual(['a u-a :5432']);
  });
});
