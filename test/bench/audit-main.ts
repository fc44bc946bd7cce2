/**
 * Figures of the audit log: how many events a second it takes and puts on disk, how long an event waits to be durable, how fast a log is
 * verified and read. Prints a table; nothing is asserted.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { AuditLog } from '../../src/audit/audit-log.ts';
import { newSigningKey, signerOf } from '../../src/audit/checkpoint.ts';
import { logFiles } from '../../src/audit/log-files.ts';
import { verify } from '../../src/audit/verify.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { AuditEvent } from '../../src/contract/audit-event.ts';

const { values: given } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    /** Where the log is written; a tmpfs tells nothing of a disk. */
    dir: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
});

const figures: Record<string, number> = {};
const folder = await mkdtemp(join(given.dir, 'audit-bench-'));
const count = Number(given.events);
const signer = signerOf(newSigningKey());
try {
  await measureWriting();
  await measureWaiting();
  await measureVerifying();
} finally {
  await rm(folder, { recursive: true });
}
if (given.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
else
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${name.padEnd(52)} ${value}\n`);

function log(): AuditLog {
  return new AuditLog({ folder, signer, clock: systemClock, version: 'bench' });
}

async function measureWriting(): Promise<void> {
  await using writing = log();
  await writing.flush();
  const cpu = process.cpuUsage();
  const beganMs = performance.now();
  for (let number = 1; number <= count; ) {
    if (writing.append(opened(number))) number++;
    // The queue is full: as an event source would, go on once there is room.
    else await turn();
    if (number % 512 === 0) await turn();
  }
  await writing.flush({ sign: true });
  const seconds = (performance.now() - beganMs) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  figures['events accepted and on disk, per second'] = Math.round(count / seconds);
  figures['CPU of an accepted event, us'] = round((user + system) / count);
}

async function measureWaiting(): Promise<void> {
  await using waiting = log();
  await waiting.flush();
  const waits: number[] = [];
  for (let number = 1; number <= 200; number++) {
    waiting.append(opened(number));
    const beganMs = performance.now();
    await waiting.flush();
    waits.push(performance.now() - beganMs);
  }
  waits.sort((a, b) => a - b);
  figures['flush of one event p50, ms'] = round(waits[100]!);
  figures['flush of one event p99, ms'] = round(waits[198]!);
}

async function measureVerifying(): Promise<void> {
  const files = await logFiles(folder);
  let bytes = 0;
  for (const { path } of files) bytes += (await stat(path)).size;
  const cpu = process.cpuUsage();
  const beganMs = performance.now();
  const verdict = await verify({ folder });
  const seconds = (performance.now() - beganMs) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  figures['lines verified'] = verdict.lines;
  figures['the log, MiB'] = Math.round(bytes / 2 ** 20);
  figures['verified, s'] = round(seconds);
  figures['verified, CPU s'] = round((user + system) / 1e6);
  figures['lines verified per second'] = Math.round(verdict.lines / seconds);
  figures.intact = verdict.kind === 'intact' ? 1 : 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function opened(connection: number): AuditEvent {
  return {
    event: 'connection-opened',
    tunnel: 'orders-db',
    profile: 'team/orders-db',
    cluster: 'https://api.example.com:6443',
    user: 'dev@example.com',
    connection,
    pod: {
      namespace: 'data',
      name: 'postgres-0',
      uid: '2c98a1d4-0b1f-4d0e-9a63-1d2f3e4a5b6c',
      node: 'node-1',
    },
    port: 5432,
    auditId: '6f1c1f0e-5f0a-4a53-8f39-5a1c7a0c2b11',
    peer: { uid: 1000, pid: 4242, program: '/usr/bin/psql' },
    heldMs: 1.5,
  };
}
