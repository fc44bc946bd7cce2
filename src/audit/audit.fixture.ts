import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { AuditEvent, AuditRecord } from '../contract/audit-event.ts';
import type { PodIdentity } from '../contract/pod.ts';
import { AuditLog, type AuditLogOptions } from './audit-log.ts';
import { newSigningKey, signerOf } from './checkpoint.ts';
import { logFiles } from './log-files.ts';

/** One log in a folder of its own, as its writers leave it. */
export class LogFolder implements AsyncDisposable {
  readonly folder: string;
  readonly clock = new FakeClock();
  readonly signer = signerOf(newSigningKey());

  constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<LogFolder> {
    return new LogFolder(join(await mkdtemp(join(tmpdir(), 'audit-')), 'log'));
  }

  writer(options: Partial<AuditLogOptions> = {}): AuditLog {
    const { folder, clock, signer } = this;
    return new AuditLog({ folder, clock, signer, version: '1.2.3', ...options });
  }

  /** Writes events and ends the writer. */
  async write(events: readonly AuditEvent[], options: Partial<AuditLogOptions> = {}): Promise<void> {
    await using log = this.writer(options);
    for (const event of events) log.append(event);
    await log.flush({ sign: true });
  }

  async path(index = -1): Promise<string> {
    return (await logFiles(this.folder)).at(index)!.path;
  }

  async text(index = -1): Promise<string> {
    return readFile(await this.path(index), 'latin1');
  }

  /** The record in the last line of a file. */
  async lastOf(index: number): Promise<AuditRecord> {
    return JSON.parse((await this.text(index)).trimEnd().split('\n').at(-1)!) as AuditRecord;
  }

  async setText(text: string, index = -1): Promise<void> {
    await writeFile(await this.path(index), text, 'latin1');
  }

  /** What all files hold. */
  async records(): Promise<AuditRecord[]> {
    const files = await logFiles(this.folder);
    const texts = await Promise.all(files.map(({ path }) => readFile(path, 'utf8')));
    return texts.flatMap((text) =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AuditRecord),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(join(this.folder, '..'), { recursive: true });
  }
}

export const pod = {
  namespace: 'data',
  name: 'postgres-0',
  uid: '2c98a1d4-0b1f-4d0e-9a63-1d2f3e4a5b6c',
  node: 'node-1',
  role: 'primary',
} as const satisfies Partial<PodIdentity>;

export const context = {
  tunnel: 'orders-db',
  profile: 'team/orders-db',
  cluster: 'https://api.example.com:6443',
  user: 'dev@example.com',
} as const;

export function opened(connection: number): AuditEvent {
  return {
    event: 'connection-opened',
    ...context,
    connection,
    pod,
    port: 5432,
    auditId: '6f1c1f0e-5f0a-4a53-8f39-5a1c7a0c2b11',
    peer: { uid: 1000, pid: 4242, program: '/usr/bin/psql' },
    heldMs: 1.5,
  };
}

export function manyOpened(count: number): AuditEvent[] {
  return Array.from({ length: count }, (_, index) => opened(index + 1));
}

export async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const each of all) collected.push(each);
  return collected;
}
