import { beforeAll, describe, expect, test } from 'vitest';
import { readLine } from '../support/line-client.ts';
import { Load } from '../support/load.ts';
import { netPorts, netStatefulSet, postgresStatefulSet, service } from '../support/manifests.ts';
import { firstDirectAnswer, SslRequestProber } from '../support/ssl-request-prober.ts';
import { carriers, describeOnRealcluster } from '../support/suite.ts';

describeOnRealcluster('outage', (suite) => {
  const { namespace } = suite;
  const database = { namespace, name: 'database-0' };

  beforeAll(async () => {
    await suite.api.apply(
      postgresStatefulSet({ namespace, name: 'database', startDelayMs: 3000 }),
      netStatefulSet({ namespace, name: 'pair', replicas: 2 }),
      netStatefulSet({ namespace, name: 'gone', replicas: 0 }),
      service({
        namespace,
        name: 'pair',
        app: 'pair',
        ports: [{ name: 'hello', port: 80, targetPort: 'banner' }],
        type: 'Headless',
      }),
    );
    await suite.api.readyPod(database);
    await suite.api.rolledOut({ kind: 'StatefulSet', namespace, name: 'pair' });
  });

  describe.each(carriers)('over %s', (carrier) => {
    test('a client that connects every 50 ms sees no error while the pod is deleted and takes 3 s to come back', async ({
      annotate,
    }) => {
      const before = await suite.api.readyPod(database);
      await using forward = suite.forward({ target: 'sts/database/0', ports: [':5432'], carrier });
      const port = await forward.port();
      await using prober = new SslRequestProber({ port });
      await prober.nextAnswer();

      await suite.api.delete({ kind: 'Pod', ...database });
      const directMs = await firstDirectAnswer(async () => {
        const pod = await suite.controls.podAddress(namespace, database.name);
        return pod && pod.uid !== before.metadata.uid ? pod.address : undefined;
      });
      const answer = await firstAnswerAfter(prober, directMs);
      await prober.finish();

      expect(prober.errors).toEqual([]);
      const after = await suite.api.readyPod({ ...database, replacing: before.metadata.uid });
      await forward.event(
        (event) =>
          event.event === 'state' &&
          event.state.kind === 'ready' &&
          event.state.pod.uid === after.metadata.uid,
      );
      await annotate(
        `first answer ${(answer - directMs).toFixed(1)} ms after the pod's own, ${prober.probes.length} probes`,
      );
    });

    test('no client sees an error while the containers are killed', async () => {
      const before = await suite.api.readyPod(database);
      const restarts = before.status?.containerStatuses?.[0]?.restartCount ?? 0;
      await using forward = suite.forward({ target: 'sts/database/0', ports: [':5432'], carrier });
      await using prober = new SslRequestProber({ port: await forward.port() });
      await prober.nextAnswer();

      await suite.controls.kill(namespace, database.name);
      await suite.api.until<typeof before>({ kind: 'Pod', ...database }, (pod) => {
        const status = pod?.status?.containerStatuses?.[0];
        return status !== undefined && status.restartCount > restarts && status.ready;
      });
      await prober.nextAnswer();
      await prober.finish();
      expect(prober.errors).toEqual([]);
    });

    test('a Service is followed through a rolling restart, and no greeting fails', async () => {
      await using forward = suite.forward({ target: 'svc/pair', ports: [':80'], carrier });
      const port = await forward.port();
      const load = new Load(4, () => readLine(port));
      await load.more(4);

      const annotations = { 'suite/restarted-for': carrier };
      await suite.api.apply(netStatefulSet({ namespace, name: 'pair', replicas: 2, annotations }));
      await suite.api.rolledOut({ kind: 'StatefulSet', namespace, name: 'pair' });
      await load.more(4);
      await load.finish();
      expect(load.failures).toEqual([]);
    });

    test('a connection is held until there is a pod, and then served', async () => {
      await suite.api.apply(netStatefulSet({ namespace, name: 'gone', replicas: 0 }));
      await suite.api.until({ kind: 'Pod', namespace, name: 'gone-0' }, (pod) => pod === undefined);
      await using forward = suite.forward({
        target: 'sts/gone/0',
        ports: [`:${netPorts.banner}`],
        carrier,
        extraArguments: ['--wait'],
      });
      const port = await forward.port();
      await forward.state('waiting');
      const reply = readLine(port);
      await suite.api.apply(netStatefulSet({ namespace, name: 'gone', replicas: 1 }));
      expect((await reply).text).toBe('hello from gone-0');
      const started = await forward.event((event) => event.event === 'connection-start');
      expect(started).toMatchObject({ connection: 1, pod: { name: 'gone-0' } });
    });

    test('a connection is held no longer than --hold', async () => {
      const toAbsent = { target: 'pod/absent', ports: [`:${netPorts.banner}`], carrier };
      await using forward = suite.forward({ ...toAbsent, hold: '1s', extraArguments: ['--wait'] });
      await expect(readLine(await forward.port())).rejects.toThrow();
      expect(forward.exit).toBeUndefined();
    });
  });
});

/** The end of the first answered probe after a moment; all on the monotonic clock, ms. */
async function firstAnswerAfter(prober: SslRequestProber, momentMs: number): Promise<number> {
  for (;;) {
    const answered = prober.probes.filter((probe) => probe.error === undefined && probe.endedMs >= momentMs);
    if (answered[0]) return answered[0].endedMs;
    await prober.nextAnswer();
  }
}
