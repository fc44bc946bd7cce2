import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { message } from './message.ts';
import { readRow } from './read-row.ts';
import { Wire } from './wire.ts';

const ready = message('Z', Buffer.from('I'));

function answered(...messages: readonly Buffer[]) {
  return readRow(new Wire(new PassThrough(), Buffer.concat(messages)));
}

describe('a question of one row', () => {
  it('is answered by its columns, null where one is NULL', async () => {
    const row = message('D', Buffer.from('0003 00000002 6f6e ffffffff 00000000'.replaceAll(' ', ''), 'hex'));
    expect(await answered(row, ready)).toEqual(['on', null, '']);
  });

  it.each([
    ['no row', []],
    ['a row without a count', [message('D', Buffer.from('00', 'hex'))]],
    ['a row that ends before its column', [message('D', Buffer.from('0001', 'hex'))]],
    ['a column that ends before its length', [message('D', Buffer.from('00010000000961', 'hex'))]],
  ])('is not answered by %s', async (_what, messages) => {
    await expect(answered(...messages, ready)).rejects.toMatchObject({ code: 'SP-DB-PROTOCOL' });
  });
});
