import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Endings } from './endings.ts';

class FakeProcess extends EventEmitter {
  readonly exits: (number | undefined)[] = [];

  exit(code?: number): void {
    this.exits.push(code);
  }
}

function start() {
  const process = new FakeProcess();
  return { process, endings: new Endings(process) };
}

describe('Endings', () => {
  it('aborts at the first signal with its name, and exits at once at the second', () => {
    const { process, endings } = start();
    using ending = endings.until();
    process.emit('SIGTERM', 'SIGTERM');
    expect(ending.reason).toBe('SIGTERM');
    expect(process.exits).toEqual([]);
    process.emit('SIGINT', 'SIGINT');
    expect(process.exits).toEqual([130]);
  });

  it('leaves signals to the system while nothing asks for them', () => {
    const { process, endings } = start();
    const first = endings.until();
    const second = endings.until();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(process.listenerCount('SIGINT')).toBe(1);
    second[Symbol.dispose]();
    expect(process.eventNames()).toEqual([]);
  });

  it('leaves signals to a program that runs in the foreground, also a second one', async () => {
    const { process, endings } = start();
    using ending = endings.until();
    await endings.belongingTo(async () => {
      process.emit('SIGINT', 'SIGINT');
      process.emit('SIGINT', 'SIGINT');
    });
    expect(ending.aborted).toBe(false);
    expect(process.exits).toEqual([]);
    process.emit('SIGINT', 'SIGINT');
    expect(ending.aborted).toBe(true);
  });

  it.each(['stdout', 'stderr'] as const)('ends what lasts when nobody reads its %s, cleanly', (stream) => {
    const { process, endings } = start();
    using ending = endings.until();
    endings.unread(stream);
    endings.unread(stream);
    expect(ending.reason).toBe('SIGPIPE');
    expect(process.exits).toEqual([]);
  });

  it('lets a daemon go on unread', () => {
    const { process, endings } = start();
    using ending = endings.until({ unread: true });
    endings.unread('stderr');
    endings.unread('stdout');
    expect(ending.aborted).toBe(false);
    expect(process.exits).toEqual([]);
  });

  it('exits where what prints does not last', () => {
    const { process, endings } = start();
    endings.unread('stderr');
    expect(process.exits).toEqual([]);
    endings.unread('stdout');
    expect(process.exits).toEqual([undefined]);
  });
});
