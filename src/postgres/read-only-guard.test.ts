import { serialize } from 'pg-protocol';
import { describe, expect, it } from 'vitest';
import { errorResponse, message } from './message.ts';
import { MessageStream } from './message-stream.ts';
import { readOnlyRules } from './read-only-guard.ts';
import { readServerError } from './server-error.ts';

function setUp() {
  const refused: string[] = [];
  let unset = 0;
  const rules = readOnlyRules({ onRefused: (why) => refused.push(why), onUnset: () => unset++ });
  const guard = { toServer: new MessageStream(rules.toServer), toClient: new MessageStream(rules.toClient) };
  const sent = (bytes: Buffer) => Buffer.concat(guard.toServer.pass(bytes));
  const received = (bytes: Buffer) => Buffer.concat(guard.toClient.pass(bytes));
  return { sent, received, refused, unset: () => unset };
}

/** As a server does that cannot parse it. */
function syntaxError(statement: Buffer): Buffer {
  const word = /sallyport_\w+/.exec(statement.toString('latin1'))?.[0];
  return errorResponse({
    severity: 'ERROR',
    sqlstate: '42601',
    message: `syntax error at or near "${word}"`,
  });
}

const forbidden = 'BEGIN READ WRITE';

describe('readOnlyRules', () => {
  it.each([
    ['a query', serialize.query(forbidden), 'Q'],
    ['a statement to prepare', serialize.parse({ name: 's', text: forbidden }), 'P'],
    ['a function call', message('F', Buffer.from([0, 0, 8, 29, 0, 0, 0, 0, 0, 0])), 'Q'],
    ['a query with two strings', message('Q', 'SELECT 1', 'SELECT 2'), 'Q'],
    ['a query without an end', message('Q', Buffer.from('SELECT 1')), 'Q'],
    ['an empty statement to prepare', message('P'), 'P'],
    ['a query of 5 MiB', serialize.query(`SELECT '${'x'.repeat(5 << 20)}'`), 'Q'],
  ])('%s is replaced by what no server can parse, and its error put right', (_what, bytes, type) => {
    const { sent, received, refused } = setUp();
    const instead = sent(bytes);
    expect(instead.toString('latin1', 0, 1)).toBe(type);
    expect(instead.length).toBeLessThan(100);
    expect(refused).toHaveLength(1);
    expect(readServerError(received(syntaxError(instead)).subarray(5))).toEqual({
      severity: 'ERROR',
      sqlstate: '25006',
      message: `this tunnel is read-only: ${refused[0]}`,
    });
  });

  it.each([
    ['a query', serialize.query('SELECT 1')],
    ['a statement to prepare', serialize.parse({ name: 's', text: 'SELECT $1', types: [23] })],
    ['the reading of a large object', message('F', Buffer.from([0, 0, 3, 186, 0, 0, 0, 0, 0, 0]))],
    ['data of any size', message('d', Buffer.from(forbidden.repeat(1_000_000)))],
    [
      'all the rest',
      Buffer.concat([
        serialize.bind(),
        serialize.describe({ type: 'P' }),
        serialize.execute(),
        serialize.sync(),
        serialize.end(),
      ]),
    ],
  ])('%s goes on as it is', (_what, bytes) => {
    const { sent, refused } = setUp();
    expect(sent(bytes).equals(bytes)).toBe(true);
    expect(refused).toEqual([]);
  });

  it("the server's own errors go on as they are, and those that speak of another tunnel's refusal", () => {
    const { received } = setUp();
    const other = setUp();
    for (const error of [
      errorResponse({ severity: 'ERROR', sqlstate: '42P01', message: 'relation "t" does not exist' }),
      syntaxError(other.sent(serialize.query(forbidden))),
      message('E', Buffer.alloc(100_000, 'x')),
    ])
      expect(received(error).equals(error)).toBe(true);
  });

  it('notices when the server reports that the session may write', () => {
    const { received, unset } = setUp();
    received(message('S', 'default_transaction_read_only', 'on'));
    received(message('S', 'TimeZone', 'off'));
    expect(unset()).toBe(0);
    const status = message('S', 'default_transaction_read_only', 'off');
    expect(received(status).equals(status)).toBe(true);
    expect(unset()).toBe(1);
  });
});
