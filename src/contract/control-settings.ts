/** The daemon's settings as a window shows and changes them. What names programs, files and receivers is in the file alone. */
import * as z from 'zod';
import { type ConnectionFormat, type ConnectionKind, formatsByKind } from './connection-format.ts';

const kinds = Object.keys(formatsByKind) as ConnectionKind[];

const formatsSchema = z
  .strictObject(
    Object.fromEntries(
      kinds.map((kind) => [kind, z.enum(formatsByKind[kind] as readonly ConnectionFormat[]).optional()]),
    ) as { [K in ConnectionKind]: z.ZodOptional<z.ZodEnum<Record<ConnectionFormat, ConnectionFormat>>> },
  )
  .describe('The format that a copy takes, by kind. Default: the first of its kind.');

const keepInSchema = z.enum(['keychain', 'file', 'memory']);
const portSchema = z.int().min(1).max(65_535);

/** How windows and tray look and behave. Counts at once. */
export const windowSettingsSchema = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']).describe('Default: as the system has it.').optional(),
  formats: formatsSchema.optional(),
  copyOnConnect: z.boolean().describe('A click that connects also copies.').optional(),
  notifications: z
    .enum(['needed', 'off'])
    .describe('Default: needed, which is when a tunnel needs its user, is fine again, or is about to end.')
    .optional(),
  openAtLogin: z.boolean().describe('Of the desktop app.').optional(),
});

export const metricsSettingsSchema = z.strictObject({ port: portSchema });
export const passwordSettingsSchema = z.strictObject({ keepIn: keepInSchema });

/** What a change names is set, null takes it out, and all else stays as it is written. */
export const settingsChangeSchema = z.strictObject({
  ...windowSettingsSchema.shape,
  keepPasswordsIn: keepInSchema.optional(),
  metricsPort: portSchema.nullable().optional(),
});

export type SettingsChange = z.infer<typeof settingsChangeSchema>;

export const shownSettingsSchema = z.object({
  file: z.string(),
  window: windowSettingsSchema,
  keepPasswordsIn: keepInSchema,
  metricsPort: z.int().optional(),
  /** The bearer token of metrics. */
  metricsTokenFile: z.string(),
  /** Said in the file alone. */
  audit: z.object({ days: z.int(), megabytes: z.int(), receivers: z.array(z.string()) }),
  /** What was changed since the daemon started, which it takes up when it is started again. */
  afterRestart: z.array(z.enum(['passwords', 'metrics', 'audit'])),
});

export type ShownSettings = z.infer<typeof shownSettingsSchema>;
