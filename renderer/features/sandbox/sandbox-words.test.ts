import { expect, it } from 'vitest';
import { isSandboxTunnel, sandboxSteps } from './sandbox-words.ts';

it('knows its own tunnel while it runs', () => {
  const id = 'ad-hoc/sandbox';
  const running = {
    kind: 'running',
    tunnel: id,
    pod: 'p',
    namespace: 'n',
    kubeconfig: 'k',
    sinceMs: 0,
  } as const;
  expect(isSandboxTunnel(running, id)).toBe(true);
  expect(isSandboxTunnel(running, 'user/orders-db')).toBe(false);
  expect(isSandboxTunnel({ kind: 'off' }, id)).toBe(false);
});

it('says how far a start is, and nothing where none starts', () => {
  const states = (step: 'cluster' | 'database' | 'tunnel') =>
    sandboxSteps({ kind: 'starting', step, sinceMs: 0 }).map(({ state }) => state);
  expect(states('cluster')).toEqual(['now', 'later', 'later']);
  expect(states('database')).toEqual(['done', 'now', 'later']);
  expect(states('tunnel')).toEqual(['done', 'done', 'now']);
  expect(sandboxSteps({ kind: 'off' })).toEqual([]);
});
