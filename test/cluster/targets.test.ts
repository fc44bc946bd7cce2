import { beforeAll, describe, expect, test } from 'vitest';
import { readLine } from '../support/line-client.ts';
import { netDeployment, netPod, netPorts, netStatefulSet, service } from '../support/manifests.ts';
import { carriers, describeOnCluster } from '../support/suite.ts';

/** Each kind of target, and each way in which a port can be named: what the user types, and the pod that answers. */
const cases = [
  ['pod/solo', netPorts.identity, /^solo /],
  ['pods/solo', netPorts.identity, /^solo /],
  ['po/solo', 'identity', /^solo /],
  ['solo', netPorts.identity, /^solo /],
  ['statefulset/set', netPorts.identity, /^set-0 /],
  ['sts/set', 'identity', /^set-0 /],
  ['deployment/fleet', netPorts.identity, /^fleet-/],
  ['deploy/fleet', 'identity', /^fleet-/],
  ['service/by-number', 80, /^set-\d /],
  ['svc/by-number', 'who', /^set-\d /],
  ['service/by-name', 81, /^set-\d /],
  ['service/headless', 82, /^set-\d /],
  ['service/node-port', 83, /^fleet-/],
] as const;

/** What kubectl has no word for. */
const ownCases = [
  ['statefulset/set/0', netPorts.identity, /^set-0 /],
  ['sts/set/1', netPorts.identity, /^set-1 /],
  ['selector/app=fleet', netPorts.identity, /^fleet-/],
] as const;

describeOnCluster('targets', (suite) => {
  beforeAll(async () => {
    const { namespace } = suite;
    const ports = (port: number, targetPort: number | string) => [{ name: 'who', port, targetPort }];
    await suite.api.apply(
      netPod({ namespace, name: 'solo' }),
      netStatefulSet({ namespace, name: 'set', replicas: 2 }),
      netDeployment({ namespace, name: 'fleet' }),
      service({ namespace, name: 'by-number', app: 'set', ports: ports(80, netPorts.identity) }),
      service({ namespace, name: 'by-name', app: 'set', ports: ports(81, 'identity') }),
      service({ namespace, name: 'headless', app: 'set', ports: ports(82, 'identity'), type: 'Headless' }),
      service({ namespace, name: 'node-port', app: 'fleet', ports: ports(83, 'identity'), type: 'NodePort' }),
    );
    await suite.api.readyPod({ namespace, name: 'solo' });
    await suite.api.rolledOut({ kind: 'StatefulSet', namespace, name: 'set' });
    await suite.api.rolledOut({ kind: 'Deployment', namespace, name: 'fleet' });
  });

  describe.each(carriers)('over %s', (carrier) => {
    test.each([...cases, ...ownCases])('%s port %s', async (target, port, answer) => {
      await using forward = suite.forward({ target, ports: [`:${port}`], carrier });
      expect((await readLine(await forward.port())).text).toMatch(answer);
      await forward.stop();
    });

    test('several ports of one target', async () => {
      const ports = [`:${netPorts.identity}`, `:${netPorts.banner}`];
      await using forward = suite.forward({ target: 'pod/solo', ports, carrier });
      expect((await readLine(await forward.port(0))).text).toMatch(/^solo /);
      expect((await readLine(await forward.port(1))).text).toBe('hello from solo');
    });
  });
});
