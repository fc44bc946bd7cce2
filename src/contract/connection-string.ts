import * as z from 'zod';
import {
  type ConnectionFormat,
  type ConnectionKind,
  formatsByKind,
  formatTitle,
} from './connection-format.ts';

export const connectionKindSchema = z.enum(Object.keys(formatsByKind) as ConnectionKind[]);
export const connectionFormatSchema = z.enum(Object.keys(formatTitle) as ConnectionFormat[]);

/** libpq's names; the other kinds say the same in their own words. */
export const sslmodeSchema = z.enum(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']);
export type Sslmode = z.infer<typeof sslmodeSchema>;

/** Whose quoting commands and environment lines follow. `sh` is bash, zsh and dash too. */
export const shellSchema = z.enum(['sh', 'fish', 'powershell']);
export type Shell = z.infer<typeof shellSchema>;

export const connectionStringRequestSchema = z.object({
  tunnel: z.string().min(1),
  /** Default: the first of the kind's formats. */
  format: connectionFormatSchema.optional(),
  shell: shellSchema.default('sh'),
  withPassword: z.boolean().default(false),
});

export const connectionWarningSchema = z.object({
  code: z.enum([
    /** The server hands out addresses that only the cluster can reach. */
    'in-cluster-addresses',
    /** A transaction pooler stands before the database, and the string alone cannot say all that this needs. */
    'transaction-pooler',
    /** The certificate's name is dialled: it has to resolve to the local address. */
    'hosts-entry',
    /** The name in the certificate is not known, so that checking it fails. */
    'certificate-name',
    /** A password was asked for and none is known. */
    'password-unknown',
    /** A password was asked for and this format has no place for it. */
    'password-left-out',
    /** The command carries the password among its arguments, where other processes of this machine can read it. */
    'password-in-arguments',
    /** Some readers of this format take a part of it otherwise than others, or not at all. */
    'reader-differs',
    /** An older PowerShell runs another command, or passes an argument on wrongly. */
    'powershell-version',
  ]),
  message: z.string(),
});
export type ConnectionWarning = z.infer<typeof connectionWarningSchema>;

export const connectionStringSchema = z.object({
  tunnel: z.string(),
  kind: connectionKindSchema,
  format: connectionFormatSchema,
  /** value: to paste into a field or program. command, environment: for the shell asked for. file: lines for a configuration file. */
  form: z.enum(['value', 'command', 'environment', 'file']),
  text: z.string(),
  /** Whether `text` holds the password. */
  secret: z.boolean(),
  warnings: z.array(connectionWarningSchema),
});
export type ConnectionString = z.infer<typeof connectionStringSchema>;
