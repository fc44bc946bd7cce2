import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { Manifest } from './kube-object.ts';
import { ObjectStore, type Selection } from './object-store.ts';
import { matchesLabels } from './selectors.ts';

const key = (name: string) => ({ namespace: 'data', name });
const configMap = (name: string, labels?: Record<string, string>): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...key(name), ...(labels ? { labels } : {}) },
});

function watching(
  store: ObjectStore,
  selection: Selection = {},
  sinceVersion = Number(store.resourceVersion),
) {
  const seen: string[] = [];
  const stop = store.watch('configmaps', {
    ...selection,
    sinceVersion,
    onEvent: ({ type, object }) =>
      seen.push(`${type} ${object.metadata.name} ${object.metadata.resourceVersion}`),
  });
  return { seen, stop };
}

test('every change takes the next resource version, and a watch sees it with that version', () => {
  const store = new ObjectStore(new FakeClock());
  const { seen, stop } = watching(store);
  const first = Number(store.create('configmaps', configMap('a')).metadata.resourceVersion);
  store.update('configmaps', key('a'), ({ metadata }) => {
    metadata.labels = { x: 'y' };
  });
  store.remove('configmaps', key('a'));
  stop();
  store.create('configmaps', configMap('b'));
  expect(seen).toEqual([`ADDED a ${first}`, `MODIFIED a ${first + 1}`, `DELETED a ${first + 2}`]);
});

test('a watch resumes after the version it names, without gap or repetition', () => {
  const store = new ObjectStore(new FakeClock());
  store.create('configmaps', configMap('a'));
  const { resourceVersion } = store.list('configmaps');
  store.create('configmaps', configMap('b'));
  store.create('configmaps', configMap('c'));
  const { seen } = watching(store, {}, Number(resourceVersion));
  store.create('configmaps', configMap('d'));
  expect(seen.map((each) => each.split(' ')[1])).toEqual(['b', 'c', 'd']);
});

test('what leaves a selection is deleted for its watch, what enters is added', () => {
  const store = new ObjectStore(new FakeClock());
  const { seen } = watching(store, { namespace: 'data', matches: matchesLabels({ role: 'primary' }) });
  store.create('configmaps', configMap('a', { role: 'replica' }));
  const relabel = (role: string) =>
    store.update('configmaps', key('a'), ({ metadata }) => {
      metadata.labels = { role };
    });
  relabel('primary');
  relabel('replica');
  store.create('configmaps', {
    ...configMap('b', { role: 'primary' }),
    metadata: { name: 'b', namespace: 'x' },
  });
  expect(seen.map((each) => each.split(' ')[0])).toEqual(['ADDED', 'DELETED']);
});

test('changes made while others are being told are told after them, to all in one order', () => {
  const store = new ObjectStore(new FakeClock());
  store.onChange((_plural, { metadata }) => {
    if (metadata.name === 'a' && !metadata.labels && store.get('configmaps', 'data', 'a')) {
      store.update('configmaps', key('a'), (draft) => {
        draft.metadata.labels = { seen: 'yes' };
      });
    }
  });
  const { seen } = watching(store);
  store.create('configmaps', configMap('a'));
  expect(seen.map((each) => each.split(' ')[0])).toEqual(['ADDED', 'MODIFIED']);
});

test('history is bounded: what is older answers 410, and so does everything old after a compaction', () => {
  const store = new ObjectStore(new FakeClock());
  const early = Number(store.resourceVersion);
  store.create('configmaps', configMap('a'));
  for (let change = 0; change < 1_000; change++) {
    store.update('configmaps', key('a'), ({ metadata }) => {
      metadata.labels = { change: String(change) };
    });
  }
  expect(() => watching(store, {}, early)).toThrow(
    expect.objectContaining({ httpCode: 410, reason: 'Expired' }),
  );
  const recent = Number(store.resourceVersion) - 1;
  expect(watching(store, {}, recent).seen).toHaveLength(1);
  store.compact();
  expect(() => watching(store, {}, recent)).toThrow(expect.objectContaining({ httpCode: 410 }));
  expect(watching(store).seen).toEqual([]);
});

test('names are unique, absent objects are 404, stale writers are 409, equal writes change nothing', () => {
  const store = new ObjectStore(new FakeClock());
  const created = store.create('configmaps', configMap('a'));
  expect(() => store.create('configmaps', configMap('a'))).toThrow('configmaps "a" already exists');
  expect(() => store.update('configmaps', key('z'), () => {})).toThrow('configmaps "z" not found');
  expect(store.update('configmaps', key('a'), () => {})).toBe(created);
  expect(() =>
    store.update('configmaps', key('a'), ({ metadata }) => {
      metadata.resourceVersion = '1';
    }),
  ).toThrow(expect.objectContaining({ httpCode: 409 }));
  expect(store.remove('configmaps', { ...key('a'), uid: 'another' })).toBe(false);
});
