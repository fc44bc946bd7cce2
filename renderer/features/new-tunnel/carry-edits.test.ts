import { expect, it } from 'vitest';
import { newDraft } from '../../state/drafts.ts';
import { carryEdits } from './carry-edits.ts';

const first = { name: 'net', text: 'target: service/net\nport: echo\nlocal: 17007\n' };
const second = { name: 'net', text: 'target: service/net\nport: sink\nlocal: 17015\n' };

it('takes the new proposal where nothing was written', () => {
  expect(carryEdits(newDraft(first), second)).toEqual(newDraft(second));
});

it('keeps what was written, takes out what was taken out, and follows the rest', () => {
  const written = {
    ...newDraft(first),
    name: 'mine',
    text: 'target: service/net\nport: echo\ndescription: Mine\n',
  };
  const carried = carryEdits(written, second);
  expect(carried.name).toBe('mine');
  expect(carried.text).toBe('target: service/net\nport: sink\ndescription: Mine\n');
  expect(carried.began).toEqual(second);
});

it('throws nothing away that cannot be read', () => {
  const broken = { ...newDraft(first), text: 'port: [' };
  expect(carryEdits(broken, second).text).toBe('port: [');
});
