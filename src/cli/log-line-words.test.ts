import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { fakePod } from '../../test/support/fake-control.ts';
import { timeWords } from '../client/tunnel-words.ts';
import type { LogLine } from '../contract/control-tunnel.ts';
import { LogLineWords } from './log-line-words.ts';

const atMs = 1_700_000_000_000;

function said(...lines: Pick<LogLine, 'event' | 'fields'>[]): string[] {
  const words = new LogLineWords(pc.createColors(false));
  return lines.map((line, index) =>
    words.of({ sequence: index + 1, atMs, level: 'info', ...line }).replace(`${timeWords(atMs)} `, ''),
  );
}

const state = (fields: LogLine['fields']) => ({
  event: 'tunnel state',
  fields: { sinceMs: atMs, ...fields },
});
const next = { ...fakePod, uid: '7f3a0000-0000-4000-8000-000000000002' };

describe("a tunnel's log", () => {
  it('says states in the words of all faces, and that a pod is a new one', () => {
    const reason = { code: 'SP-POD-NOT-READY', details: { pod: 'postgres-0', reason: 'is not ready' } };
    expect(
      said(
        state({ kind: 'connecting', step: 'resolving', held: 0 }),
        state({ kind: 'ready', pod: fakePod, port: 5432, held: 0 }),
        state({ kind: 'waiting', reason, lastPod: fakePod, held: 2 }),
        state({ kind: 'ready', pod: next, port: 5432, held: 0, gapMs: 3078.0565290000013, served: 2 }),
        state({ kind: 'blocked', error: { code: 'SP-LOGIN-REQUIRED', details: { user: 'ann' } }, held: 0 }),
      ),
    ).toEqual([
      '◌ connecting · resolving',
      '● ready · postgres-0 · 2c98 · node-1 · primary',
      '◔ waiting · postgres-0 is not ready · 2 connections held',
      '● ready · postgres-0 is a new pod, 7f3a, was 2c98 · node-1 · primary · 2 held connections served · gap 3.1 s',
      '■ needs you · the API server does not accept the credentials of ann',
    ]);
  });

  it('tells a new pod also where what was before is further back than the lines go', () => {
    const reason = { code: 'SP-POD-DELETED', details: { pod: 'postgres-0' } };
    const lines = said(
      state({ kind: 'waiting', reason, lastPod: fakePod, held: 0 }),
      state({ kind: 'ready', pod: next, port: 5432, held: 0 }),
    );
    expect(lines[1]).toContain('postgres-0 is a new pod, 7f3a, was 2c98');
  });

  it('says what went wrong in a sentence, durations as such, and cuts what is endless', () => {
    const page = 'no such container '.repeat(40);
    const [bind, denied, far, other] = said(
      { event: 'port not bound', fields: { code: 'SP-LOCAL-PORT-IN-USE', address: '127.0.0.1', port: 80 } },
      {
        event: 'access not reviewed',
        fields: { code: 'SP-API-ERROR', details: { status: 500, message: page } },
      },
      state({ kind: 'waiting', reason: { code: 'SP-STREAM-FAILED', details: { message: page } }, held: 0 }),
      { event: 'watch mode', fields: { mode: 'poll', intervalMs: 5_000 } },
    );
    expect(bind).toBe('port not bound: 127.0.0.1:80 is in use');
    expect(denied).toMatch(/^access not reviewed: the API server answered 500: no such .*…$/);
    expect(far?.length).toBeLessThan(260);
    expect(other).toBe('watch mode mode=poll interval=5.0 s');
  });

  it('writes what cannot be seen as what it is', () => {
    expect(said({ event: 'pod read', fields: { why: 'a\u001b[2J\u009b1m\u202eb' } })).toEqual([
      'pod read why="a\\u001b[2J\\u009b1m\\u202eb"',
    ]);
  });

  it('prints what a newer daemon says as it came', () => {
    expect(said(state({ kind: 'hovering', held: 0 }))).toEqual(['tunnel state kind=hovering']);
  });
});
