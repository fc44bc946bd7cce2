import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { auditEventSchema, auditLogEventSchema } from '../../src/contract/audit-event.ts';

const root = join(import.meta.dirname, '../..');
const sources = [...filesOf('src'), ...filesOf('test')];
const isTest = (path: string) => path.startsWith('test/') || /\.(test|fixture)\.ts$/.test(path);

/** Path and text of each TypeScript file but this one. */
function filesOf(folder: string): { path: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.ts') && !import.meta.filename.endsWith(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

const kindsOf = (schema: typeof auditEventSchema | typeof auditLogEventSchema) =>
  schema.options.map(({ shape }) => shape.event.value);

/** A kind that nobody writes is a promise that nobody keeps, and one that no test reads may be kept in name alone. */
describe.each([
  ...kindsOf(auditEventSchema).map((kind) => ['src/daemon/', kind]),
  ...kindsOf(auditLogEventSchema).map((kind) => ['src/audit/', kind]),
] as const)('of %s: the event %s', (folder, kind) => {
  it('is written by the code that is to record it', () => {
    const writers = sources.filter(
      ({ path, text }) =>
        path.startsWith(folder!) &&
        !isTest(path) &&
        [`event: '${kind}'`, `"event":"${kind}"`].some((written) => text.includes(written)),
    );
    expect(writers.map(({ path }) => path)).not.toEqual([]);
  });

  it('is expected by a test', () => {
    const readers = sources.filter(
      ({ path, text }) => isTest(path) && [`'${kind}'`, `"${kind}"`].some((read) => text.includes(read)),
    );
    expect(readers.map(({ path }) => path)).not.toEqual([]);
  });
});
