import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { collect, LogFolder, manyOpened, pod } from '../../src/audit/audit.fixture.ts';
import { type ClusterRequest, clusterHeads, clusterRequests } from '../../src/audit/cluster-log.ts';
import { headStamp } from '../../src/audit/head-stamp.ts';
import { readRecords } from '../../src/audit/read-records.ts';
import { verify } from '../../src/audit/verify.ts';
import { verifyAll } from '../../src/audit/verify-all.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { AuditFilter } from '../../src/contract/audit-query.ts';
import { runForward } from '../../src/engine/run-forward.ts';
import { MemoryKeychain } from '../../src/secret/memory-keychain.ts';
import { checkedEcho } from '../support/checked-echo.ts';
import { DaemonHome } from '../support/daemon-fixture.ts';
import { netPod, netPorts } from '../support/manifests.ts';
import { noPortForwards, seePodsRole } from '../support/rbac.ts';
import { describeOnRealcluster } from '../support/suite.ts';

describeOnRealcluster('audit', (suite) => {
  beforeAll(async () => {
    await suite.api.apply(netPod({ namespace: suite.namespace, name: 'net' }));
    await suite.api.readyPod({ namespace: suite.namespace, name: 'net' });
  });

  /** Forwards once, with this User-Agent; tells the Audit-IDs of the sessions. */
  async function forwardOnce(userAgent: string): Promise<string[]> {
    const auditIds: string[] = [];
    const listening = Promise.withResolvers<number>();
    const end = new AbortController();
    const ended = runForward(
      {
        target: 'pod/net',
        ports: [`:${netPorts.echo}`],
        addresses: ['127.0.0.1'],
        namespace: suite.namespace,
        context: undefined,
        kubeconfig: suite.kubeconfig,
        impersonate: undefined,
        carrier: 'auto',
        holdMs: 60_000,
        patient: false,
        anyUser: false,
        runningTimeoutMs: undefined,
        userAgent,
        env: {},
        clock: systemClock,
        log: {
          ...silentLog,
          debug: (event, fields) => {
            if (event === 'session opened') auditIds.push(String(fields?.auditId));
          },
        },
        tell: (event) => {
          if (event.event === 'listening') listening.resolve(event.port!);
        },
        onPluginOutput: () => {},
        onWarning: () => {},
      },
      end.signal,
    );
    expect((await checkedEcho(await listening.promise, 1_024)).outcome).toBe('whole');
    end.abort();
    await ended;
    return auditIds;
  }

  /** A daemon of its own that was asked for a tunnel to the pod. */
  async function asked(stack: AsyncDisposableStack, kubeconfig: string) {
    const home = stack.use(await DaemonHome.create({ KUBECONFIG: kubeconfig }));
    await home.writeProfiles({});
    stack.use(await home.start({ keychain: new MemoryKeychain() }));
    const control = stack.use(home.control());
    const adHoc = [{ name: 'echo', namespace: suite.namespace, target: 'pod/net', port: netPorts.echo }];
    const { outcomes } = await control.call('up', { adHoc, waitMs: 20_000 });
    return { home, control, tunnel: outcomes[0]?.tunnel };
  }

  /** What the cluster has on record, by Audit-ID. */
  async function clusterRecord(): Promise<Map<string, ClusterRequest>> {
    const found = new Map<string, ClusterRequest>();
    for await (const request of clusterRequests(suite.realcluster.auditLog))
      found.set(request.auditId, request);
    return found;
  }

  test("the daemon's record of a connection is joined with the cluster's by Audit-ID, and anchored there", async () => {
    const { kubeconfig, namespace } = suite;
    const { auditLog } = suite.realcluster;
    await using stack = new AsyncDisposableStack();
    const { home, control, tunnel } = await asked(stack, kubeconfig);
    const port = tunnel!.localPort!;
    const folder = join(home.places.auditFolder, 'daemon');
    const recorded = (filter: AuditFilter) =>
      vi.waitFor(
        async () => {
          const found = await collect(readRecords({ folder, filter }));
          if (found.length === 0) throw new Error('not recorded yet');
          return found.map(({ record }) => record);
        },
        { timeout: 10_000 },
      );
    expect((await checkedEcho(port, 1_024)).outcome).toBe('whole');
    const [connection] = await recorded({ events: ['connection-opened'] });
    const [identity] = await recorded({ events: ['identity'] });
    const [session] = await recorded({ events: ['session-opened'], auditId: String(connection?.auditId) });
    // A session that is opened from now on carries the head of what is on disk.
    await control.call('restart', { names: ['ad-hoc/echo'], waitMs: 20_000 });
    const [log] = await recorded({ events: ['file-opened'] });
    const seen = await vi.waitFor(
      async () => {
        const found = await clusterRecord();
        const heads = await clusterHeads(auditLog, [String(log?.log)]);
        expect(found.has(String(connection?.auditId))).toBe(true);
        expect(heads.length).toBeGreaterThan(0);
        return { found, heads };
      },
      { timeout: 20_000 },
    );
    const request = seen.found.get(String(connection?.auditId));
    expect(request).toMatchObject({ namespace, pod: 'net', user: identity?.user });
    expect(session).toMatchObject({ pod: { name: 'net', namespace } });
    await recorded({ events: ['checkpoint'] });
    const [verified] = await verifyAll({ folder: home.places.auditFolder, clusterLog: auditLog });
    expect(verified).toMatchObject({ verdict: { kind: 'intact' }, trusted: 'known' });
    expect(verified!.heldAgainst.length).toBeGreaterThan(0);
  });

  test('sessions that RBAC or an admission policy refused are on record, joined with the cluster by Audit-ID', async () => {
    const { namespace } = suite;
    const { developer } = suite.realcluster;
    const policy = noPortForwards({ namespace, message: 'port-forwards are closed on Fridays' });
    await suite.api.apply(
      ...seePodsRole({ namespace, name: 'see-pods', user: 'dev@example.com' }),
      ...policy,
    );
    try {
      await suite.api.admission({ namespace, pod: 'net', denied: true });
      const refused = async (kubeconfig: string) => {
        await using stack = new AsyncDisposableStack();
        const { control, tunnel } = await asked(stack, kubeconfig);
        // Nothing waits for what is recorded.
        const denied = await vi.waitFor(
          async () => {
            const { records } = await control.call('audit', { filter: { events: ['session-denied'] } });
            expect(records).not.toEqual([]);
            return records.map(({ record }) => record);
          },
          { timeout: 20_000 },
        );
        return { state: tunnel?.state, denied };
      };
      const [byRole, byPolicy] = [await refused(developer), await refused(suite.kubeconfig)];
      expect(byRole.state).toMatchObject({ kind: 'blocked', error: { code: 'SP-FORBIDDEN' } });
      expect(byRole.denied).toMatchObject([{ pod: { name: 'net' }, error: { code: 'SP-FORBIDDEN' } }]);
      expect(byPolicy.state).toMatchObject({ kind: 'blocked', error: { code: 'SP-ADMISSION-DENIED' } });
      expect(byPolicy.denied).toMatchObject([{ error: { code: 'SP-ADMISSION-DENIED' } }]);
      await vi.waitFor(
        async () => {
          const found = await clusterRecord();
          const seen = [byRole, byPolicy].map(({ denied }) => found.get(String(denied[0]?.auditId)));
          expect(seen).toMatchObject([{ user: 'dev@example.com', status: 403 }, { status: 422 }]);
        },
        { timeout: 20_000 },
      );
    } finally {
      for (const { kind, metadata } of policy.toReversed())
        await suite.api.delete({ kind, name: metadata.name });
      await suite.api.admission({ namespace, pod: 'net', denied: false });
    }
  });

  test("the cluster's own log has each session by its Audit-ID, and a head that tells a cut from a crash", async () => {
    await using logs = await LogFolder.create();
    await using log = logs.writer();
    for (const event of manyOpened(5)) log.append(event);
    const commit = await log.flush({ sign: true });
    if (commit.kind !== 'durable') throw new Error('the log cannot be written');
    const auditIds = await forwardOnce(`sallyport/test ${headStamp(log.log, commit.head)}`);
    expect(auditIds.length).toBeGreaterThan(0);
    for (const auditId of auditIds) log.append({ event: 'session-opened', auditId, pod });
    await log.flush({ sign: true });

    const { auditLog } = suite.realcluster;
    // The API server writes its log behind the answer.
    const seen = await vi.waitFor(
      async () => {
        const found = await clusterRecord();
        for (const auditId of auditIds) expect(found.has(auditId)).toBe(true);
        return found;
      },
      { timeout: 20_000 },
    );
    const filter = { auditId: auditIds[0]! };
    const [joined] = await collect(readRecords({ folder: logs.folder, filter }));
    expect(joined?.record.event).toBe('session-opened');
    expect(seen.get(String(joined?.record.auditId))).toMatchObject({
      namespace: suite.namespace,
      pod: 'net',
      head: { seq: commit.head.seq },
    });

    const knownHeads = await clusterHeads(auditLog, [log.log]);
    expect(await verify({ folder: logs.folder, knownHeads })).toMatchObject({ kind: 'intact' });
    const text = await logs.text();
    await truncate(await logs.path(), text.indexOf('\n') + 10);
    expect(await verify({ folder: logs.folder })).toMatchObject({ kind: 'unsigned' });
    expect(await verify({ folder: logs.folder, knownHeads })).toMatchObject({
      kind: 'cut',
      known: { seq: commit.head.seq, from: expect.stringContaining("the cluster's audit log") },
    });
  });
});
