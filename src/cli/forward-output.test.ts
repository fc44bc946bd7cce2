import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { ForwardEvent } from '../contract/forward-event.ts';
import type { PodIdentity } from '../contract/pod.ts';
import { HumanOutput, jsonOutput } from './forward-output.ts';

const pod: PodIdentity = {
  namespace: 'data',
  name: 'postgres-0',
  uid: '2c98aaaa-0000',
  node: 'node-1',
  role: 'primary',
  restarts: 0,
  ready: true,
  hostNetwork: false,
};
const at = { atMs: 0, tunnel: 0 };

function ready(of: PodIdentity, more: { gapMs?: number; served?: number } = {}): ForwardEvent {
  const state = { kind: 'ready' as const, pod: of, port: 5432, sinceMs: 0 };
  return { event: 'state', ...at, shown: 'ready', state, held: 0, ...more };
}

function deleted(held: number): ForwardEvent {
  const reason = { code: 'SP-POD-DELETED' as const, details: { pod: 'postgres-0' } };
  return { event: 'state', ...at, shown: 'waiting', state: { kind: 'waiting', reason, sinceMs: 0 }, held };
}

function start({
  isTTY = false,
  names = ['5432'],
  verbosity = 'normal' as 'normal' | 'quiet' | 'verbose',
} = {}) {
  const clock = new FakeClock();
  const text = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof text) => ({
    isTTY,
    write: (chunk: string) => {
      text[name] += chunk;
    },
  });
  const output = new HumanOutput({
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    clock,
    colors: pc.createColors(false),
    verbosity,
    names,
  });
  return { output, clock, text };
}

describe('HumanOutput', () => {
  it("prints kubectl's lines on stdout and nothing else there", () => {
    const { output, text } = start();
    output.print({ event: 'listening', ...at, address: '127.0.0.1', port: 15432, remotePort: 5432 });
    output.print({ event: 'listening', ...at, address: '::1', port: 15432, remotePort: 5432 });
    output.print({ event: 'listening', ...at, address: '/run/pg/.s.PGSQL.5432', remotePort: 5432 });
    output.print(ready(pod));
    expect(text.stdout).toBe(
      'Forwarding from 127.0.0.1:15432 -> 5432\nForwarding from [::1]:15432 -> 5432\nForwarding from /run/pg/.s.PGSQL.5432 -> 5432\n',
    );
  });

  it('tells an outage in three lines', () => {
    const { output, text } = start();
    output.print(ready(pod));
    output.print(deleted(2));
    output.print(deleted(3));
    output.print(ready({ ...pod, uid: '7f3abbbb' }, { gapMs: 3100, served: 2 }));
    output.print(ready({ ...pod, uid: '7f3abbbb' }));
    expect(text.stderr).toBe(
      [
        '● ready     postgres-0 · 2c98 · node-1 · primary',
        '◔ waiting   postgres-0 was deleted · 2 connections held',
        '● ready     postgres-0 is a new pod · 7f3a · node-1 · primary · 2 held connections served · gap 3.1 s',
        '',
      ].join('\n'),
    );
  });

  it('counts the time of a wait in place on a terminal, and leaves the last count', () => {
    const { output, clock, text } = start({ isTTY: true });
    output.print(deleted(1));
    clock.advance(12_000);
    output.print(ready(pod));
    expect(text.stderr).toContain(
      '\r\x1b[2K◔ waiting 12 s postgres-0 was deleted · 1 connection held\n● ready',
    );
    output.end();
    expect(clock.pending).toBe(0);
  });

  it('names the port where there are several, and says nothing when quiet', () => {
    const several = start({ names: ['5432', '8080:80'] });
    several.output.print({ ...ready(pod), tunnel: 1 } as ForwardEvent);
    expect(several.text.stderr).toMatch(/^8080:80 ● ready/);
    const quiet = start({ verbosity: 'quiet' });
    quiet.output.print(ready(pod));
    quiet.output.print(deleted(1));
    expect(quiet.text.stderr).toBe('');
  });

  it('says once who was refused and how to let them in', () => {
    const { output, text } = start();
    const next = '--any-user lets every user of this machine in';
    for (const uid of [0, 0, 1001]) {
      const error = { code: 'SP-PEER-DENIED' as const, details: { uid, next } };
      output.print({ event: 'connection-denied', ...at, error });
    }
    expect(text.stderr).toBe(
      `refused   a program of root may not use this tunnel; ${next}\nrefused   a program of user 1001 may not use this tunnel; ${next}\n`,
    );
  });

  it('says what to do where it needs somebody', () => {
    const { output, text } = start();
    const error = { code: 'SP-LOGIN-REQUIRED' as const, details: { user: 'dev' } };
    const state = { kind: 'blocked' as const, error, sinceMs: 0 };
    output.print({ event: 'state', ...at, shown: 'needs you', state, held: 0 });
    expect(text.stderr).toContain('■ needs you the API server does not accept the credentials of dev\n');
    expect(text.stderr).toContain('next: log in again');
  });
});

it('jsonOutput prints one event a line', () => {
  let text = '';
  const output = jsonOutput({ write: (chunk) => (text += chunk) });
  output.print(ready(pod));
  output.print(deleted(1));
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).shown),
  ).toEqual(['ready', 'waiting']);
});
