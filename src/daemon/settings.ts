import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { AppError } from '../base/app-error.ts';
import type { DaemonPlaces } from '../base/daemon-places.ts';
import { whyNotOwn } from '../base/file-owner.ts';
import { readBounded } from '../base/read-bounded.ts';
import {
  metricsSettingsSchema,
  passwordSettingsSchema,
  windowSettingsSchema,
} from '../contract/control-settings.ts';
import { policyFloorSchema } from '../contract/policy.ts';
import { canonicalJson } from '../profile/canonical.ts';
import { yamlErrorText } from '../profile/yaml-error-text.ts';
import { approvalSettingsSchema } from './approval-command.ts';
import { shipperSettingsSchema } from './audit-destination.ts';

const maxSettingsBytes = 256 * 1024;

const settingsSchema = z.strictObject({
  policy: policyFloorSchema
    .describe('What bounds all tunnels, or those of an environment, whatever their profiles say.')
    .optional(),
  approval: approvalSettingsSchema
    .describe('A program that has to say yes before a tunnel may use its cluster.')
    .optional(),
  window: windowSettingsSchema.describe('How windows and tray look and behave.').optional(),
  metrics: metricsSettingsSchema
    .describe('Offers metrics on this port of 127.0.0.1; the bearer token is in the file metrics-token.')
    .optional(),
  passwords: passwordSettingsSchema
    .describe(
      "Where passwords are kept that were asked for: the system's keychain (default; where there is none, memory), a file under a passphrase, or memory until the daemon ends.",
    )
    .optional(),
  audit: z
    .strictObject({
      keep: z
        .strictObject({
          days: z.int().min(1).max(36_500).optional(),
          megabytes: z.int().min(64).max(10_000_000).optional(),
        })
        .describe('How long and how much of the audit log is kept: by default 400 days and 2,048 MiB.')
        .optional(),
      ship: z
        .array(shipperSettingsSchema)
        .max(8)
        .refine(
          (all) => new Set(all.map(({ name }) => name)).size === all.length,
          'each has a name of its own',
        )
        .describe('Receivers of a copy of the audit log.')
        .optional(),
    })
    .optional(),
});

export type Settings = z.infer<typeof settingsSchema>;

/** What the daemon reads at its start alone. Of the rest `policy` and `approval` count at once, and so does `window`, which is for faces. */
export const readAtStart = ['passwords', 'metrics', 'audit'] as const satisfies readonly (keyof Settings)[];

/** The parts in which two settings differ, however they are written. */
export function changedParts(before: Settings, after: Settings): (keyof Settings)[] {
  const parts = Object.keys(settingsSchema.shape) as (keyof Settings)[];
  return parts.filter((part) => canonicalJson(before[part]) !== canonicalJson(after[part]));
}

/** How long and how much of the audit log is kept where the settings say nothing. */
export const defaultKeep = { days: 400, megabytes: 2_048 } as const;

/** Where passwords are kept that were asked for. */
export function passwordsKeptIn({ passwords }: Settings): NonNullable<Settings['passwords']>['keepIn'] {
  return passwords?.keepIn ?? 'keychain';
}

export function metricsTokenFile({ folders }: Pick<DaemonPlaces, 'folders'>): string {
  return join(folders.data, 'metrics-token');
}

/** The daemon's settings; none where there is no file. Throws SP-USAGE as `readSettingsText` and `parseSettings` do. */
export async function readSettings(path: string): Promise<Settings> {
  return parseSettings(path, await readSettingsText(path));
}

/** Undefined where there is no file. Throws SP-USAGE where somebody else can write it: it decides where passwords are kept. */
export async function readSettingsText(path: string): Promise<string | undefined> {
  const file = await readBounded(path, maxSettingsBytes, (found) => whyNotOwn(found, process.getuid?.()));
  if (file.kind === 'refused') throw wrong(path, `it ${file.why}`);
  return file.kind === 'text' ? file.text : undefined;
}

/** Throws SP-USAGE that names the file and what is wrong. */
export function parseSettings(path: string, text: string | undefined): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text ?? '', { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  // Never in the parser's words, which quote the text: a token may have come to stand there.
  if (error) throw wrong(path, `line ${lines.linePos(error.pos[0]).line}: ${yamlErrorText(error)}`);
  const parsed = settingsSchema.safeParse(document.toJS() ?? {});
  if (!parsed.success) throw wrong(path, z.prettifyError(parsed.error));
  return parsed.data;
}

function wrong(path: string, message: string): AppError {
  return new AppError('SP-USAGE', { message: `${path}: ${message}`, next: 'correct the file' });
}
