import { describe, expect, it } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { FakeControl, fakePod, fakeTunnel } from '../../test/support/fake-control.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import { policyWords, timeWords } from './tunnel-words.ts';

const nowMs = 1_700_000_000_000;
const minuteMs = 60_000;

const limited = (limit: Partial<NonNullable<TunnelEntity['limit']>>, rest: Partial<TunnelEntity> = {}) =>
  fakeTunnel({
    wanted: 'on',
    shown: 'ready',
    state: { kind: 'ready', pod: fakePod, port: 5432, sinceMs: nowMs },
    limit: { kind: 'time', limitMs: 60 * minuteMs, endsAtMs: nowMs + 4 * minuteMs, isNear: true, ...limit },
    ...rest,
  });

async function said(tunnel: TunnelEntity, ...argv: string[]): Promise<string> {
  await using control = new FakeControl({ tunnels: [tunnel] });
  using cli = new FakeCli({ control });
  await cli.run(...argv);
  return cli.stdout.text;
}

const clockOf = (atMs: number) => timeWords(atMs).slice(11, 16);

describe('a limit', () => {
  it('that is near is said in the status, with what prolongs it', async () => {
    const words = `ends at ${clockOf(nowMs + 4 * minuteMs)}: sallyport up orders-db --prolong`;
    expect(await said(limited({}), 'status')).toContain(words);
    const waiting: TunnelEntity['state'] = {
      kind: 'waiting',
      reason: { code: 'SP-POD-DELETED', details: {} },
      sinceMs: nowMs,
    };
    expect(await said(limited({}, { state: waiting, shown: 'waiting' }), 'status')).toContain(words);
    expect(await said(limited({ kind: 'idle' }), 'status')).toContain('unless somebody connects');
  });

  it('that is far is not, but the tunnel itself shows it', async () => {
    const far = limited({ isNear: false, limitMs: 9e7, endsAtMs: nowMs + 9e7 });
    expect(await said(far, 'status')).not.toContain('ends at');
    expect(await said(far, 'show', 'orders-db')).toMatch(
      new RegExp(`Ends +in 25 h: ends at ${timeWords(nowMs + 9e7).slice(0, 16)}$`, 'm'),
    );
  });

  it('that has ended a tunnel is why the status still shows it', async () => {
    const reason = { code: 'SP-TIME-LIMIT', details: { tunnel: 'orders-db', limit: '1h' } } as const;
    const text = await said(fakeTunnel({ state: { kind: 'off', reason } }), 'status');
    expect(text).toContain('orders-db has ended: its time limit of 1h was over: sallyport up orders-db');
    expect(await said(fakeTunnel(), 'status')).toContain('No tunnel is up');
  });

  it('counts from now on where that is asked for', async () => {
    await using control = new FakeControl({ tunnels: [limited({})] });
    using cli = new FakeCli({ control });
    await cli.run('up', 'orders-db', '--prolong', '--reason', 'OPS-1');
    expect(control.calls.find(({ operation }) => operation === 'up')?.input).toMatchObject({
      names: ['orders-db'],
      prolong: true,
      reason: 'OPS-1',
    });
  });
});

it('tells what a policy asks and limits', () => {
  const policy = { environment: 'production', reason: true, timeLimit: '8h', maxConnections: 1 } as const;
  expect(policyWords(policy)).toEqual([
    'production',
    'asks for a reason',
    'ends after 8h',
    'at most 1 connection',
  ]);
  expect(policyWords({ confirm: false })).toEqual([]);
});
