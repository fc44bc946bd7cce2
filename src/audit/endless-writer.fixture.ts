/**
 * Writes to a log without end and prints the head of each batch that is durable, until it is killed. Arguments: the log's folder, a file
 * with the signing key, a seed.
 */
import { readFileSync, writeSync } from 'node:fs';
import { systemClock } from '../base/clock.ts';
import { Secret } from '../base/secret.ts';
import { AuditLog } from './audit-log.ts';
import { signerOf } from './checkpoint.ts';

const [folder, keyFile, seed] = process.argv.slice(2) as [string, string, string];
const signer = signerOf(new Secret(readFileSync(keyFile, 'utf8')));
// Small files, so that some end while it writes.
const log = new AuditLog({
  folder,
  signer,
  clock: systemClock,
  version: 'killed',
  limits: { maxFileBytes: 100_000 },
});
let state = Number(seed);
for (;;) {
  state = (state * 48_271) % 2_147_483_647;
  const count = 1 + (state % 150);
  for (let number = 0; number < count; number++) {
    log.append({ event: 'tunnel-closed', tunnel: `t${state}-${number}`, why: 'asked' });
  }
  const commit = await log.flush({ sign: state % 3 === 0 });
  if (commit.kind === 'durable') writeSync(1, `${commit.head.seq} ${commit.head.hash}\n`);
}
