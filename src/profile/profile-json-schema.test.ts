import { expect, it } from 'vitest';
import { profileFileSchema } from '../contract/profile-file.ts';
import { knownKeys, profileJsonSchema } from './profile-json-schema.ts';

interface Node {
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Record<string, Node>;
  readonly anyOf?: Node[];
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
}

function undescribed(node: Node, path = ''): string[] {
  const inside = Object.entries(node.properties ?? {}).flatMap(([key, value]) => [
    ...(value.description || `${path}.${key}` === '.version' ? [] : [`${path}.${key}`]),
    ...undescribed(value, `${path}.${key}`),
  ]);
  const others = [...(node.anyOf ?? []), node.items, node.additionalProperties].filter(
    (other): other is Node => typeof other === 'object',
  );
  return [...inside, ...others.flatMap((other) => undescribed(other, `${path}.*`))];
}

it('describes every field, and closes every map', () => {
  const schema = profileJsonSchema() as Node;
  expect(undescribed(schema)).toEqual([]);
  const text = JSON.stringify(schema);
  expect(text.match(/"properties"/g)?.length).toBe(text.match(/"additionalProperties":false/g)?.length);
});

it('knows the keys of each place', () => {
  expect(knownKeys([])).toEqual(Object.keys(profileFileSchema.shape));
  expect(knownKeys(['profiles', 'a', 'local'])).toEqual(['address', 'port', 'socket']);
  expect(knownKeys(['profiles', 'a', 'labels'])).toEqual([]);
});
