import { serialize } from 'pg-protocol';
import { describe, expect, it } from 'vitest';
import { message } from './message.ts';
import { MessageStream } from './message-stream.ts';
import { readOnlyRules } from './read-only-guard.ts';
import type { AuditedStatement } from './redact-statement.ts';
import { auditedRules } from './statement-audit.ts';

describe('auditedRules', () => {
  function setUp(isReadOnly: boolean) {
    const told: AuditedStatement[] = [];
    const rules = isReadOnly ? readOnlyRules({ onRefused() {}, onUnset() {} }).toServer : undefined;
    const stream = new MessageStream(auditedRules(rules, (statement) => told.push(statement)));
    return { told, sent: (bytes: Buffer) => Buffer.concat(stream.pass(bytes)) };
  }

  it.each([false, true])('passes on what it tells of (read-only: %s)', (isReadOnly) => {
    const { told, sent } = setUp(isReadOnly);
    const bytes = Buffer.concat([
      serialize.query("select 'hunter2'; select 2"),
      serialize.parse({ name: 's', text: 'insert into t values ($1)' }),
      serialize.sync(),
    ]);
    expect(sent(bytes)).toEqual(bytes);
    expect(told).toEqual([
      { statement: 'SELECT', text: 'select ?', sql: "select ''" },
      { statement: 'SELECT', text: 'select ?', sql: 'select 0' },
      { statement: 'INSERT', text: 'insert into t values ($1)', sql: 'insert into t values ($1)' },
    ]);
  });

  it.each([false, true])(
    'tells of what is too large, malformed, or no statement (read-only: %s)',
    (isReadOnly) => {
      const { told, sent } = setUp(isReadOnly);
      sent(serialize.query(`select '${'hunter2'.repeat(1_000_000)}'`));
      sent(message('Q', 'select 1', 'select 2'));
      sent(message('F', Buffer.from([0, 0, 8, 29, 0, 0, 0, 0, 0, 0])));
      expect(told).toEqual([
        { statement: 'unknown', text: undefined },
        { statement: 'unknown', text: undefined },
        { statement: 'FUNCTION CALL', text: undefined },
      ]);
    },
  );
});
