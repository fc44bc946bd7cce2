import { expect, it } from 'vitest';
import type { Check } from '../../../src/contract/control-check.ts';
import { fakePod, fakeTunnel } from '../../../test/support/fake-control.ts';
import type { CheckFound } from '../../state/checks.ts';
import { checkCounts, checkItems } from './check-items.ts';
import { isTrouble, outcomeOf } from './check-outcome.ts';

const watch = { verb: 'watch', group: 'discovery.k8s.io', resource: 'endpointslices' } as const;
const create = { verb: 'create', group: '', resource: 'pods/portforward', name: 'postgres-0' } as const;

function checked(
  access: Partial<Check['access']> = {},
  resolved: Partial<Check['resolved']> = {},
): CheckFound {
  const check: Check = {
    resolved: {
      name: 'orders-db',
      context: 'prod',
      server: 'https://api.example.com',
      namespace: 'data',
      target: 'statefulset/postgres/0',
      port: 5432,
      resolution: { kind: 'pod', pod: fakePod, port: 5432, serving: true },
      ...resolved,
    },
    access: { groups: [], namespace: 'data', allowed: [], missing: [], degraded: [], next: '', ...access },
    leastRole: '',
  };
  return { kind: 'checked', check, atMs: 0 };
}

const noPod = checked(
  {},
  { resolution: { kind: 'none', reason: { code: 'SP-TARGET-NOT-FOUND', details: { target: 'pod/x' } } } },
);
const failed: CheckFound = { kind: 'failed', error: { code: 'SP-API-UNREACHABLE', details: {} }, atMs: 0 };

it('says what counts most: rights before the pod, the pod before what is done without', () => {
  expect(outcomeOf(checked())).toEqual({ outcome: 'good', words: 'postgres-0 · 2c98 · node-1 · primary' });
  expect(outcomeOf(checked({ degraded: [watch] }))).toEqual({
    outcome: 'degraded',
    words: 'postgres-0 · 2c98 · node-1 · primary · done without watch endpointslices.discovery.k8s.io',
  });
  expect(outcomeOf(checked({ missing: [create, watch], degraded: [watch] }))).toEqual({
    outcome: 'bad',
    words: 'may not create pods/portforward postgres-0 and 1 more',
  });
  expect(outcomeOf(noPod)).toMatchObject({ outcome: 'absent', words: expect.stringMatching(/^no pod: /) });
  expect(outcomeOf(failed).outcome).toBe('bad');
});

it('calls trouble what does not work', () => {
  const trouble = [
    undefined,
    checked(),
    checked({ degraded: [watch] }),
    noPod,
    checked({ missing: [create] }),
    failed,
  ];
  expect(trouble.map(isTrouble)).toEqual([false, false, false, true, true, true]);
});

it('lists the daemon, then tunnels by name; the search and the filter are about tunnels', () => {
  const tunnels = new Map(
    ['b-10', 'b-9', 'a'].map((name) => [`user/${name}`, fakeTunnel({ name })] as const),
  );
  const found = new Map<string, CheckFound>([
    ['user/a', checked()],
    ['user/b-9', failed],
  ]);
  const checks = {
    of: (id: string) => {
      const one = found.get(id);
      return one ? { found: one } : {};
    },
  };
  const items = (search: string, filter: 'all' | 'trouble' = 'all') =>
    checkItems(tunnels, checks, { search, filter });
  expect(items('')).toEqual(['daemon', 'user/a', 'user/b-9', 'user/b-10']);
  expect(items('B-')).toEqual(['user/b-9', 'user/b-10']);
  expect(items('', 'trouble')).toEqual(['user/b-9']);
  expect(checkCounts(tunnels, checks)).toEqual({ tunnels: 3, checked: 2, trouble: 1 });
});
