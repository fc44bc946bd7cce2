import { expect, it } from 'vitest';
import type { ClusterObject } from '../../../src/contract/control-objects.ts';
import { itemKey, objectItems, portsWords, readinessWords, whyNot } from './object-items.ts';

const object = (name: string, rest: Partial<ClusterObject> = {}): ClusterObject => ({
  kind: 'Service',
  namespace: 'data',
  name,
  ports: [{ port: 5432, name: 'pg', protocol: 'TCP', kind: 'postgres' }],
  images: [],
  ...rest,
});
const cnpg = { operator: 'CloudNativePG', cluster: 'orders' } as const;
const all = [
  object('api', { ports: [{ port: 80, protocol: 'TCP', kind: 'http' }] }),
  object('orders-ro', { database: { ...cnpg, role: 'replica' } }),
  object('orders-rw', { database: { ...cnpg, role: 'primary' } }),
  object('postgres', { kind: 'StatefulSet', images: ['postgres:18'] }),
];

const shown = (search: string) =>
  objectItems(all, search).map((item) => (item.kind === 'group' ? `# ${item.title}` : item.object.name));

it('has operators’ databases first, then StatefulSets, then Services', () => {
  expect(shown('')).toEqual([
    '# orders',
    'orders-ro',
    'orders-rw',
    '# StatefulSets',
    'postgres',
    '# Services',
    'api',
  ]);
});

it('finds by every word, in names, ports, images and operators, and leaves no heading alone', () => {
  expect(shown('postgres:18')).toEqual(['# StatefulSets', 'postgres']);
  expect(shown('cloudnative rw')).toEqual(['# orders', 'orders-rw']);
  expect(shown('pg 5432')).toHaveLength(5);
  expect(shown('nothing')).toEqual([]);
});

it('tells two of one name apart', () => {
  const twins = objectItems(
    [object('net'), object('net', { kind: 'StatefulSet' }), object('net', { namespace: 'b' })],
    '',
  );
  expect(new Set(twins.map(itemKey)).size).toBe(twins.length);
});

it('says why nothing can lead there', () => {
  const udp = [{ port: 53, protocol: 'UDP' }];
  expect(whyNot(object('a'))).toBeUndefined();
  expect(whyNot(object('a', { ports: [...udp, { port: 53, protocol: 'TCP' }] }))).toBeUndefined();
  expect(whyNot(object('a', { ports: udp }))).toMatch(/UDP/);
  expect(whyNot(object('a', { withoutPods: 'external-name' }))).toMatch(/ExternalName/);
  expect(whyNot(object('a', { ports: [] }))).toMatch(/no port/);
  expect(whyNot(object('a', { ports: [], kind: 'StatefulSet' }))).toBeUndefined();
});

it('cuts what is too much to read, and counts what is cut', () => {
  const ports = [1, 2, 3].map((port) => ({ port, protocol: 'TCP' }));
  expect(portsWords(ports)).toBe('1, 2 +1');
  expect(portsWords([])).toBe('');
  expect(readinessWords({ pods: { ready: 0, wanted: 2 } })).toBe('0 of 2 ready');
  expect(readinessWords({ pods: { ready: 0, wanted: 0 } })).toBe('no pods');
});
