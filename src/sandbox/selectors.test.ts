import { expect, test } from 'vitest';
import type { KubeObject } from './kube-object.ts';
import { matchesLabels, parseFieldSelector, parseLabelSelector } from './selectors.ts';

const object = (labels?: Record<string, string>) =>
  ({ metadata: { name: 'postgres-0', namespace: 'data', ...(labels ? { labels } : {}) } }) as KubeObject;

test.each([
  ['app=db', { app: 'db' }, true],
  ['app==db', { app: 'web' }, false],
  ['app!=db', { app: 'web' }, true],
  ['app!=db', {}, true],
  ['app', { app: '' }, true],
  ['app', {}, false],
  ['!app', {}, true],
  ['!app', { app: 'db' }, false],
  ['app in (db, web)', { app: 'web' }, true],
  ['app in (db,web)', {}, false],
  ['app notin (db,web)', { app: 'web' }, false],
  ['app notin (db,web)', {}, true],
  ['app in (db,web),tier=x,!old', { app: 'db', tier: 'x' }, true],
  ['app in (db,web),tier=x,!old', { app: 'db', tier: 'x', old: '1' }, false],
  ['cnpg.io/cluster=main', { 'cnpg.io/cluster': 'main' }, true],
  ['app=', { app: '' }, true],
  ['', {}, true],
])('label selector %j on %j is %j', (text, labels, expected) => {
  expect(parseLabelSelector(text)(object(labels))).toBe(expected);
});

test.each([
  ['metadata.name=postgres-0', true],
  ['metadata.name==postgres-0,metadata.namespace=data', true],
  ['metadata.name!=postgres-0', false],
  ['spec.nodeName=', true],
])('field selector %j is %j', (text, expected) => {
  expect(parseFieldSelector(text)(object())).toBe(expected);
});

test('what cannot be read is a 400, as the API server answers', () => {
  expect(() => parseLabelSelector('a in b')).toThrow(expect.objectContaining({ httpCode: 400 }));
  expect(() => parseFieldSelector('spec.colour=red')).toThrow(expect.objectContaining({ httpCode: 400 }));
});

test('an empty matchLabels matches nothing', () => {
  expect(matchesLabels({})(object({ app: 'db' }))).toBe(false);
  expect(matchesLabels(undefined)(object())).toBe(false);
  expect(matchesLabels({ app: 'db' })(object({ app: 'db', x: 'y' }))).toBe(true);
});
