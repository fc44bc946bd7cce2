import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { functionCall, readResults } from './function-call.ts';
import { errorResponse, int32, message, readyForQuery } from './message.ts';
import { Wire } from './wire.ts';

const result = (text: string) => message('V', int32(text.length), Buffer.from(text));
const none = message('V', int32(-1));

function reading(count: number) {
  const [ours, theirs] = duplexPair();
  for (const stream of [ours, theirs]) stream.on('error', () => {});
  const results = readResults(new Wire(ours), count);
  results.catch(() => {});
  return { results, server: theirs };
}

describe('functionCall', () => {
  it('names a function by its number, its arguments and its result as text', () => {
    expect(functionCall({ oid: 2077, args: ['ab'] }).toString('hex')).toBe(
      // F, length, oid, no formats: text, one argument of two bytes, a result as text
      '460000001400' + '00081d' + '0000' + '0001' + '00000002' + '6162' + '0000',
    );
  });
});

describe('readResults', () => {
  it('reads each answer, over any chunking, and leaves what follows', async () => {
    const { results, server } = reading(3);
    const notice = message('N', 'SNOTICE', '');
    const all = [result('7'), readyForQuery, notice, none, readyForQuery, result(''), readyForQuery];
    for (const byte of Buffer.concat(all)) server.write(Buffer.from([byte]));
    expect(await results).toEqual(['7', null, '']);
  });

  it('says what the server said of a call that failed, once all were answered', async () => {
    const { results, server } = reading(2);
    const failed = errorResponse({ severity: 'ERROR', sqlstate: '42501', message: 'permission denied' });
    server.write(Buffer.concat([failed, readyForQuery, result('on'), readyForQuery]));
    await expect(results).rejects.toMatchObject({
      code: 'SP-DB-REFUSED',
      details: { message: 'permission denied' },
    });
  });

  it.each([
    ['no answer', [readyForQuery, readyForQuery]],
    ['two to one call', [result('a'), result('b'), result('c'), readyForQuery, readyForQuery]],
    ['a length that is not its own', [message('V', int32(9), Buffer.from('a'))]],
    ['no length', [message('V')]],
    ['words without end', Array(100).fill(message('N', ''))],
    ['a message of a megabyte', [Buffer.from('V\0\x10\0\0', 'latin1')]],
  ])('takes no %s', async (_what, answers: readonly Buffer[]) => {
    const { results, server } = reading(2);
    server.write(Buffer.concat(answers));
    await expect(results).rejects.toMatchObject({ code: 'SP-DB-PROTOCOL' });
  });

  it('ends with every server of random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const { results, server } = reading(1);
        server.end(Buffer.from(bytes));
        await expect(results).rejects.toThrow();
      }),
      fuzzed(200),
    );
  });
});
