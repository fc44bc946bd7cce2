import * as z from 'zod';
import { profileFileSchema } from '../contract/profile-file.ts';

/** The published JSON Schema of a profile file: what editors complete and check by. */
export function profileJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(profileFileSchema);
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

let root: SchemaNode | undefined;

/** The keys that the format knows at a path of the document; none where any key may stand. */
export function knownKeys(path: readonly (string | number)[]): string[] {
  root ??= profileJsonSchema() as SchemaNode;
  let nodes = flat([root]);
  for (const part of path) {
    nodes = flat(nodes.flatMap((node) => (typeof part === 'number' ? node.items : member(node, part)) ?? []));
  }
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

function member(node: SchemaNode, key: string): SchemaNode | undefined {
  if (node.properties && Object.hasOwn(node.properties, key)) return node.properties[key];
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
}

function flat(nodes: readonly SchemaNode[]): SchemaNode[] {
  return nodes.flatMap((node) => (node.anyOf ? flat(node.anyOf) : [node]));
}
