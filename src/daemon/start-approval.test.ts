import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { FakeAudit } from '../../test/support/fake-audit.ts';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { until } from '../../test/support/tunnel-fixture.ts';
import type { Profile } from '../contract/profile.ts';
import type { Approval, ApprovalWish } from './approval-command.ts';
import { endManaged, managed } from './managed-tunnel.fixture.ts';

const minuteMs = 60_000;

afterEach(endManaged);
afterAll(expectNoHandles);

const refused: Approval = {
  kind: 'refused',
  error: { code: 'SP-APPROVAL-REFUSED', details: { tunnel: 'orders-db', message: 'not on Fridays' } },
};

/** A tunnel, and somebody who is asked about it and answers when the test says so. */
function approvable(given: Partial<Profile>) {
  const audit = new FakeAudit();
  const asked: { wish: ApprovalWish; signal: AbortSignal; answer: (approval: Approval) => void }[] = [];
  const fixture = managed(given, audit, (wish, signal) => {
    const { promise, resolve: answer } = Promise.withResolvers<Approval>();
    asked.push({ wish, signal, answer });
    return promise;
  });
  return { ...fixture, audit, asked };
}

describe('a tunnel that somebody else has to approve', () => {
  it('asks once the reason is given, and touches no cluster before the answer', async () => {
    const { tunnel, asked, lookups, audit } = approvable({ policy: { reason: true } });
    await tunnel.up();
    expect(tunnel.state).toMatchObject({ error: { code: 'SP-REASON-REQUIRED' } });
    expect(asked).toEqual([]);
    await tunnel.up({ reason: 'OPS-1' });
    expect(asked.map(({ wish }) => wish)).toMatchObject([{ by: 'asked', reason: 'OPS-1' }]);
    expect(tunnel.state).toMatchObject({ kind: 'connecting', step: 'approving' });
    expect(tunnel.isSettled).toBe(false);
    expect(lookups()).toBe(0);
    expect(audit.of('tunnel-opened')).toEqual([]);
    asked[0]!.answer({ kind: 'approved', by: 'ann' });
    await until(() => lookups() === 1);
    expect(audit.of('tunnel-opened')).toMatchObject([{ reason: 'OPS-1', approvedBy: 'ann' }]);
    await tunnel.up();
    expect(asked).toHaveLength(1);
  });

  it('needs its user after a no, which is on record, and asks again when it is asked for again', async () => {
    const { tunnel, asked, lookups, audit } = approvable({});
    await tunnel.up();
    asked[0]!.answer(refused);
    await until(() => tunnel.isSettled);
    expect(tunnel.entity).toMatchObject({
      wanted: 'on',
      shown: 'needs you',
      state: { error: { code: 'SP-APPROVAL-REFUSED', details: { message: 'not on Fridays' } } },
    });
    expect(audit.of('tunnel-denied')).toMatchObject([{ error: refused.error }]);
    tunnel.retryNow();
    expect(asked).toHaveLength(1);
    expect(lookups()).toBe(0);
    await tunnel.up();
    asked[1]!.answer({ kind: 'approved', by: undefined });
    await until(() => lookups() === 1);
  });

  it('asks anew after a restart of the daemon', async () => {
    const { tunnel, asked, lookups } = approvable({});
    await tunnel.up({ restored: {} });
    expect(asked).toMatchObject([{ wish: { by: 'restored' } }]);
    expect(tunnel.entity.addresses).not.toEqual([]);
    expect(lookups()).toBe(0);
  });

  it('on demand asks at its first client, and at the first after each rest', async () => {
    const { tunnel, asked, lookups, client, clock } = approvable({ onDemand: true });
    await tunnel.up({ unasked: true });
    expect(asked).toEqual([]);
    const socket = await client();
    await until(() => asked.length === 1);
    expect(asked[0]!.wish.by).toBe('on-demand');
    expect(lookups()).toBe(0);
    asked[0]!.answer({ kind: 'approved', by: undefined });
    await until(() => lookups() === 1);
    socket.destroy();
    await until(() => tunnel.entity.connections === 0);
    clock.advance(5 * minuteMs);
    expect(tunnel.state.kind).toBe('off');
    const before = lookups();
    await client();
    await until(() => asked.length === 2);
    clock.advance(minuteMs);
    expect(lookups()).toBe(before);
  });

  it('is prolonged only by who is approved again', async () => {
    const { tunnel, asked, clock } = approvable({ policy: { timeLimit: '1h' } });
    await tunnel.up();
    asked[0]!.answer({ kind: 'approved', by: undefined });
    const { endsAtMs } = tunnel.entity.limit!;
    clock.advance(30 * minuteMs);
    const refusal = tunnel.up({ prolong: true });
    expect(asked[1]!.wish.by).toBe('prolonged');
    asked[1]!.answer(refused);
    await expect(refusal).rejects.toMatchObject({ code: 'SP-APPROVAL-REFUSED' });
    expect(tunnel.entity.limit).toMatchObject({ endsAtMs });
    const prolonged = tunnel.up({ prolong: true });
    asked[2]!.answer({ kind: 'approved', by: undefined });
    await prolonged;
    expect(tunnel.entity.limit).toMatchObject({ endsAtMs: endsAtMs + 30 * minuteMs });
  });

  it('waits for no answer once it is down, nor takes one', async () => {
    const { tunnel, asked, lookups } = approvable({});
    await tunnel.up();
    await tunnel.down();
    expect(asked[0]!.signal.aborted).toBe(true);
    asked[0]!.answer({ kind: 'approved', by: undefined });
    await Promise.resolve();
    expect(tunnel.state).toEqual({ kind: 'off' });
    expect(lookups()).toBe(0);
  });
});
