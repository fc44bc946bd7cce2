/**
 * Says whether a log is what was written. Trusted: the keys that are given, heads that are known elsewhere. Not trusted: the files, each
 * byte of them. Reads one file after the other at the speed of SHA-256 and holds a few megabytes.
 */
import type { AuditVerdict } from '../contract/audit-verdict.ts';
import { emptyHead, maxLineBytes } from './audit-line.ts';
import { ChainCheck, type ChainCheckOptions, type Finding } from './chain-check.ts';
import { type LogFile, logFiles } from './log-files.ts';
import { readLines } from './read-lines.ts';

export interface VerifyOptions extends ChainCheckOptions {
  /** Of the log. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/** Throws what the file system throws, and the signal's reason. A log that is being written may be verified. */
export async function verify({ folder, signal, ...options }: VerifyOptions): Promise<AuditVerdict> {
  const files = await logFiles(folder);
  const check = new ChainCheck(options);
  let torn: Torn | undefined;
  let finding: Finding | undefined;
  for (const file of files) {
    if (torn) {
      finding = { file: torn.file, line: torn.line, fault: 'form', why: 'the file ends in the middle of it' };
      break;
    }
    const answer = await checkFile(file, check, signal);
    torn = answer.torn;
    finding = answer.finding;
    if (finding) break;
  }
  finding ??= check.end() ?? beginning(check, files[0]);
  return verdict(check, { files: files.length, torn: finding ? undefined : torn }, finding);
}

/** What stands after a file's last line feed. */
interface Torn {
  readonly file: string;
  readonly line: number;
  readonly bytes: number;
}

async function checkFile(
  file: LogFile,
  check: ChainCheck,
  signal: AbortSignal | undefined,
): Promise<{ finding?: Finding | undefined; torn?: Torn }> {
  let line = 0;
  for await (const { text } of readLines(file.path)) {
    signal?.throwIfAborted();
    for (let from = 0; from < text.length; ) {
      const to = text.indexOf('\n', from);
      line++;
      if (to < 0) {
        const bytes = text.length - from;
        if (bytes <= maxLineBytes) return { torn: { file: file.name, line, bytes } };
        return { finding: { file: file.name, line, fault: 'form', why: 'it is longer than a line may be' } };
      }
      const finding = check.add(text.substring(from, to), { file: file.name, line });
      if (finding) return { finding };
      from = to + 1;
    }
  }
  return {};
}

/** The first lines may be gone where a signed line says that they were dropped. */
function beginning({ start, dropped }: ChainCheck, first: LogFile | undefined): Finding | undefined {
  if (!first || !start || (start.seq === 0 && start.hash === emptyHead.hash)) return undefined;
  if (start.seq > 0 && dropped.get(start.seq)?.hash === start.hash) return undefined;
  const why =
    start.seq === 0 ? 'it names a line before the first' : `numbers 1 to ${start.seq} are missing before it`;
  return { file: first.name, line: 1, fault: 'beginning', why };
}

function verdict(
  check: ChainCheck,
  { files, torn }: { files: number; torn: Torn | undefined },
  finding: Finding | undefined,
): AuditVerdict {
  const { lines, head, signed, unsignedLines, keys, start, tailsCut, lostEvents } = check;
  const found = {
    files,
    lines,
    head,
    ...(signed && { signed }),
    unsignedLines,
    keys: [...keys],
    ...(start && start.seq > 0 && { droppedTo: start }),
    tailsCut,
    lostEvents,
    ...(torn && { torn: { file: torn.file, bytes: torn.bytes } }),
  };
  if (finding) return { kind: 'broken', ...found, ...finding };
  const known = check.missingHead;
  if (known) return { kind: 'cut', ...found, known };
  return { kind: signed || lines === 0 ? 'intact' : 'unsigned', ...found };
}
