import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  visit,
} from 'yaml';

export type Path = readonly (string | number)[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where in a YAML text the things of its plain value stand. */
export class YamlPlaces {
  readonly #document: Document;
  readonly #aliases: Aliases;
  readonly #lines: LineCounter;

  constructor(document: Document, aliases: Aliases, lines: LineCounter) {
    this.#document = document;
    this.#aliases = aliases;
    this.#lines = lines;
  }

  atOffset(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** Of the value at the path; of the nearest thing around it where there is none. */
  value(path: Path): Place {
    return this.#place(path, 'value');
  }

  /** Of the key that the path ends with; of the nearest thing around it where there is none. */
  key(path: Path): Place {
    return this.#place(path, 'key');
  }

  /** The path of the innermost value or key that covers an offset of the text. */
  pathAt(offset: number): Path {
    const path: (string | number)[] = [];
    let node: unknown = this.#document.contents;
    for (;;) {
      if (isMap(node)) {
        const pair = node.items.findLast(({ key }) => (startOf(key) ?? Number.POSITIVE_INFINITY) <= offset);
        if (!pair || offset > Math.max(endOf(pair.key), endOf(pair.value))) return path;
        path.push(keyOf(pair) ?? '');
        node = offset >= (startOf(pair.value) ?? Number.POSITIVE_INFINITY) ? pair.value : undefined;
      } else if (isSeq(node)) {
        const index = node.items.findLastIndex(
          (item) => (startOf(item) ?? Number.POSITIVE_INFINITY) <= offset,
        );
        if (index < 0 || offset > endOf(node.items[index])) return path;
        path.push(index);
        node = node.items[index];
      } else return path;
    }
  }

  #place(path: Path, wanted: 'key' | 'value'): Place {
    let node: unknown = this.#document.contents;
    let offset = startOf(node) ?? 0;
    for (const [depth, part] of path.entries()) {
      const inside = resolved(node, this.#aliases);
      const pair = isMap(inside) ? inside.items.find((item) => keyOf(item) === String(part)) : undefined;
      if (pair) {
        const isLast = depth === path.length - 1;
        const keyOffset = startOf(pair.key) ?? offset;
        offset = isLast && wanted === 'key' ? keyOffset : (startOf(pair.value) ?? keyOffset);
        node = pair.value;
      } else if (isSeq(inside) && inside.items[Number(part)] !== undefined) {
        node = inside.items[Number(part)];
        offset = startOf(node) ?? offset;
      } else break;
      // A map's own place is that of its first key, which says less than the key that holds the map.
      if (depth < path.length - 1 && pair) offset = startOf(pair.key) ?? offset;
    }
    return this.atOffset(offset);
  }
}

export function keyOf(pair: Pair): string | undefined {
  return isScalar(pair.key) ? String(pair.key.value) : undefined;
}

/** What each alias stands for; one that stands for nothing has undefined. */
export type Aliases = ReadonlyMap<Alias, Node | undefined>;

/** In one pass: asking each alias of the library walks the document again. */
export function aliasesOf(document: Document): Aliases {
  const anchors = new Map<string, Node>();
  const aliases = new Map<Alias, Node | undefined>();
  visit(document, {
    Alias: (_, alias) => void aliases.set(alias, anchors.get(alias.source)),
    Value: (_, node) => void (node.anchor && anchors.set(node.anchor, node)),
  });
  return aliases;
}

/** Where keys stand a second time in their map. The library's own search takes the square of a map's size. */
export function duplicateKeys(document: Document): number[] {
  const offsets: number[] = [];
  visit(document, {
    Map: (_, map) => {
      const keys = new Set<string | undefined>();
      for (const pair of map.items) {
        const key = keyOf(pair);
        if (keys.has(key)) offsets.push(startOf(pair.key) ?? 0);
        keys.add(key);
      }
    },
  });
  return offsets;
}

export function resolved(node: unknown, aliases: Aliases): Node | undefined {
  if (isAlias(node)) return aliases.get(node);
  return isNode(node) ? node : undefined;
}

/** With the comment and the line end after it. */
function endOf(node: unknown): number {
  return isNode(node) ? (node.range?.[2] ?? -1) : -1;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
