import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../base/app-error.ts';
import { readBounded } from '../base/read-bounded.ts';
import { replaceFile } from '../base/replace-file.ts';
import { timeWords } from '../client/tunnel-words.ts';
import type { OperationAnswer } from '../contract/control.ts';
import type { Cli } from './cli.ts';
import { printJson } from './print-json.ts';

/**
 * The certificate of the local authority, and its place in libpq's own trust file. Trust boundary: what stands in that file decides whom all of the
 * user's Postgres programs believe, so it is changed only when asked for, after saying what that means, and all else in it stays.
 */

export interface AuthorityFlags {
  readonly install: boolean;
  readonly remove: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

const maxTrustFileBytes = 4 * 1024 * 1024;
const begin = '# Begin of Sallyport (sallyport daemon ca --remove takes it out)';
const end = '# End of Sallyport';
const block = new RegExp(`${escaped(begin)}\\n[\\s\\S]*?${escaped(end)}\\n`, 'g');

export async function printAuthority(
  cli: Cli,
  { install, remove, yes, json }: AuthorityFlags,
): Promise<void> {
  if (install && remove)
    throw new AppError('SP-USAGE', {
      message: '--install and --remove cannot be both',
      next: 'leave one out',
    });
  if (remove) return removeFromTrust(cli, json);
  const authority = await (await cli.control()).call('localAuthority', {});
  const rootFile = trustFile(cli);
  if (!install) {
    if (json) return printJson(cli, 'daemon ca', authority);
    cli.stdout.write(authority.certificate);
    if (cli.stderr.isTTY) cli.stderr.write(`${meaning(authority)}\n`);
    return;
  }
  const before = await readTrust(rootFile);
  const after = withBlock(before, authority.certificate);
  const changed = after !== before;
  if (changed) {
    cli.stderr.write(`${meaning(authority)}\n${consequence(rootFile, before)}\n`);
    await agree(cli, yes, rootFile);
    await mkdir(dirname(rootFile), { recursive: true, mode: 0o700 });
    await replaceFile(rootFile, after, { mode: 0o644 });
  }
  if (json) return printJson(cli, 'daemon ca', { ...authority, rootFile, changed });
  cli.stdout.write(changed ? `It is in ${rootFile} now.\n` : `It is in ${rootFile} already.\n`);
}

/** No daemon is needed to take back trust. */
async function removeFromTrust(cli: Cli, json: boolean): Promise<void> {
  const rootFile = trustFile(cli);
  const before = await readTrust(rootFile);
  const after = before.replaceAll(block, '');
  const changed = after !== before;
  // An empty one would make libpq refuse every server.
  if (changed && after.trim() === '') await rm(rootFile);
  else if (changed) await replaceFile(rootFile, after);
  if (json) return printJson(cli, 'daemon ca', { rootFile, changed });
  cli.stdout.write(changed ? `It is not in ${rootFile} any more.\n` : `It is not in ${rootFile}.\n`);
}

/** Where libpq looks for authorities by itself. */
function trustFile({ platform, home, env }: Cli): string {
  const folder =
    platform === 'win32' && env.APPDATA ? join(env.APPDATA, 'postgresql') : join(home, '.postgresql');
  return join(folder, 'root.crt');
}

/** Throws SP-USAGE for a file that is not to be touched. */
async function readTrust(path: string): Promise<string> {
  const read = await readBounded(path, maxTrustFileBytes);
  if (read.kind === 'absent') return '';
  if (read.kind === 'text') return read.text;
  throw new AppError('SP-USAGE', {
    message: `${path} ${read.why}`,
    next: 'correct it, or name the certificate to your program by sslrootcert',
  });
}

/** An older one of ours goes. */
function withBlock(before: string, certificate: string): string {
  const ours = `${begin}\n${certificate}${end}\n`;
  const present = before.match(block) ?? [];
  if (present.length === 1 && present[0] === ours) return before;
  const others = before.replaceAll(block, '');
  return `${others}${others === '' || others.endsWith('\n') ? '' : '\n'}${ours}`;
}

function meaning({ file, fingerprint256, validUntilMs, kept }: OperationAnswer<'localAuthority'>): string {
  const short = kept.in === 'memory' ? ' Its key is kept nowhere: the next daemon has another one.' : '';
  return `This authority of yours certifies the gateways of your tunnels on this machine (localhost, 127.0.0.0/8, ::1), and can certify nothing else.${short}
  SHA-256  ${fingerprint256}
  until    ${timeWords(validUntilMs)}
  file     ${file}  (for sslrootcert)`;
}

function consequence(rootFile: string, before: string): string {
  if (before.trim() !== '')
    return `In ${rootFile} all of your programs that use libpq trust it, beside what stands there already.`;
  return `In ${rootFile} all of your programs that use libpq trust it. There is no such file yet: once it is there, libpq checks each server that it reaches by sslmode=require too, and refuses those whose authority is not in it.`;
}

async function agree(cli: Cli, yes: boolean, rootFile: string): Promise<void> {
  if (yes) return;
  if (!cli.asker)
    throw new AppError('SP-USAGE', {
      message: `nobody is there to agree that ${rootFile} is changed`,
      next: `${cli.program} daemon ca --install --yes  changes it without being asked`,
    });
  if (!(await cli.asker.confirm(`Change ${rootFile}?`)))
    throw new AppError('SP-USAGE', {
      message: `${rootFile} is left as it was`,
      next: 'name the certificate to your program by sslrootcert instead',
    });
}

function escaped(text: string): string {
  return text.replaceAll(/[()]/g, '\\$&');
}
