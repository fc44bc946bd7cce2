import { expect, it } from 'vitest';
import { changeText, readTree, textOf, valueAt } from './profile-text.ts';

const text = `# of the shop
cluster:
  server: https://api.example.com # production's
target: service/orders
port: 5432
policy:
  confirm: true
`;

it('changes one value, and leaves comments and order as they were', () => {
  expect(changeText(text, [{ path: ['port'], value: 'pg' }])).toBe(text.replace('5432', 'pg'));
  expect(changeText(text, [{ path: ['connection', 'user'], value: 'app' }])).toBe(
    `${text}connection:\n  user: app\n`,
  );
});

it('takes out a key, and the map that is left empty by it', () => {
  expect(changeText(text, [{ path: ['policy', 'confirm'], value: undefined }])).toBe(
    text.replace('policy:\n  confirm: true\n', ''),
  );
  expect(changeText(text, [{ path: ['connection', 'password', 'secret'], value: undefined }])).toBe(text);
});

it('keeps a word that looks like a number a word', () => {
  const changed = changeText('', [{ path: ['namespace'], value: '1234' }]);
  expect(readTree(changed)).toEqual({ namespace: '1234' });
});

it('puts a map where something else stood', () => {
  const changed = changeText('policy: 5\n', [{ path: ['policy', 'confirm'], value: true }]);
  expect(readTree(changed)).toEqual({ policy: { confirm: true } });
});

it('writes out what an alias stood for, and leaves the other place as it was', () => {
  const shared = 'connection: &c\n  user: app\npolicy: *c\n';
  const changed = changeText(shared, [{ path: ['policy', 'confirm'], value: true }]);
  expect(readTree(changed)).toEqual({ connection: { user: 'app' }, policy: { user: 'app', confirm: true } });
});

it.each(['a: [', '- a list', 'just text', 'a: *nowhere'])(
  'has no form for %j, and leaves it alone',
  (broken) => {
    expect(readTree(broken)).toBeUndefined();
    expect(changeText(broken, [{ path: ['port'], value: 1 }])).toBe(broken);
  },
);

it('reads back what it wrote', () => {
  const profile = {
    cluster: { context: 'a' },
    local: { socket: '/run/a b' },
    connection: { password: { command: ['pass', 'show', 'x y: #z'] } },
  };
  expect(readTree(textOf(profile))).toEqual(profile);
});

it('finds values by their path, and none of the prototype', () => {
  const tree = readTree(text);
  expect(valueAt(tree, ['cluster', 'server'])).toBe('https://api.example.com');
  expect(valueAt(tree, ['port', 'length'])).toBeUndefined();
  expect(valueAt(tree, ['constructor'])).toBeUndefined();
});
