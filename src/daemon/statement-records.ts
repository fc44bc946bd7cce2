import type { AuditEvent } from '../contract/audit-event.ts';
import type { ReadStatement, StatementReader } from '../postgres/statement-reader.ts';

type StatementEvent = Extract<AuditEvent, { event: 'postgres-statement' }>;

export interface StatementRecordsOptions {
  readonly reader: Pick<StatementReader, 'read'> | undefined;
  readonly append: (event: StatementEvent, atMs: number) => void;
}

interface Pending {
  readonly event: StatementEvent;
  readonly atMs: number;
  read: ReadStatement | undefined;
}

/** Waiting for the parser; when there are more, those that wait are recorded unread. */
const maxPending = 4_096;
const unread: ReadStatement = { kind: 'unread' };

/** Statements of one tunnel on their way to the record: in the order in which they came, once the parser has said what they are. */
export class StatementRecords {
  readonly #options: StatementRecordsOptions;
  #pending: Pending[] = [];

  constructor(options: StatementRecordsOptions) {
    this.#options = options;
  }

  /** `sql`: without literals; undefined: it is recorded as it is. */
  add(
    event: StatementEvent,
    { sql, atMs }: { readonly sql: string | undefined; readonly atMs: number },
  ): void {
    const { reader } = this.#options;
    const pending: Pending = { event, atMs, read: undefined };
    this.#pending.push(pending);
    const told = (read: ReadStatement) => {
      pending.read ??= read;
      this.#tell();
    };
    if (this.#pending.length > maxPending) return this.flush();
    if (!reader || sql === undefined) return told(unread);
    void reader.read(sql).then(told);
  }

  /** Records at once what waits. */
  flush(): void {
    for (const pending of this.#pending) pending.read ??= unread;
    this.#tell();
  }

  #tell(): void {
    let count = 0;
    for (const { event, atMs, read } of this.#pending) {
      if (!read) break;
      count++;
      this.#options.append({ ...event, ...whatIsRead(read) }, atMs);
    }
    this.#pending.splice(0, count);
  }
}

function whatIsRead(read: ReadStatement): Partial<StatementEvent> {
  switch (read.kind) {
    case 'read':
      return { fingerprint: read.fingerprint, ...(read.statement && { statement: read.statement }) };
    case 'invalid':
      return { statement: 'unknown' };
    case 'unread':
      return {};
  }
}
