import type { AuditEvent } from '../../src/contract/audit-event.ts';
import type { ErrorData } from '../../src/contract/error-codes.ts';
import { GatheredEvents } from '../../src/daemon/gathered-events.ts';
import type { AuditSink } from '../../src/daemon/tunnel-audit.ts';
import { FakeClock } from './fake-clock.ts';

/** A record that is on disk when the test says so. */
export class FakeAudit implements AuditSink {
  readonly events: AuditEvent[] = [];
  readonly gathered = new GatheredEvents({ clock: new FakeClock(), append: (event) => this.append(event) });
  unavailable: ErrorData | undefined;
  durable: Promise<void> = Promise.resolve();

  append(event: AuditEvent): void {
    this.events.push(event);
  }

  whenDurable(): Promise<void> {
    return this.durable;
  }

  userOf(): undefined {}

  of(...kinds: string[]): AuditEvent[] {
    return this.events.filter(({ event }) => kinds.includes(event));
  }
}
